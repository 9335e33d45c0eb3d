#include "stages/log_throttle.h"

#include "secrets/masker.h"

namespace shunt {

void LogThrottle::Refill(absl::Duration now) {
  if (now <= refilled_at_) return;
  const double seconds = std::min(absl::ToDoubleSeconds(now - refilled_at_), 1e6);
  refilled_at_ = now;
  lines_.Refill(seconds);
  bytes_.Refill(seconds);
}

bool LogThrottle::Admit(absl::Duration now, LogLevel level, std::size_t bytes, uint64_t lines) {
  Refill(now);
  const double weight = static_cast<double>(std::min(bytes, kMaskedInputBytesMax));
  const double shown = static_cast<double>(std::min<uint64_t>(lines, kLinesOfMessageMax));
  if (lines_.left(level) < shown || bytes_.left(level) < weight) return false;
  lines_.Take(shown);
  bytes_.Take(weight);
  return true;
}

bool LogThrottle::exhausted(absl::Duration now) {
  Refill(now);
  return lines_.left(LogLevel::kFatal) < 1 || bytes_.left(LogLevel::kFatal) < 1;
}

}  // namespace shunt
