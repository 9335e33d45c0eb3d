#include "stores/postgres_checkpoints.h"

#include <utility>

#include "platform/strings.h"
#include "stores/time_text.h"

namespace shunt::postgres_checkpoints {
namespace {

using Text = PostgresParameter::Text;

constexpr char kUpsert[] =
    "INSERT INTO shunt.checkpoints (connection, type, stream, namespace, run_id, updated_at, state)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
    " ON CONFLICT (connection, sha256(stream), (namespace IS NOT NULL),"
    "  sha256(coalesce(namespace, '')))"
    " DO UPDATE SET type = excluded.type, run_id = excluded.run_id,"
    "  updated_at = excluded.updated_at, state = excluded.state";

constexpr char kRemoveLane[] =
    "DELETE FROM shunt.checkpoints WHERE connection = $1 AND sha256(stream) = sha256($2)"
    " AND namespace IS NOT DISTINCT FROM $3";

// LaneOf without a copy, which a statement could not hold.
const StreamDescriptor& DescriptorOf(StateType type, const StreamDescriptor& stream) {
  static const StreamDescriptor& none = *new StreamDescriptor();
  return type == StateType::kStream ? stream : none;
}

}  // namespace

absl::Status Write(PostgresTransaction& transaction, const postgres_past::Replaced* found,
                   const RunHandle& run, absl::Time now, StateType type,
                   const std::vector<CheckpointWrite>& writes) {
  const Text type_name{StateTypeName(type)};
  const std::string updated_at = TimeText(now);
  std::vector<PostgresStatement> statements;
  statements.reserve(writes.size() + 3 + postgres_past::kKeepStatements);
  if (found != nullptr) postgres_past::Keep(*found, updated_at, statements);
  statements.push_back({"DELETE FROM shunt.checkpoints WHERE connection = $1 AND type <> $2",
                        {run.connection, type_name}});
  for (const CheckpointWrite& write : writes) {
    const StreamDescriptor& lane = DescriptorOf(type, write.stream);
    if (write.blob) {
      statements.push_back({kUpsert,
                            {run.connection, type_name, lane.name, lane.name_space, run.run_id,
                             Text{updated_at}, *write.blob}});
    } else {
      statements.push_back({kRemoveLane, {run.connection, lane.name, lane.name_space}});
    }
  }
  return transaction.Commit(std::move(statements));
}

absl::Status Replace(PostgresTransaction& transaction, const postgres_past::Replaced& found,
                     const std::vector<StoredState>& states) {
  const std::string& connection = found.connection;
  const std::string updated_at = TimeText(found.now);
  const std::optional<std::string> imported;
  std::vector<PostgresStatement> statements;
  statements.reserve(states.size() + 3 + postgres_past::kKeepStatements);
  postgres_past::Keep(found, updated_at, statements);
  statements.push_back({"DELETE FROM shunt.checkpoints WHERE connection = $1", {connection}});
  for (const StoredState& state : states) {
    const StreamDescriptor& lane = DescriptorOf(state.type, state.stream);
    statements.push_back({kUpsert,
                          {connection, Text{StateTypeName(state.type)}, lane.name, lane.name_space,
                           imported, Text{updated_at}, state.blob}});
  }
  return transaction.Commit(std::move(statements));
}

absl::StatusOr<std::vector<StoredState>> Read(const PostgresDatabase& database,
                                              PostgresTransaction& view,
                                              std::string_view connection) {
  std::vector<StoredState> states;
  PostgresStatement select{
      "SELECT type, stream, namespace, state FROM shunt.checkpoints WHERE connection = $1"
      " ORDER BY stream, namespace NULLS FIRST",
      {connection}};
  select.on_row = [&](const PostgresRow& row) {
    const std::optional<StateType> type = ParseStateTypeName(row.Text(0));
    if (!type) return database.Damaged("a state has an unknown type");
    states.push_back(postgres_past::StateIn(row, 1, *type));
    return absl::OkStatus();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  return states;
}

absl::StatusOr<std::vector<std::string>> ListConnections(PostgresTransaction& view) {
  std::vector<std::string> connections;
  PostgresStatement select{
      "SELECT connection FROM shunt.checkpoints UNION SELECT connection FROM shunt.runs"
      " ORDER BY connection"};
  select.on_row = [&](const PostgresRow& row) {
    connections.push_back(row.Text(0));
    return absl::OkStatus();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  return connections;
}

}  // namespace shunt::postgres_checkpoints
