// When an update of a config counts as made: its `emitted_at` if that can be used, else the time of
// receipt, and above what came before when shunt itself saw the wall clock stepped back
// (contract decision 7; G23, G24).
//
// Pure: times are given, never asked for. Not thread-safe. Nothing here fails.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace shunt {

// An `emitted_at` further ahead of the time of receipt is not believed: it would block every later
// one.
inline constexpr absl::Duration kEmittedAheadMax = absl::Hours(24);

enum class TimeSource : uint8_t {
  kConnector,  // emitted_at as given
  kRouter,     // emitted_at was unusable: the time of receipt
  kLifted,     // the wall clock stepped back: raised above the earlier updates of the pipe
  kFloored,    // said to be older than the config that the run was started with: raised above it
};
std::string_view TimeSourceName(TimeSource source);  // "connector", "router", "lifted", "floored"

struct StampedTime {
  double effective_at_ms = 0;
  TimeSource source = TimeSource::kConnector;
};

// Milliseconds since 1970 with their fraction, as `emitted_at` counts them.
double ToUnixMillisDouble(absl::Time time);

// Watches the wall clock against the monotonic one. A step back is a loss of more than a quarter of
// a second, plus what a daemon that slews a clock (at most 500 ppm) can explain.
class WallWatch {
 public:
  // Both clocks, read one right after the other.
  void Observe(absl::Time wall, absl::Duration mono);

  uint64_t steps_back() const { return steps_back_; }
  // How far the wall clock lies behind the furthest it was during this run.
  absl::Duration behind() const { return behind_; }

 private:
  bool started_ = false;
  absl::Duration offset_, furthest_, mono_;
  absl::Duration behind_ = absl::ZeroDuration();
  uint64_t steps_back_ = 0;
};

// Stamps the updates of one pipe, in pipe order.
class OrderStamper {
 public:
  // `causal_floor_ms`: of the newest update in the config that the run was started with, when what
  // follows from it is to count as later whatever the clocks of two machines say (G24b).
  explicit OrderStamper(double causal_floor_ms = -std::numeric_limits<double>::infinity())
      : causal_floor_(causal_floor_ms) {}

  StampedTime Stamp(std::optional<double> emitted_at_ms, absl::Time received_at,
                    const WallWatch& watch);

 private:
  void NoteStepBack(absl::Time received_at, const WallWatch& watch);

  const double causal_floor_;
  double highest_ = -std::numeric_limits<double>::infinity();  // of all stamps so far
  double barrier_ = -std::numeric_limits<double>::infinity();  // `highest_` when the clock stepped
  absl::Duration behind_ = absl::ZeroDuration();
  absl::Time received_at_ = absl::InfinitePast();
  uint64_t steps_back_ = 0;
};

}  // namespace shunt
