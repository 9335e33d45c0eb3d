// LogThrottle: how much of what one connector says on one way (its messages, its stderr) is let
// through: at most kLogLinesPerSecond and kLogBytesPerSecond, in bursts of a second's worth. A
// reserve of a fifth on top is for FATAL and ERROR alone, so none of those is dropped where a
// milder line would have been let through.
//
// It is asked before a line is parsed, copied or masked: in a flood that is all that a line costs.
// Pure; threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "stages/event_sink.h"

namespace shunt {

inline constexpr uint64_t kLogLinesPerSecond = 1000;
inline constexpr uint64_t kLogBytesPerSecond = uint64_t{1} << 20;
inline constexpr std::size_t kLinesOfMessageMax = 200;  // that are shown of a message of several

class LogThrottle {
 public:
  // `now` does not go back. A message weighs what can be shown of it: kMaskedInputBytesMax and
  // kLinesOfMessageMax at most.
  bool Admit(absl::Duration now, LogLevel level, std::size_t bytes, uint64_t lines = 1);
  // Nothing would be let through now, however grave.
  bool exhausted(absl::Duration now);

 private:
  // Refilled with the time, to `burst` and no more.
  class Bucket {
   public:
    explicit Bucket(uint64_t per_second)
        : per_second_(static_cast<double>(per_second)), tokens_(burst()) {}
    void Refill(double seconds) { tokens_ = std::min(burst(), tokens_ + seconds * per_second_); }
    double left(LogLevel level) const {
      return level <= LogLevel::kError ? tokens_ : tokens_ - reserve();
    }
    void Take(double tokens) { tokens_ -= tokens; }

   private:
    double reserve() const { return per_second_ / 5; }
    double burst() const { return per_second_ + reserve(); }

    double per_second_;
    double tokens_;
  };
  void Refill(absl::Duration now);

  Bucket lines_{kLogLinesPerSecond};
  Bucket bytes_{kLogBytesPerSecond};
  absl::Duration refilled_at_ = -absl::InfiniteDuration();
};

}  // namespace shunt
