// How long a store remembers the runs of a connection: 90 days, and the last 100 of them, whatever
// happened first. One rule for all stores, so that they give the same answers.
//
// When a run ends, older runs of its connection go in the same transaction, oldest first and at
// most kRunsForgottenAtOnce of them, so that an end costs about the same whatever a store has
// gathered. A run that did not end (its process died) goes only when both say so: it has no report,
// and may be alive. The run that ended stays, and so does every newer one.
#pragma once

#include "absl/time/time.h"

namespace shunt {

inline constexpr int kRunsKept = 100;
inline constexpr absl::Duration kRunAgeMax = absl::Hours(24 * 90);
inline constexpr int kRunsForgottenAtOnce = 20;

}  // namespace shunt
