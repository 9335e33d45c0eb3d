#include "stores/postgres_past.h"

#include <utility>

#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt::postgres_past {
namespace {

using Text = PostgresParameter::Text;

// One statement: what was inserted is seen by the copy only so.
constexpr char kKeep[] =
    "WITH past AS ("
    " INSERT INTO shunt.past_checkpoints"
    "  (connection, replaced_at, cause, epoch, run_id, type, lanes, bytes, kept)"
    " SELECT $1, $2, $3, $4, $5, type, lanes, bytes, bytes <= $6 FROM"
    "  (SELECT min(type) AS type, count(*) AS lanes,"
    "    coalesce(sum(octet_length(state)), 0) AS bytes"
    "    FROM shunt.checkpoints WHERE connection = $1) AS found"
    " ON CONFLICT (epoch) DO NOTHING RETURNING id, kept)"
    " INSERT INTO shunt.past_states (past_id, stream, namespace, state)"
    " SELECT past.id, stream, namespace, state FROM past, shunt.checkpoints"
    "  WHERE past.kept AND connection = $1";

// The one before the newest, when it is the same. Lanes are unique, so that one direction is
// enough.
constexpr char kForgetTwin[] =
    "DELETE FROM shunt.past_checkpoints AS old USING"
    " (SELECT id, lag(id) OVER (ORDER BY id) AS before, type, lanes, bytes, kept"
    "  FROM shunt.past_checkpoints WHERE sha256(connection) = sha256($1) AND connection = $1"
    "  ORDER BY id DESC LIMIT 1) AS new"
    " WHERE old.id = new.before AND old.kept AND new.kept AND new.type IS NOT DISTINCT FROM "
    "old.type"
    " AND new.lanes = old.lanes AND new.bytes = old.bytes AND NOT EXISTS"
    " (SELECT stream, namespace, state FROM shunt.past_states WHERE past_id = new.id"
    "  EXCEPT SELECT stream, namespace, state FROM shunt.past_states WHERE past_id = old.id)";

constexpr char kForgetOld[] =
    "DELETE FROM shunt.past_checkpoints"
    " WHERE sha256(connection) = sha256($1) AND connection = $1 AND id NOT IN"
    " (SELECT id FROM shunt.past_checkpoints"
    "  WHERE sha256(connection) = sha256($1) AND connection = $1 ORDER BY id DESC LIMIT $2)";

constexpr char kUnkeepBig[] =
    "UPDATE shunt.past_checkpoints SET kept = false WHERE kept AND bytes > 0 AND id IN"
    " (SELECT id FROM (SELECT id,"
    "   sum(CASE WHEN bytes <= $2 THEN bytes ELSE 0 END) OVER (ORDER BY id DESC) AS total"
    "   FROM shunt.past_checkpoints WHERE sha256(connection) = sha256($1) AND connection = $1)"
    "  AS sums WHERE total > $2)";

constexpr char kForgetStates[] =
    "DELETE FROM shunt.past_states WHERE past_id IN"
    " (SELECT id FROM shunt.past_checkpoints"
    "  WHERE sha256(connection) = sha256($1) AND connection = $1 AND NOT kept)";

}  // namespace

void Keep(const Replaced& replaced, const std::string& now_text,
          std::vector<PostgresStatement>& statements) {
  const auto& [connection, now, cause, run] = replaced;
  const PostgresParameter epoch = run ? PostgresParameter(run->epoch) : PostgresParameter::Null();
  const std::string_view run_id = run ? std::string_view(run->run_id) : "";
  statements.push_back({kKeep, {connection, Text{now_text}, cause, epoch, run_id, kPastBytesMax}});
  statements.push_back({kForgetTwin, {connection}});
  statements.push_back({kForgetOld, {connection, kPastCheckpointsMax}});
  statements.push_back({kUnkeepBig, {connection, kPastBytesMax}});
  statements.push_back({kForgetStates, {connection}});
}

StoredState StateIn(const PostgresRow& row, int first, StateType type) {
  return {.type = type,
          .stream = {.name = row.Text(first), .name_space = row.OptionalText(first + 1)},
          .blob = row.Text(first + 2)};
}

absl::StatusOr<std::vector<PastCheckpoint>> List(const PostgresDatabase& database,
                                                 PostgresTransaction& view,
                                                 std::string_view connection) {
  std::vector<PastCheckpoint> list;
  PostgresStatement select{
      "SELECT id, replaced_at, cause, run_id, type, lanes, bytes, kept"
      " FROM shunt.past_checkpoints WHERE sha256(connection) = sha256($1) AND connection = $1"
      " ORDER BY id DESC",
      {connection}};
  select.on_row = [&](const PostgresRow& row) {
    const std::optional<absl::Time> replaced_at = ParseTimeText(row.Text(1));
    if (!replaced_at) return database.Damaged("a time of a past checkpoint cannot be read");
    PastCheckpoint& past = list.emplace_back();
    past.id = row.Int(0);
    past.replaced_at = *replaced_at;
    past.cause = row.Text(2);
    past.run_id = row.Text(3);
    if (!row.IsNull(4)) past.type = ParseStateTypeName(row.Text(4));
    past.lanes = row.Int(5);
    past.bytes = row.Int(6);
    past.kept = row.Bool(7);
    return absl::OkStatus();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  return list;
}

absl::StatusOr<std::vector<StoredState>> Read(const PostgresDatabase& database,
                                              PostgresTransaction& view,
                                              std::string_view connection, int64_t id) {
  bool found = false, kept = false;
  std::optional<StateType> type;
  std::vector<StoredState> states;
  PostgresStatement find{
      "SELECT type, kept FROM shunt.past_checkpoints WHERE connection = $1 AND id = $2",
      {connection, id}};
  find.on_row = [&](const PostgresRow& row) {
    found = true;
    kept = row.Bool(1);
    if (!row.IsNull(0)) type = ParseStateTypeName(row.Text(0));
    return absl::OkStatus();
  };
  PostgresStatement select{
      "SELECT stream, namespace, state FROM shunt.past_states JOIN shunt.past_checkpoints"
      " ON past_id = id WHERE connection = $1 AND id = $2 ORDER BY stream, namespace NULLS FIRST",
      {connection, id}};
  select.on_row = [&](const PostgresRow& row) {
    if (!type) return database.Damaged("a past state has an unknown type");
    states.push_back(StateIn(row, 0, *type));
    return absl::OkStatus();
  };
  if (absl::Status status = view.Read({find, select}); !status.ok()) return status;
  if (!found) return NoPastCheckpoint(connection, id);
  if (!kept) return PastCheckpointTooBig(connection, id);
  return states;
}

}  // namespace shunt::postgres_past
