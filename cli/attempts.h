// Attempts: when a sync that failed is worth another run (--attempts), and when that starts.
//
// Pure functions but for WaitUnless; threads: the caller's.
#pragma once

#include <functional>
#include <string_view>

#include "absl/time/time.h"
#include "router/report.h"

namespace shunt {

inline constexpr absl::Duration kAttemptPauseMax = absl::Minutes(10);

// "" when a failed run is worth another one, else why it is not, in words.
//
// It is worth one after a failure that may pass by itself: a connector that failed and said
// transient_error, or a deadline. Not when anything says that a repetition fails again, or would
// hide something: a config_error, a refused config update, data that was lost, a run that was
// fenced or stopped. And only if the run has moved the checkpoint: else the next one would do the
// same once more.
std::string_view WhyNoOtherAttempt(const Report& report);

// Before attempt `number` + 1: `first`, doubled each time.
absl::Duration AttemptPause(absl::Duration first, int number);

// Waits, but no longer than until `stopped`, which a signal makes true.
void WaitUnless(absl::Duration pause, const std::function<bool()>& stopped);

}  // namespace shunt
