#include "platform/clock.h"

#include <time.h>

#include <atomic>
#include <cstdint>

#include "platform/check.h"
#include "platform/halted_clock.h"

namespace shunt {
namespace {

timespec Read(clockid_t id) {
  timespec now{};
  SHUNT_CHECK(::clock_gettime(id, &now) == 0);
  return now;
}

int64_t MachineMonoNs() {
  constexpr int64_t kNanoseconds = 1'000'000'000;
  const timespec now = Read(CLOCK_MONOTONIC);
  return static_cast<int64_t>(now.tv_sec) * kNanoseconds + now.tv_nsec;
}

// Nanoseconds. What the clock stood still for in all, and, while it does, what it shows.
std::atomic<int64_t> g_lost_ns{0};
std::atomic<int64_t> g_halted_at_ns{0};  // 0: it goes

int64_t MonoNowNs() {
  for (;;) {
    const int64_t halted_at = g_halted_at_ns;
    if (halted_at != 0) return halted_at;
    const int64_t lost = g_lost_ns;
    const int64_t now = MachineMonoNs();
    // Whoever was stopped in the middle of this looks again.
    if (g_halted_at_ns == 0 && g_lost_ns == lost) return now - lost;
  }
}

class MachineClock final : public Clock {
 public:
  absl::Time WallNow() const override { return absl::TimeFromTimespec(Read(CLOCK_REALTIME)); }
  absl::Duration MonoNow() const override { return absl::Nanoseconds(MonoNowNs()); }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

void HaltMonoClock() { g_halted_at_ns = MonoNowNs(); }

void ResumeMonoClock() {
  const int64_t halted_at = g_halted_at_ns;
  g_lost_ns = MachineMonoNs() - halted_at;
  g_halted_at_ns = 0;
}

}  // namespace shunt
