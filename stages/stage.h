// Stage: one verb of the pipeline as a bounded, non-blocking step. Which thread runs it is decided
// in one place (router/agent.cc); a stage never owns one.
//
// Threads: one thread at a time calls a stage. A stage talks to other stages through lanes only.
// Errors: a failing environment is a fault (stages/fault.h); a Status is a bug, and the agent
// CHECKs.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace shunt {

enum class Step : uint8_t {
  kIdle,  // nothing could be done now
  kBusy,  // something was done; call again soon
  kDone,  // nothing will ever be done again
};

// What a stage waits for while idle, besides its lanes (which wake the agent by themselves).
struct Wait {
  int read_fd = -1;
  int other_read_fd = -1;
  int write_fd = -1;
  absl::Duration at_most = absl::InfiniteDuration();
};

class Stage {
 public:
  virtual ~Stage() = default;
  // Bounded; blocks only in the two stages that wait for storage (control, checkpoint).
  virtual absl::StatusOr<Step> Run() = 0;
  virtual Wait wait() const { return {}; }
  // A step would probably find nothing to do and costs system calls all the same: while the other
  // stages of its thread are busy, it is run now and then only.
  virtual bool calm() const { return false; }
};

}  // namespace shunt
