#include "stores/sqlite_past.h"

#include <string>
#include <utility>

#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt::sqlite_past {
namespace {

// A text's length is in characters.
constexpr std::string_view kInsert =
    "INSERT INTO past_checkpoints"
    " (connection, replaced_at, cause, epoch, run_id, type, lanes, bytes, kept)"
    " SELECT ?1, ?2, ?3, nullif(?4, 0), ?5, type, lanes, bytes, bytes <= ?6 FROM"
    " (SELECT min(type) AS type, count(*) AS lanes,"
    "   ifnull(sum(length(CAST(state AS BLOB))), 0) AS bytes"
    "   FROM checkpoints WHERE connection = ?1)";

constexpr std::string_view kCopyStates =
    "INSERT INTO past_states (past_id, stream, namespace, state)"
    " SELECT ?1, stream, namespace, state FROM checkpoints"
    " WHERE connection = ?2 AND (SELECT kept FROM past_checkpoints WHERE id = ?1)";

// What stood before ?2, when it is the same. Lanes are unique, so that one direction is enough.
constexpr std::string_view kForgetTwin =
    "DELETE FROM past_checkpoints AS old WHERE kept AND id ="
    "  (SELECT max(id) FROM past_checkpoints WHERE connection = ?1 AND id < ?2)"
    " AND EXISTS (SELECT 1 FROM past_checkpoints AS new WHERE new.id = ?2 AND new.kept"
    "  AND new.type IS old.type AND new.lanes = old.lanes AND new.bytes = old.bytes)"
    " AND NOT EXISTS (SELECT stream, namespace, state FROM past_states WHERE past_id = ?2"
    "  EXCEPT SELECT stream, namespace, state FROM past_states WHERE past_id = old.id)";

constexpr std::string_view kForgetOld =
    "DELETE FROM past_checkpoints WHERE connection = ?1 AND id NOT IN"
    " (SELECT id FROM past_checkpoints WHERE connection = ?1 ORDER BY id DESC LIMIT ?2)";

constexpr std::string_view kUnkeepBig =
    "UPDATE past_checkpoints SET kept = 0 WHERE kept AND bytes > 0 AND id IN"
    " (SELECT id FROM (SELECT id, sum(iif(bytes <= ?2, bytes, 0)) OVER (ORDER BY id DESC) AS total"
    "   FROM past_checkpoints WHERE connection = ?1) WHERE total > ?2)";

constexpr std::string_view kForgetStates =
    "DELETE FROM past_states WHERE past_id IN"
    " (SELECT id FROM past_checkpoints WHERE connection = ? AND NOT kept)";

absl::StatusOr<bool> HasKept(SqliteDatabase& database, int64_t epoch) {
  absl::StatusOr<SqliteStatement> select =
      database.Prepare("SELECT 1 FROM past_checkpoints WHERE epoch = ?");
  if (!select.ok()) return select.status();
  return select->Bind(epoch).Step();
}

// Prepares, binds and runs.
template <typename... Values>
absl::Status Run(SqliteDatabase& database, std::string_view sql, const Values&... values) {
  absl::StatusOr<SqliteStatement> statement = database.Prepare(sql);
  if (!statement.ok()) return statement.status();
  return statement->Bind(values...).Run();
}

absl::Status Forget(SqliteDatabase& database, std::string_view connection, int64_t newest) {
  absl::Status status = Run(database, kForgetTwin, connection, newest);
  if (status.ok()) status = Run(database, kForgetOld, connection, kPastCheckpointsMax);
  if (status.ok()) status = Run(database, kUnkeepBig, connection, kPastBytesMax);
  return status.ok() ? Run(database, kForgetStates, connection) : status;
}

}  // namespace

absl::Status Keep(SqliteDatabase& database, std::string_view connection, absl::Time now,
                  std::string_view cause, const std::optional<RunHandle>& run) {
  if (run) {
    absl::StatusOr<bool> kept = HasKept(database, run->epoch);
    if (!kept.ok()) return kept.status();
    if (*kept) return absl::OkStatus();
  }
  const std::string replaced_at = TimeText(now);
  const int64_t epoch = run ? run->epoch : 0;
  const std::string_view run_id = run ? std::string_view(run->run_id) : "";
  absl::Status status =
      Run(database, kInsert, connection, replaced_at, cause, epoch, run_id, kPastBytesMax);
  if (!status.ok()) return status;
  const int64_t id = database.LastInsertedRow();
  status = Run(database, kCopyStates, id, connection);
  return status.ok() ? Forget(database, connection, id) : status;
}

absl::StatusOr<std::vector<PastCheckpoint>> List(SqliteDatabase& database,
                                                 std::string_view connection) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT id, replaced_at, cause, run_id, type, lanes, bytes, kept FROM past_checkpoints"
      " WHERE connection = ? ORDER BY id DESC");
  if (!select.ok()) return select.status();
  select->Bind(connection);
  std::vector<PastCheckpoint> list;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return list;
    const std::optional<absl::Time> replaced_at = ParseTimeText(select->Text(1));
    if (!replaced_at) return database.Damaged("a time of a past checkpoint cannot be read");
    PastCheckpoint& past = list.emplace_back();
    past.id = select->Int(0);
    past.replaced_at = *replaced_at;
    past.cause = select->Text(2);
    past.run_id = select->Text(3);
    if (!select->IsNull(4)) past.type = ParseStateTypeName(select->Text(4));
    past.lanes = select->Int(5);
    past.bytes = select->Int(6);
    past.kept = select->Bool(7);
  }
}

absl::StatusOr<std::vector<StoredState>> Read(SqliteDatabase& database, std::string_view connection,
                                              int64_t id) {
  absl::StatusOr<SqliteStatement> find =
      database.Prepare("SELECT type, kept FROM past_checkpoints WHERE connection = ? AND id = ?");
  if (!find.ok()) return find.status();
  absl::StatusOr<bool> found = find->Bind(connection, id).Step();
  if (!found.ok()) return found.status();
  if (!*found) return NoPastCheckpoint(connection, id);
  if (!find->Bool(1)) return PastCheckpointTooBig(connection, id);
  std::vector<StoredState> states;
  if (find->IsNull(0)) return states;
  const std::optional<StateType> type = ParseStateTypeName(find->Text(0));
  if (!type) return database.Damaged("a past state has an unknown type");
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT stream, namespace, state FROM past_states WHERE past_id = ?"
      " ORDER BY stream, namespace");  // NULL sorts first, texts byte by byte
  if (!select.ok()) return select.status();
  select->Bind(id);
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return states;
    StoredState& state = states.emplace_back();
    state.type = *type;
    state.stream.name = select->Text(0);
    state.stream.name_space = select->OptionalText(1);
    state.blob = select->Text(2);
  }
}

}  // namespace shunt::sqlite_past
