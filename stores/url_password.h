// Whether a password stands in a store's URL. It stood on a command line then, where everybody on
// the machine can read it, in a variable or in a connection file; so it is refused before anything
// else is said of it. Pure; thread-safe. The answers never repeat anything of the URL.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace shunt {

// In the user part or in a parameter, percent-encoded or not; also in the key=value form of libpq,
// which no URL is.
bool HasPassword(std::string_view url);

// What to use instead. InvalidArgument.
absl::Status PasswordInUrl();

}  // namespace shunt
