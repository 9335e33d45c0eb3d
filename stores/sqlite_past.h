// The tables `past_checkpoints` and `past_states`: what a rollback goes back to (store.h). Every
// function works inside the caller's transaction.
// Threads: one at a time per database. Errors: as in store.h.
// Bounds: Keep copies a checkpoint of at most kPastBytesMax inside the database, state by state.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/state.h"
#include "stores/sqlite_database.h"
#include "stores/store.h"

namespace shunt::sqlite_past {

// Before the checkpoint is replaced. Does nothing for a run that has kept what it found already.
absl::Status Keep(SqliteDatabase& database, std::string_view connection, absl::Time now,
                  std::string_view cause, const std::optional<RunHandle>& run);

absl::StatusOr<std::vector<PastCheckpoint>> List(SqliteDatabase& database,
                                                 std::string_view connection);
absl::StatusOr<std::vector<StoredState>> Read(SqliteDatabase& database, std::string_view connection,
                                              int64_t id);

}  // namespace shunt::sqlite_past
