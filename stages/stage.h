// Stage: one verb of the pipeline as a bounded, non-blocking step. Which thread runs it is decided
// in one place (router/agent.cc); a stage never owns one.
//
// Threads: one thread at a time calls a stage. A stage talks to other stages through lanes only.
// Errors: a failing environment is a fault (stages/fault.h); a Status is a bug, and the agent
// CHECKs.
#pragma once

#include <cstdint>
#include <string_view>

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
  virtual std::string_view name() const = 0;
  virtual absl::StatusOr<Step> Run() = 0;  // bounded; blocks only when durable()
  virtual Wait wait() const { return {}; }
  virtual bool durable() const { return false; }  // may block on storage
};

}  // namespace shunt
