// OomWatch: whether a process that was killed with SIGKILL was killed by the kernel because memory
// ran out, which the signal alone does not tell.
//
// Two witnesses, as far as we may hear them: the counter of our control group (v1 and v2), where
// children are unless they moved away, and the kernel's log, which names the process. In a
// container the first is there and the second mostly not. Threads: one at a time. Errors: none;
// without a witness the answer is no.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "platform/io.h"

namespace shunt {

class OomWatch {
 public:
  struct Witnesses {
    std::string own_groups = "/proc/self/cgroup";
    std::string group_root = "/sys/fs/cgroup";
    std::string kernel_log = "/dev/kmsg";
  };

  // What happens from now on counts.
  OomWatch() : OomWatch(Witnesses()) {}
  explicit OomWatch(const Witnesses& witnesses);

  // REQUIRES: `pid` was killed with SIGKILL, or a process below it was.
  bool Blames(pid_t pid) const;

 private:
  bool LogNames(pid_t pid) const;

  std::string counter_path_;            // "": there is none
  std::optional<uint64_t> count_then_;  // of it
  Fd log_;                              // at its end then; invalid: not for us
};

}  // namespace shunt
