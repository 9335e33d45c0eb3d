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
    return !failure.remark && failure.type == type && (!of || failure.origin == *of);
  });
}

}  // namespace

std::string_view WhyNoOtherAttempt(const Report& report) {
  // Of who failed: what the other side says of it is a consequence.
  switch (static_cast<ExitCode>(report.exit_code)) {
    case ExitCode::kTimeout:
      break;
    case ExitCode::kSourceFailed:
      if (HasFailure(report, "transient_error", Origin::kSource)) break;
      return "the source did not call its failure a transient_error";
    case ExitCode::kDestinationFailed:
      if (HasFailure(report, "transient_error", Origin::kDestination)) break;
      return "the destination did not call its failure a transient_error";
    default:
      return "what ended it does not pass by itself";
  }
  if (report.control.quarantined > 0) return "a config update was refused";
  if (HasFailure(report, "config_error")) return "a config_error does not pass by itself";
  if (!report.checkpoint_moved) {
    return "its checkpoint did not move, so another attempt would do the same again";
  }
  return "";
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
