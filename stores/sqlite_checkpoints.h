// The `checkpoints` table. Every function works inside the caller's transaction.
// Threads: one at a time per database. Errors: as in store.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/state.h"
#include "stores/sqlite_database.h"
#include "stores/store.h"

namespace shunt::sqlite_checkpoints {

// `writes` are all of `type`.
absl::Status Write(SqliteDatabase& database, const RunHandle& run, absl::Time now, StateType type,
                   const std::vector<CheckpointWrite>& writes);
absl::Status Replace(SqliteDatabase& database, std::string_view connection, absl::Time now,
                     const std::vector<StoredState>& states);
absl::StatusOr<std::vector<StoredState>> Read(SqliteDatabase& database,
                                              std::string_view connection);
absl::StatusOr<std::vector<std::string>> ListConnections(SqliteDatabase& database);

}  // namespace shunt::sqlite_checkpoints
