// A failed system call as a Status for people: what was tried, on which path, why it failed, and
// what can be done about it. Thread-safe.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace shunt {

// "No space left on device (make room there)": the words of an errno, and the remedy of one that is
// about the machine.
std::string ErrnoText(int error);

// "cannot open /x/y: Permission denied", from errno as it is now.
absl::Status UnavailableFromErrno(std::string_view what, std::string_view path);

}  // namespace shunt
