#include "stores/sqlite_checkpoints.h"

#include <utility>

#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt::sqlite_checkpoints {
namespace {

constexpr std::string_view kUpsert =
    "INSERT INTO checkpoints (connection, type, stream, namespace, run_id, updated_at, state)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (connection, stream, namespace IS NOT NULL, ifnull(namespace, '')) DO UPDATE SET"
    "  type = excluded.type, run_id = excluded.run_id, updated_at = excluded.updated_at,"
    "  state = excluded.state";

constexpr std::string_view kRemoveLane =
    "DELETE FROM checkpoints WHERE connection = ?1 AND stream = ?2"
    " AND (namespace IS NOT NULL) = (?3 IS NOT NULL) AND ifnull(namespace, '') = ifnull(?3, '')";

}  // namespace

absl::Status Write(SqliteDatabase& database, const RunHandle& run, absl::Time now, StateType type,
                   const std::vector<CheckpointWrite>& writes) {
  absl::StatusOr<SqliteStatement> remove_others =
      database.Prepare("DELETE FROM checkpoints WHERE connection = ? AND type <> ?");
  if (!remove_others.ok()) return remove_others.status();
  if (absl::Status status = remove_others->Bind(run.connection, StateTypeName(type)).Run();
      !status.ok()) {
    return status;
  }
  absl::StatusOr<SqliteStatement> upsert = database.Prepare(kUpsert);
  if (!upsert.ok()) return upsert.status();
  absl::StatusOr<SqliteStatement> remove = database.Prepare(kRemoveLane);
  if (!remove.ok()) return remove.status();
  const std::string updated_at = TimeText(now);
  for (const CheckpointWrite& write : writes) {
    const StreamDescriptor lane = LaneOf(type, write.stream);
    const absl::Status status =
        write.blob ? upsert
                         ->Bind(run.connection, StateTypeName(type), lane.name, lane.name_space,
                                run.run_id, updated_at, *write.blob)
                         .Run()
                   : remove->Bind(run.connection, lane.name, lane.name_space).Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Replace(SqliteDatabase& database, std::string_view connection, absl::Time now,
                     const std::vector<StoredState>& states) {
  absl::StatusOr<SqliteStatement> remove_all =
      database.Prepare("DELETE FROM checkpoints WHERE connection = ?");
  if (!remove_all.ok()) return remove_all.status();
  if (absl::Status status = remove_all->Bind(connection).Run(); !status.ok()) return status;
  absl::StatusOr<SqliteStatement> upsert = database.Prepare(kUpsert);
  if (!upsert.ok()) return upsert.status();
  const std::string updated_at = TimeText(now);
  const std::optional<std::string> imported;
  for (const StoredState& state : states) {
    const StreamDescriptor lane = LaneOf(state.type, state.stream);
    upsert->Bind(connection, StateTypeName(state.type), lane.name, lane.name_space, imported,
                 updated_at, state.blob);
    if (absl::Status status = upsert->Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredState>> Read(SqliteDatabase& database,
                                              std::string_view connection) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT type, stream, namespace, state FROM checkpoints WHERE connection = ?"
      " ORDER BY stream, namespace");  // NULL sorts first, texts byte by byte
  if (!select.ok()) return select.status();
  select->Bind(connection);
  std::vector<StoredState> states;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return states;
    const std::optional<StateType> type = ParseStateTypeName(select->Text(0));
    if (!type) return database.Damaged("a state has an unknown type");
    StoredState& state = states.emplace_back();
    state.type = *type;
    state.stream.name = select->Text(1);
    state.stream.name_space = select->OptionalText(2);
    state.blob = select->Text(3);
  }
}

absl::StatusOr<std::vector<std::string>> ListConnections(SqliteDatabase& database) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT connection FROM checkpoints UNION SELECT connection FROM runs ORDER BY connection");
  if (!select.ok()) return select.status();
  std::vector<std::string> connections;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return connections;
    connections.push_back(select->Text(0));
  }
}

}  // namespace shunt::sqlite_checkpoints
