#include "cli/attempts.h"

#include <algorithm>
#include <optional>

#include "platform/clock.h"
#include "platform/io.h"
#include "stages/exit_code.h"

namespace shunt {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

bool HasFailure(const Report& report, std::string_view type, std::optional<Origin> of = {}) {
  return std::any_of(report.failures.begin(), report.failures.end(), [&](const Failure& failure) {
    return failure.type == type && (!of || failure.origin == *of);
  });
}

}  // namespace

bool IsWorthAnotherAttempt(const Report& report) {
  if (!report.checkpoint_moved || report.control.quarantined > 0) return false;
  if (HasFailure(report, "config_error")) return false;
  switch (static_cast<ExitCode>(report.exit_code)) {
    case ExitCode::kTimeout:
      return true;
    // Of who failed: what the other side says of it is a consequence.
    case ExitCode::kSourceFailed:
      return HasFailure(report, "transient_error", Origin::kSource);
    case ExitCode::kDestinationFailed:
      return HasFailure(report, "transient_error", Origin::kDestination);
    default:
      return false;
  }
}

absl::Duration AttemptPause(absl::Duration first, int number) {
  absl::Duration pause = std::min(first, kAttemptPauseMax);
  for (int i = 1; i < number && pause < kAttemptPauseMax; ++i) {
    pause = std::min(pause * 2, kAttemptPauseMax);
    if (pause == absl::ZeroDuration()) break;
  }
  return pause;
}

void WaitUnless(absl::Duration pause, const std::function<bool()>& stopped) {
  const absl::Duration end = SystemClock().MonoNow() + pause;
  while (!stopped()) {
    const absl::Duration left = end - SystemClock().MonoNow();
    if (left <= absl::ZeroDuration()) return;
    // A signal between the look and the wait must not be slept over.
    Poll({}, std::min(left, kLookAgain));
  }
}

}  // namespace shunt
