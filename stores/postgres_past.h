// The tables `past_checkpoints` and `past_states`: what a rollback goes back to (store.h).
// Threads: pure functions over a transaction. Errors: as in store.h.
// Bounds: a checkpoint of at most kPastBytesMax is copied, on the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/state.h"
#include "stores/postgres_database.h"
#include "stores/store.h"

namespace shunt::postgres_past {

// Whose checkpoint is about to be replaced, and by what.
struct Replaced {
  std::string connection;
  absl::Time now;
  std::string cause;
  std::optional<RunHandle> run;
};

// Adds the statements that keep it, in front of those that replace it. They do nothing for a run
// that has kept what it found already. `replaced` and `now_text` must outlive the statements.
inline constexpr std::size_t kKeepStatements = 5;
void Keep(const Replaced& replaced, const std::string& now_text,
          std::vector<PostgresStatement>& statements);

// The state of which a row has stream, namespace and state in the columns from `first` on, as the
// table `checkpoints` has them too.
StoredState StateIn(const PostgresRow& row, int first, StateType type);

absl::StatusOr<std::vector<PastCheckpoint>> List(const PostgresDatabase& database,
                                                 PostgresTransaction& view,
                                                 std::string_view connection);
absl::StatusOr<std::vector<StoredState>> Read(const PostgresDatabase& database,
                                              PostgresTransaction& view,
                                              std::string_view connection, int64_t id);

}  // namespace shunt::postgres_past
