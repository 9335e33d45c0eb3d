// The tables `runs` and `run_configs`. A run lives as long as its lease, which its process renews;
// the server's clock decides, so that the clocks of the workers do not matter. What keeps an old
// run from writing is its epoch, not the lease.
// Threads: pure functions over a transaction. Errors: as in store.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stores/postgres_database.h"
#include "stores/store.h"

namespace shunt::postgres_runs {

// Who runs, and for how long without a renewal.
struct Lease {
  std::string owner;  // of the store object
  absl::Duration length;
};

// Sets `run.epoch`; the rest of `run` is as the request says. Repeating it after an unknown outcome
// finds the run that it made.
absl::Status Begin(PostgresTransaction& transaction, const Lease& lease, const RunRequest& request,
                   RunHandle& run);
absl::Status Finish(PostgresTransaction& transaction, const RunHandle& run, absl::Time now,
                    std::string_view status, std::string_view report_json);

// OK when `run` is the newest of its connection, has not ended and has lost none of its exclusive
// configs, else FailedPrecondition.
absl::Status CheckFence(PostgresTransaction& transaction, const RunHandle& run);

// Of those of `epochs` that have not ended: from now on for `length`; zero ends them.
absl::Status Renew(PostgresTransaction& transaction, const std::vector<int64_t>& epochs,
                   absl::Duration length);

absl::StatusOr<std::vector<RunRecord>> List(const PostgresDatabase& database,
                                            PostgresTransaction& view, std::string_view connection,
                                            int limit);
absl::StatusOr<RunRecord> Find(const PostgresDatabase& database, PostgresTransaction& view,
                               std::string_view run_id_prefix);

}  // namespace shunt::postgres_runs
