// OomWatch: whether a process that was killed with SIGKILL was killed by the kernel because memory
// ran out, which the signal alone does not tell.
//
// Two witnesses, as far as we may hear them:
//   - the kernel's log names the process. That is certain, if its numbers of processes are ours: in
//     a pid namespace they are not, and nobody listens to it;
//   - the counter of a control group (v1 and v2) says that somebody in it was killed. Of our own
//     group, where children are unless they moved away, what was before does not count; of a group
//     of the child's own everything does, because nobody looked before. Whom it was is not said, so
//     this is a likelihood: somebody else may have sent the signal meanwhile.
//
// In a container the second is there and the first mostly not. Threads: one at a time. Errors:
// none; without a witness the answer is no.
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
    std::string processes = "/proc";
    std::string group_root = "/sys/fs/cgroup";
    std::string kernel_log = "/dev/kmsg";
  };
  enum class Verdict : uint8_t {
    kNo,
    kLikelyInItsGroup,  // the kernel has killed in the control group that is the process's own
    kLikely,            // it killed in our control group meanwhile
    kCertain,           // it says so
  };

  struct Group {  // of control, that a process is in
    bool v1 = false;
    std::string path;
  };

  // What happens from now on counts.
  OomWatch() : OomWatch(Witnesses()) {}
  explicit OomWatch(const Witnesses& witnesses);

  // REQUIRES: `pid`, a child that nobody has reaped, was killed with SIGKILL, or a process below it
  // was.
  Verdict Judge(pid_t pid) const;

 private:
  bool LogNames(pid_t pid) const;

  const Witnesses witnesses_;
  const std::optional<Group> own_group_;
  std::string counter_path_;            // "": there is none
  std::optional<uint64_t> count_then_;  // of it
  Fd log_;                              // at its end then; invalid: not for us
};

}  // namespace shunt
