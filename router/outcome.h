// Outcome: turns what the stages counted into the report and the exit code, once the run is over.
#pragma once

#include "absl/time/time.h"
#include "router/pipeline.h"
#include "router/report.h"

namespace shunt {

// REQUIRES: every stage is done. May explain states in the ledger, so it is called once.
// `started_mono`, `finished_mono`: the same instants on the monotonic clock, from which every
// duration in the report is counted.
Report MakeReport(Pipeline& pipeline, absl::Time started_at, absl::Time finished_at,
                  absl::Duration started_mono, absl::Duration finished_mono);

}  // namespace shunt
