// KeySource: where the master keys come from (contract decision 12): a private file, an inherited
// descriptor, or a helper program that prints them. At most one of them.
//
// Threads: the caller's; blocks on the descriptor or the program, for at most kKeyDeadline.
// Errors: InvalidArgument that names flag and path and says what is wrong with it, never content:
// a run that was to be encrypted does not start without its key (G57).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "secrets/keyring.h"

namespace shunt {

inline constexpr absl::Duration kKeyDeadline = absl::Seconds(10);

// "" where nothing was given.
struct KeySource {
  std::string file;     // a regular file of ours (or root's) that nobody else can read, no link
  std::string fd;       // a number; read to its end and closed
  std::string command;  // of an absolute path, split like a shell does; gets no variables of ours

  bool empty() const { return file.empty() && fd.empty() && command.empty(); }
};

// Null when no source was given. `stopped` (may be null) is asked often while it waits.
absl::StatusOr<std::shared_ptr<const Keyring>> ReadKeys(
    const KeySource& source, const std::function<bool()>& stopped = nullptr);

}  // namespace shunt
