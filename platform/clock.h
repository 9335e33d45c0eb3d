// Clock: the only way the rest of the house learns the time.
// Wall time names instants for people, files and the protocol; it may step. Monotonic time drives
// every deadline; it never steps and its zero means nothing.
// Thread-safe. Tests inject a ManualClock and move it by hand.
#pragma once

#include "absl/time/time.h"

namespace shunt {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time WallNow() const = 0;
  virtual absl::Duration MonoNow() const = 0;
};

// The machine's clocks. Lives for ever.
const Clock& SystemClock();

// A clock that moves only when told to. Not thread-safe: for stepped tests and simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time start) : wall_(start) {}
  absl::Time WallNow() const override { return wall_; }
  absl::Duration MonoNow() const override { return mono_; }
  void Advance(absl::Duration by) {
    wall_ += by;
    mono_ += by;
  }
  void StepWall(absl::Duration by) { wall_ += by; }

 private:
  absl::Time wall_;
  absl::Duration mono_ = absl::ZeroDuration();
};

}  // namespace shunt
