// The `checkpoints` table. Every function works inside the caller's transaction.
// Threads: pure functions over a transaction. Errors: as in store.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/state.h"
#include "stores/postgres_database.h"
#include "stores/postgres_past.h"
#include "stores/store.h"

namespace shunt::postgres_checkpoints {

// Writes and commits. `writes` are all of `type`. `found` is not null: what is there is kept first.
absl::Status Write(PostgresTransaction& transaction, const postgres_past::Replaced* found,
                   const RunHandle& run, absl::Time now, StateType type,
                   const std::vector<CheckpointWrite>& writes);
absl::Status Replace(PostgresTransaction& transaction, const postgres_past::Replaced& found,
                     const std::vector<StoredState>& states);

absl::StatusOr<std::vector<StoredState>> Read(const PostgresDatabase& database,
                                              PostgresTransaction& view,
                                              std::string_view connection);
absl::StatusOr<std::vector<std::string>> ListConnections(PostgresTransaction& view);

}  // namespace shunt::postgres_checkpoints
