// Splits a command line into words as a POSIX shell does (section 2.2 of the Shell Command
// Language: backslash, single and double quotes), and does nothing else that a shell does:
// variables, globs, redirections, pipes and comments are ordinary characters. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace shunt {

// InvalidArgument: an open quote, a backslash at the end, a NUL byte. A blank line has no words.
absl::StatusOr<std::vector<std::string>> SplitShellWords(std::string_view line);

// The other direction: one line that SplitShellWords (and a shell) splits into exactly these words.
std::string JoinShellWords(const std::vector<std::string>& words);

}  // namespace shunt
