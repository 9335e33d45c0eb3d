// What the process can learn about its surroundings: environment variables, programs on the PATH,
// its own size. Thread-safe as long as nobody changes the environment, which nothing of ours does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace shunt {

// Empty when it is not set; a variable set to nothing is an empty string.
std::optional<std::string> GetEnv(const std::string& name);
// All variables, by name.
std::map<std::string, std::string> AllEnv();

// The file that a shell would run for `name`: itself when it has a slash, else the first executable
// file of that name in `path` (directories separated by colons). NotFound or PermissionDenied,
// naming it.
absl::StatusOr<std::string> FindExecutable(std::string_view name, std::string_view path);
// What an unset PATH means.
inline constexpr std::string_view kPathDefault = "/usr/local/bin:/usr/bin:/bin";

// The user that this process acts as.
int64_t UserId();

// The largest resident set of this process so far.
int64_t PeakMemoryBytes();
// The resident set now; 0 when it cannot be told (no /proc).
int64_t MemoryBytes();
// What is freed in large pieces goes back to the system at once, whatever was freed before. For a
// program that has a bound of its resident set; once, at its start.
void ReturnLargeMemoryAtOnce();
// What is free goes back now. Costs a walk over the heap.
void ReturnFreeMemory();

}  // namespace shunt
