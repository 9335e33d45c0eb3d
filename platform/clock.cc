#include "platform/clock.h"

#include <time.h>

#include "platform/check.h"

namespace shunt {
namespace {

timespec Read(clockid_t id) {
  timespec now{};
  SHUNT_CHECK(::clock_gettime(id, &now) == 0);
  return now;
}

class MachineClock final : public Clock {
 public:
  absl::Time WallNow() const override { return absl::TimeFromTimespec(Read(CLOCK_REALTIME)); }
  absl::Duration MonoNow() const override {
    return absl::DurationFromTimespec(Read(CLOCK_MONOTONIC));
  }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

}  // namespace shunt
