#include "stores/postgres_runs.h"

#include <utility>

#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt::postgres_runs {
namespace {

using Text = PostgresParameter::Text;

// The columns that ToRecord reads.
#define SHUNT_RUN_COLUMNS                                               \
  "epoch, connection, run_id, started_at, finished_at, status, report," \
  " lease_until > clock_timestamp()"

absl::StatusOr<RunRecord> ToRecord(const PostgresDatabase& database, const PostgresRow& row) {
  RunRecord record;
  record.handle = RunHandle{row.Text(1), row.Text(2), row.Int(0)};
  const std::optional<absl::Time> started_at = ParseTimeText(row.Text(3));
  if (!started_at) return database.Damaged("a time in the table of runs cannot be read");
  record.started_at = *started_at;
  record.report_json = row.Text(6);
  if (row.IsNull(4)) {
    record.status = UnfinishedStatus(row.Bool(7));
    return record;
  }
  record.finished_at = ParseTimeText(row.Text(4));
  if (!record.finished_at) return database.Damaged("a time in the table of runs cannot be read");
  record.status = row.Text(5);
  return record;
}

// The run that holds a connection, or held it last.
struct Holder {
  int64_t epoch = 0;
  std::string run_id;
  bool finished = false;
  bool alive = false;
};

PostgresStatement SelectHolder(std::string_view connection, std::optional<Holder>& holder) {
  PostgresStatement select{
      "SELECT epoch, run_id, finished_at IS NOT NULL, lease_until > clock_timestamp()"
      " FROM shunt.runs WHERE connection = $1 ORDER BY epoch DESC LIMIT 1",
      {connection}};
  holder.reset();
  select.on_row = [&holder](const PostgresRow& row) {
    holder = Holder{row.Int(0), row.Text(1), row.Bool(2), row.Bool(3)};
    return absl::OkStatus();
  };
  return select;
}

// A run with the id that somebody wants to use.
struct Namesake {
  int64_t epoch = 0;
  std::string connection;
  std::string owner;
};

PostgresStatement SelectNamesake(std::string_view run_id, std::optional<Namesake>& namesake) {
  PostgresStatement select{"SELECT epoch, connection, owner FROM shunt.runs WHERE run_id = $1",
                           {run_id}};
  namesake.reset();
  select.on_row = [&namesake](const PostgresRow& row) {
    namesake = Namesake{row.Int(0), row.Text(1), row.Text(2)};
    return absl::OkStatus();
  };
  return select;
}

}  // namespace

absl::Status Begin(PostgresTransaction& transaction, const Lease& lease, absl::Time now,
                   bool take_over, RunHandle& run) {
  std::optional<Namesake> namesake;
  std::optional<Holder> holder;
  absl::Status status = transaction.Read(
      {SelectNamesake(run.run_id, namesake), SelectHolder(run.connection, holder)});
  if (!status.ok()) return status;
  if (namesake) {
    // The same object never gives an id twice: an earlier attempt has begun it after all.
    if (namesake->owner != lease.owner || namesake->connection != run.connection) {
      return RunIdInUse(run.run_id);
    }
    run.epoch = namesake->epoch;
    return absl::OkStatus();
  }
  if (holder && !holder->finished && holder->alive && !take_over) {
    return HeldByAnotherRun(run.connection, holder->run_id);
  }
  const std::string started_at = TimeText(now);
  PostgresStatement insert{
      "INSERT INTO shunt.runs (connection, run_id, started_at, owner, lease_until)"
      " VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 second') RETURNING epoch",
      {run.connection, run.run_id, Text{started_at}, lease.owner,
       absl::ToDoubleSeconds(lease.length)}};
  insert.on_row = [&run](const PostgresRow& row) {
    run.epoch = row.Int(0);
    return absl::OkStatus();
  };
  return transaction.Commit({insert});
}

absl::Status Finish(PostgresTransaction& transaction, const RunHandle& run, absl::Time now,
                    std::string_view status, std::string_view report_json) {
  const std::string finished_at = TimeText(now);
  int64_t finished = 0;
  PostgresStatement update{
      "UPDATE shunt.runs SET finished_at = $1, status = $2, report = $3"
      " WHERE epoch = $4 AND run_id = $5 AND connection = $6",
      {Text{finished_at}, status, report_json, run.epoch, run.run_id, run.connection}};
  update.affected = &finished;
  if (absl::Status done = transaction.Commit({update}); !done.ok()) return done;
  return finished == 1 ? absl::OkStatus() : RunUnknown(run.run_id);
}

absl::Status CheckFence(PostgresTransaction& transaction, const RunHandle& run) {
  std::optional<Holder> holder;
  absl::Status status = transaction.Read({SelectHolder(run.connection, holder)});
  if (!status.ok()) return status;
  const bool holds =
      holder && holder->epoch == run.epoch && holder->run_id == run.run_id && !holder->finished;
  return holds ? absl::OkStatus() : Fenced(run);
}

absl::Status Renew(PostgresTransaction& transaction, const std::vector<int64_t>& epochs,
                   absl::Duration length) {
  std::vector<PostgresStatement> updates;
  for (const int64_t epoch : epochs) {
    updates.push_back(
        {"UPDATE shunt.runs SET lease_until = clock_timestamp() + $2 * interval '1 second'"
         " WHERE epoch = $1 AND finished_at IS NULL",
         {epoch, absl::ToDoubleSeconds(length)}});
  }
  return transaction.Commit(std::move(updates));
}

absl::StatusOr<std::vector<RunRecord>> List(const PostgresDatabase& database,
                                            PostgresTransaction& view, std::string_view connection,
                                            int limit) {
  std::vector<RunRecord> records;
  const bool all = connection.empty();
  PostgresStatement select{
      "SELECT " SHUNT_RUN_COLUMNS
      " FROM shunt.runs WHERE $1 OR connection = $2 ORDER BY epoch DESC LIMIT $3",
      {all, connection, limit <= 0 ? PostgresParameter::Null() : PostgresParameter(limit)}};
  select.on_row = [&](const PostgresRow& row) {
    absl::StatusOr<RunRecord> record = ToRecord(database, row);
    if (record.ok()) records.push_back(*std::move(record));
    return record.status();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  return records;
}

absl::StatusOr<RunRecord> Find(const PostgresDatabase& database, PostgresTransaction& view,
                               std::string_view run_id_prefix) {
  std::vector<RunRecord> found;
  bool exact = false;  // it sorts first
  PostgresStatement select{
      "SELECT " SHUNT_RUN_COLUMNS
      ", run_id = $1 AS exact FROM shunt.runs WHERE substring(run_id FROM 1 FOR $2::int4) = $1"
      " ORDER BY exact DESC LIMIT 2",
      {run_id_prefix, static_cast<int64_t>(run_id_prefix.size())}};
  select.on_row = [&](const PostgresRow& row) {
    exact = exact || row.Bool(8);
    absl::StatusOr<RunRecord> record = ToRecord(database, row);
    if (record.ok()) found.push_back(*std::move(record));
    return record.status();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  if (found.empty()) return RunUnknown(run_id_prefix);
  if (found.size() > 1 && !exact) return RunAmbiguous(run_id_prefix);
  return found.front();
}

}  // namespace shunt::postgres_runs
