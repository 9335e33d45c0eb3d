#include "stores/postgres_runs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "stores/run_retention.h"
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

// Newcomers of different connections decide about a config one after another. Sorted, so that two
// that ask for the same ones never wait for each other.
std::vector<PostgresStatement> LockConfigs(const RunRequest& request) {
  std::vector<int64_t> locks;
  for (const std::string& config_id : request.exclusive_configs) {
    locks.push_back(PostgresDatabase::LockOf("exclusive config", config_id));
  }
  std::sort(locks.begin(), locks.end());
  std::vector<PostgresStatement> statements;
  for (const int64_t lock : locks) {
    statements.push_back({"SELECT pg_advisory_xact_lock($1)", {lock}});
  }
  return statements;
}

// Who keeps a config from us: the newest live run that has it.
PostgresStatement SelectConfigHolder(const std::string& config_id, const RunRequest& request,
                                     std::optional<RunHandle>& holder) {
  PostgresStatement select{
      "SELECT runs.connection, runs.run_id, runs.epoch"
      " FROM shunt.run_configs JOIN shunt.runs USING (epoch)"
      " WHERE config_id = $1 AND taken_by IS NULL AND finished_at IS NULL"
      " AND lease_until > clock_timestamp() ORDER BY runs.epoch DESC",
      {config_id}};
  holder.reset();
  select.on_row = [&request, &holder](const PostgresRow& row) {
    RunHandle found{row.Text(0), row.Text(1), row.Int(2)};
    if (!holder && Hinders(found.connection, request)) holder = std::move(found);
    return absl::OkStatus();
  };
  return select;
}

// For the run that was just inserted.
void TakeConfigs(const RunRequest& request, std::vector<PostgresStatement>& statements) {
  for (const std::string& config_id : request.exclusive_configs) {
    // Who of another connection has it was dead when we asked. A keeper may renew that lease at
    // this very moment: then its run learns that it has lost. Those of our own are fenced already.
    statements.push_back(
        {"UPDATE shunt.run_configs SET taken_by = own.epoch"
         " FROM shunt.runs AS own, shunt.runs AS other"
         " WHERE own.run_id = $1 AND config_id = $2 AND taken_by IS NULL"
         " AND other.epoch = run_configs.epoch AND other.connection <> own.connection",
         {request.run_id, config_id}});
    statements.push_back(
        {"INSERT INTO shunt.run_configs (epoch, config_id)"
         " SELECT epoch, $2 FROM shunt.runs WHERE run_id = $1"
         " ON CONFLICT DO NOTHING",  // it may be named twice
         {request.run_id, config_id}});
  }
}

PostgresStatement SelectTakenConfig(const RunHandle& run, std::optional<std::string>& config_id) {
  PostgresStatement select{
      "SELECT config_id FROM shunt.run_configs WHERE epoch = $1 AND taken_by IS NOT NULL LIMIT 1",
      {run.epoch}};
  config_id.reset();
  select.on_row = [&config_id](const PostgresRow& row) {
    config_id = row.Text(0);
    return absl::OkStatus();
  };
  return select;
}

}  // namespace

absl::Status Begin(PostgresTransaction& transaction, const Lease& lease, const RunRequest& request,
                   RunHandle& run) {
  std::optional<Namesake> namesake;
  std::optional<Holder> holder;
  std::vector<std::optional<RunHandle>> config_holders(request.exclusive_configs.size());
  std::vector<PostgresStatement> questions = LockConfigs(request);
  questions.push_back(SelectNamesake(run.run_id, namesake));
  questions.push_back(SelectHolder(run.connection, holder));
  for (std::size_t i = 0; i < config_holders.size(); ++i) {
    questions.push_back(
        SelectConfigHolder(request.exclusive_configs[i], request, config_holders[i]));
  }
  if (absl::Status status = transaction.Read(std::move(questions)); !status.ok()) return status;
  if (namesake) {
    // The same object never gives an id twice: an earlier attempt has begun it after all.
    if (namesake->owner != lease.owner || namesake->connection != run.connection) {
      return RunIdInUse(run.run_id);
    }
    run.epoch = namesake->epoch;
    return absl::OkStatus();
  }
  if (holder && !holder->finished && holder->alive && !request.take_over) {
    return HeldByAnotherRun(run.connection, holder->run_id);
  }
  for (std::size_t i = 0; i < config_holders.size(); ++i) {
    if (!config_holders[i]) continue;
    return ConfigHeldByAnotherRun(request.exclusive_configs[i], *config_holders[i], request);
  }
  const std::string started_at = TimeText(request.now);
  PostgresStatement insert{
      "INSERT INTO shunt.runs (connection, run_id, started_at, owner, lease_until)"
      " VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 second') RETURNING epoch",
      {run.connection, run.run_id, Text{started_at}, lease.owner,
       absl::ToDoubleSeconds(lease.length)}};
  insert.on_row = [&run](const PostgresRow& row) {
    run.epoch = row.Int(0);
    return absl::OkStatus();
  };
  std::vector<PostgresStatement> writes = {insert};
  TakeConfigs(request, writes);
  return transaction.Commit(std::move(writes));
}

namespace {

// See stores/run_retention.h. `oldest` outlives the statement.
PostgresStatement ForgetRuns(const RunHandle& ended, const std::string& oldest) {
  return {
      "DELETE FROM shunt.runs WHERE EXISTS (SELECT 1 FROM shunt.runs WHERE epoch = $2 AND"
      " run_id = $6 AND connection = $1) AND epoch IN ("
      "SELECT epoch FROM shunt.runs WHERE connection = $1 AND epoch < $2 AND"
      " (finished_at COLLATE \"C\" < $3"
      " OR ((finished_at IS NOT NULL OR started_at COLLATE \"C\" < $3) AND epoch <="
      " (SELECT epoch FROM shunt.runs WHERE connection = $1 ORDER BY epoch DESC LIMIT 1 OFFSET "
      "$4)))"
      " ORDER BY epoch LIMIT $5)",
      {ended.connection, ended.epoch, Text{oldest}, int64_t{kRunsKept},
       int64_t{kRunsForgottenAtOnce}, ended.run_id}};
}

}  // namespace

absl::Status Finish(PostgresTransaction& transaction, const RunHandle& run, absl::Time now,
                    std::string_view status, std::string_view report_json) {
  const std::string finished_at = TimeText(now);
  int64_t finished = 0;
  PostgresStatement update{
      "UPDATE shunt.runs SET finished_at = $1, status = $2, report = $3"
      " WHERE epoch = $4 AND run_id = $5 AND connection = $6",
      {Text{finished_at}, status, report_json, run.epoch, run.run_id, run.connection}};
  update.affected = &finished;
  PostgresStatement give_back{
      "DELETE FROM shunt.run_configs WHERE epoch ="
      " (SELECT epoch FROM shunt.runs WHERE epoch = $1 AND run_id = $2 AND connection = $3)",
      {run.epoch, run.run_id, run.connection}};
  const std::string oldest = TimeText(now - kRunAgeMax);
  const PostgresStatement orphans{
      "DELETE FROM shunt.run_configs WHERE NOT EXISTS"
      " (SELECT 1 FROM shunt.runs WHERE runs.epoch = run_configs.epoch)",
      {}};
  absl::Status done = transaction.Commit({update, give_back, ForgetRuns(run, oldest), orphans});
  if (!done.ok()) return done;
  return finished == 1 ? absl::OkStatus() : RunUnknown(run.run_id);
}

absl::Status CheckFence(PostgresTransaction& transaction, const RunHandle& run) {
  std::optional<Holder> holder;
  std::optional<std::string> taken_config;
  absl::Status status = transaction.Read(
      {SelectHolder(run.connection, holder), SelectTakenConfig(run, taken_config)});
  if (!status.ok()) return status;
  const bool holds =
      holder && holder->epoch == run.epoch && holder->run_id == run.run_id && !holder->finished;
  if (!holds) return Fenced(run);
  return taken_config ? ConfigTaken(run, *taken_config) : absl::OkStatus();
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
