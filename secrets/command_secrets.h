// The secrets of a command line (`--token X`, `--api-key=X`, `-p X`, `API_KEY=x`, `-u
// user:password`, a header, a URL with a password, a JSON text), for what is shown of it. Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shunt {

// Unescaped, for the masker. Empty for what a shell would not split into words.
std::vector<std::string> SecretsOfCommand(std::string_view command);

// `command` with each of them replaced by "**********", however short; otherwise as it is.
std::string MaskCommand(std::string_view command);

}  // namespace shunt
