#include "router/agent.h"

#include <algorithm>

#include "platform/check.h"
#include "platform/io.h"

namespace shunt {
namespace {

// However a wake-up were missed, the run would go on after this.
constexpr absl::Duration kSleepMax = absl::Seconds(1);
// How often the calm stages are run while the others are busy. A round of those moves a chunk,
// which takes about 0.1 ms.
constexpr uint64_t kCalmEvery = 8;

using S = StageId;

}  // namespace

const std::vector<std::vector<StageId>>& ThreadPlan(Threads threads) {
  static const std::vector<std::vector<StageId>> dedicated = {{S::kSupervise, S::kForward},
                                                              {S::kRead},
                                                              {S::kClassify},
                                                              {S::kAck},
                                                              {S::kControl},
                                                              {S::kCheckpoint},
                                                              {S::kLog}};
  static const std::vector<std::vector<StageId>> compact = {
      {S::kSupervise, S::kRead, S::kClassify, S::kForward, S::kAck, S::kLog},
      {S::kControl},
      {S::kCheckpoint}};
  static const std::vector<std::vector<StageId>> automatic = {
      {S::kSupervise, S::kRead, S::kForward, S::kAck, S::kLog},
      {S::kClassify},
      {S::kControl},
      {S::kCheckpoint}};
  static const std::vector<std::vector<StageId>> in_line = {{S::kSupervise, S::kRead, S::kClassify,
                                                             S::kForward, S::kAck, S::kLog,
                                                             S::kControl, S::kCheckpoint}};
  switch (threads) {
    case Threads::kDedicated:
      return dedicated;
    case Threads::kInline:
      return in_line;
    case Threads::kCompact:
      return compact;
    case Threads::kAuto:
      return automatic;
  }
  return automatic;
}

bool SharesThread(Threads threads, StageId a, StageId b) {
  const auto has = [](const std::vector<StageId>& stages, StageId id) {
    return std::find(stages.begin(), stages.end(), id) != stages.end();
  };
  const auto& plan = ThreadPlan(threads);
  return std::any_of(plan.begin(), plan.end(), [&](const std::vector<StageId>& stages) {
    return has(stages, a) && has(stages, b);
  });
}

// The source and the destination want cores too. With fewer than four, a thread for validation only
// moves chunks between caches (docs/BENCHMARKS.md); from eight on every stage may have its own.
Threads ResolveThreads(Threads threads, int cores) {
  if (threads != Threads::kAuto) return threads;
  if (cores < 4) return Threads::kCompact;
  return cores >= 8 ? Threads::kDedicated : Threads::kAuto;
}

int ClassifierCount(Threads threads, int cores) {
  if (threads != Threads::kDedicated) return 1;
  return std::clamp(cores / 4, 1, 2);
}

bool Agent::RunStages(Which which) {
  bool busy = false;
  std::erase_if(stages_, [&](Stage* stage) {
    if (which != Which::kAll && stage->calm() != (which == Which::kCalm)) return false;
    const absl::StatusOr<Step> step = stage->Run();
    SHUNT_CHECK(step.ok());
    busy |= *step == Step::kBusy;
    return *step == Step::kDone;
  });
  return busy;
}

Step Agent::RunOnce() {
  const bool all = ++rounds_ % kCalmEvery == 0;
  bool busy = RunStages(all ? Which::kAll : Which::kNotCalm);
  if (!busy && !all) busy = RunStages(Which::kCalm);
  if (stages_.empty()) return Step::kDone;
  return busy ? Step::kBusy : Step::kIdle;
}

void Agent::Loop() {
  const SigpipeGuard guard;
  for (;;) {
    Step step = RunOnce();
    if (step == Step::kIdle) {
      waker_.PrepareSleep();
      step = RunOnce();  // once more, now that senders know that we sleep
      const bool readable = step == Step::kIdle && Sleep();
      waker_.Awake(readable);
    }
    if (step == Step::kDone) return;
  }
}

bool Agent::Sleep() {
  PollRequest requests[kPollRequestsMax];
  std::size_t count = 0;
  absl::Duration at_most = kSleepMax;
  requests[count++] = {.fd = waker_.fd(), .want_read = true};
  for (Stage* stage : stages_) {
    const Wait wait = stage->wait();
    at_most = std::min(at_most, wait.at_most);
    if (wait.read_fd >= 0) requests[count++] = {.fd = wait.read_fd, .want_read = true};
    if (wait.other_read_fd >= 0) requests[count++] = {.fd = wait.other_read_fd, .want_read = true};
    if (wait.write_fd >= 0) requests[count++] = {.fd = wait.write_fd, .want_write = true};
    SHUNT_CHECK(count + 3 <= kPollRequestsMax);
  }
  Poll(std::span(requests, count), at_most);
  return requests[0].ready;
}

}  // namespace shunt
