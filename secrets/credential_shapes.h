// What looks like a credential, for what nobody told us: a token in a line printed before the
// config update that carries it (reliability 5.4). Pure; thread-safe; linear in the line.
#pragma once

#include <string>
#include <string_view>

namespace shunt {

// `line` with tokens after Bearer and Basic, values of access_token, client_secret and the like,
// JWTs, PEM blocks and the user part of URLs replaced by "**********".
std::string MaskCredentialShapes(std::string_view line);

}  // namespace shunt
