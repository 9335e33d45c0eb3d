// Agent: a thread's worth of stages. Runs them in turn until all are done; when none has anything
// to do, sleeps until a lane, a descriptor or a deadline of theirs wakes it. Here, and only here,
// it is decided which thread runs which stage.
//
// Threads: Loop and RunOnce belong to one thread; waker() is for others.
// A stage that answers with an error is a bug: environment failures are faults (stages/fault.h).
#pragma once

#include <string_view>
#include <vector>

#include "lanes/waker.h"
#include "router/options.h"
#include "stages/stage.h"

namespace shunt {

// The stages of a router, for the presets. kClassify stands for all classifiers.
enum class StageId : uint8_t {
  kSupervise,
  kRead,
  kClassify,
  kForward,
  kAck,
  kLog,
  kControl,
  kCheckpoint
};

// Which stages share a thread. The first list runs on the caller's thread. Durable stages may block
// on storage, so they never share with the data path, nor with each other: a checkpoint may wait
// for a locked store much longer than a config update may be in memory alone. In inline all share.
const std::vector<std::vector<StageId>>& ThreadPlan(Threads threads);
bool SharesThread(Threads threads, StageId a, StageId b);
// How many classifiers a preset has on this machine.
int ClassifierCount(Threads threads, int cores);
// What `auto` means on a machine with `cores` cores; kAuto stands for a plan of its own.
Threads ResolveThreads(Threads threads, int cores);

class Agent {
 public:
  explicit Agent(EventFd event) : waker_(std::move(event)) {}
  void Add(Stage* stage) { stages_.push_back(stage); }
  Waker* waker() { return &waker_; }

  void Loop();     // until every stage is done
  Step RunOnce();  // a step of each; never sleeps

 private:
  enum class Which : uint8_t { kAll, kCalm, kNotCalm };
  bool RunStages(Which which);  // true when one was busy
  bool Sleep();                 // true when the waker's descriptor is readable

  std::vector<Stage*> stages_;  // those not done
  uint64_t rounds_ = 0;
  Waker waker_;
};

}  // namespace shunt
