// ChildNotes: a file that says which programs were started, for whoever finds it when the one who
// started them is gone. A child that clears its death signal outlives a kill -9 of its parent; so
// do the children of children, which have no death signal at all.
//
// A number alone may be a stranger's by then. A program is known again by its number together with
// the instant at which it started, in the same boot and the same pid namespace; what is in its
// session by its session while the program itself lives; all others by the mark in the environment
// that they were started with. Nobody else is ever signalled: each is held by a pidfd and looked at
// again before the signal. One that took the mark out of its environment as well as itself out of
// the session is not found.
//
// Threads: any. Errors: a Status that names the file.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/io.h"

namespace shunt {

class ChildNotes {
 public:
  // A new file, 0600.
  static absl::StatusOr<ChildNotes> Create(const std::string& path);

  // To be called before the program can do anything of its own.
  absl::Status Add(pid_t pid) const;

  // Ends with SIGKILL what is left of the programs that were noted in `path`, and whatever has
  // `mark` (NAME=VALUE) in its environment. Returns how many. Stops trying after `at_most`. No
  // file, or one that cannot be read: only those with the mark. REQUIRES: only we can have written
  // the file; nobody can guess the mark.
  static int EndAll(const std::string& path, std::string_view mark, absl::Duration at_most);

 private:
  ChildNotes(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Fd fd_;
  std::string path_;  // for messages
};

}  // namespace shunt
