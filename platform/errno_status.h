// A failed system call as a Status for people: what was tried, on which path, and why it failed.
#pragma once

#include <cerrno>
#include <string_view>

#include "absl/status/status.h"

namespace shunt {

// "cannot open /x/y: Permission denied", from errno as it is now.
absl::Status UnavailableFromErrno(std::string_view what, std::string_view path);

}  // namespace shunt
