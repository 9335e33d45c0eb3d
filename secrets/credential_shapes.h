// What looks like a credential, for what nobody told us: a token in a line printed before the
// config update that carries it (reliability 5.4). Pure; thread-safe; linear in the line.
#pragma once

#include <string>
#include <string_view>

namespace shunt {

// `line` with tokens after Bearer and Basic, values of access_token, client_secret and the like,
// JWTs, PEM blocks, the user part of URLs and what follows --token and the like replaced by
// "**********".
std::string MaskCredentialShapes(std::string_view line);

// Whether a flag of a command line with this name (no dashes) is followed by a secret.
bool IsSecretFlag(std::string_view name);

}  // namespace shunt
