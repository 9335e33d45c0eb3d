// The tables `runs` and `run_configs`. Every function works inside the caller's transaction.
// Threads: one at a time per database. Errors: as in store.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stores/run_lock.h"
#include "stores/sqlite_database.h"
#include "stores/store.h"

namespace shunt::sqlite_runs {

// The run that holds a connection, or held it last.
struct Holder {
  int64_t epoch = 0;
  std::string run_id;
  bool finished = false;
};
absl::StatusOr<std::optional<Holder>> FindHolder(SqliteDatabase& database,
                                                 std::string_view connection);

absl::StatusOr<bool> Exists(SqliteDatabase& database, std::string_view run_id);
absl::StatusOr<int64_t> Insert(SqliteDatabase& database,
                               const RunRequest& request);  // the new epoch

// Aborted when a live run has one of the exclusive configs.
absl::Status CheckConfigs(SqliteDatabase& database, const RunLocks& locks,
                          const RunRequest& request);
// Also from the dead. REQUIRES: CheckConfigs, in the same transaction.
absl::Status TakeConfigs(SqliteDatabase& database, const RunLocks& locks, int64_t epoch,
                         const RunRequest& request);

absl::Status Finish(SqliteDatabase& database, const RunHandle& run, absl::Time now,
                    std::string_view status, std::string_view report_json);

// FailedPrecondition unless `run` is the newest of its connection, has not ended and has lost none
// of its exclusive configs.
absl::Status CheckFence(SqliteDatabase& database, const RunHandle& run);

absl::StatusOr<std::vector<RunRecord>> List(SqliteDatabase& database, const RunLocks& locks,
                                            std::string_view connection, int limit);
absl::StatusOr<RunRecord> Find(SqliteDatabase& database, const RunLocks& locks,
                               std::string_view run_id_prefix);

}  // namespace shunt::sqlite_runs
