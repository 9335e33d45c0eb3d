// A child process whose use of the machine is known in the end. For the helpers of the benchmarks.
//
// They exist in C++ because the peak memory that wait4() tells is at least that of the process that
// forked: started from Python, everything would seem to need Python's 10 MiB.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace shunt::bench {

inline constexpr int kSame = -1;  // the child has what we have

// Starts `argv` (ends with nullptr) with these as its stdin and stdout. It dies with us. A program
// that cannot be started ends with 127 after saying why.
pid_t StartChild(char* const* argv, int stdin_fd = kSame, int stdout_fd = kSame);

struct Usage {
  int exit_code = 0;  // 128 + n after signal n
  double user_seconds = 0;
  double system_seconds = 0;
  int64_t peak_kib = 0;
  int64_t waits = 0;        // gave the processor away by itself
  int64_t preemptions = 0;  // lost the processor
};

Usage WaitForChild(pid_t pid);

// Members of a JSON object, without the braces.
std::string ToJsonMembers(const Usage& usage);

int64_t MonotonicNanoseconds();

// False at an error, which is said on stderr.
bool WriteAll(int fd, std::string_view bytes);

}  // namespace shunt::bench
