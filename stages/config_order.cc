#include "stages/config_order.h"

#include <algorithm>
#include <cmath>

namespace shunt {
namespace {

constexpr absl::Duration kStepMin = absl::Milliseconds(250);
constexpr double kSlewMax = 0.001;  // twice what adjtime(3) does

}  // namespace

std::string_view TimeSourceName(TimeSource source) {
  switch (source) {
    case TimeSource::kConnector:
      return "connector";
    case TimeSource::kRouter:
      return "router";
    case TimeSource::kLifted:
      return "lifted";
    case TimeSource::kFloored:
      return "floored";
  }
  return "";
}

double ToUnixMillisDouble(absl::Time time) {
  return absl::ToDoubleMilliseconds(time - absl::UnixEpoch());
}

void WallWatch::Observe(absl::Time wall, absl::Duration mono) {
  const absl::Duration offset = (wall - absl::UnixEpoch()) - mono;
  if (!started_) {
    started_ = true;
    furthest_ = offset;
  } else if (offset < offset_ - kStepMin - (mono - mono_) * kSlewMax) {
    ++steps_back_;
  }
  offset_ = offset;
  mono_ = mono;
  furthest_ = std::max(furthest_, offset);
  behind_ = furthest_ - offset;
}

void OrderStamper::NoteStepBack(absl::Time received_at, const WallWatch& watch) {
  const bool seen_here = received_at < received_at_;
  if (seen_here || watch.steps_back() != steps_back_) {
    barrier_ = highest_;
    behind_ = seen_here ? received_at_ - received_at : absl::ZeroDuration();
    steps_back_ = watch.steps_back();
  }
  // Not a maximum: the new clock is the measure for the lines that follow.
  received_at_ = received_at;
}

StampedTime OrderStamper::Stamp(std::optional<double> emitted_at_ms, absl::Time received_at,
                                const WallWatch& watch) {
  NoteStepBack(received_at, watch);
  const double received_ms = ToUnixMillisDouble(received_at);
  const bool usable = emitted_at_ms && std::isfinite(*emitted_at_ms) && *emitted_at_ms >= 0 &&
                      *emitted_at_ms <= received_ms + absl::ToDoubleMilliseconds(kEmittedAheadMax);
  StampedTime time;
  time.source = usable ? TimeSource::kConnector : TimeSource::kRouter;
  time.effective_at_ms = usable ? *emitted_at_ms + 0.0 : received_ms;  // -0 becomes 0
  if (time.effective_at_ms <= barrier_) {
    // What the clock lost is added, so that updates from after the step keep their own order.
    const double lost = absl::ToDoubleMilliseconds(std::max(behind_, watch.behind()));
    time.source = TimeSource::kLifted;
    time.effective_at_ms =
        std::max(time.effective_at_ms + lost,
                 std::nextafter(barrier_, std::numeric_limits<double>::infinity()));
  }
  if (time.effective_at_ms <= causal_floor_) {
    // All that are below it become equal: then their line numbers order them.
    time.source = TimeSource::kFloored;
    time.effective_at_ms = std::nextafter(causal_floor_, std::numeric_limits<double>::infinity());
  }
  highest_ = std::max(highest_, time.effective_at_ms);
  return time;
}

}  // namespace shunt
