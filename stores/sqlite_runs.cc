#include "stores/sqlite_runs.h"

#include <utility>

#include "stores/run_retention.h"
#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt::sqlite_runs {
namespace {

// The columns that ToRecord reads.
#define SHUNT_RUN_COLUMNS "epoch, connection, run_id, started_at, finished_at, status, report"

absl::StatusOr<RunRecord> ToRecord(SqliteDatabase& database, const RunLocks& locks,
                                   const SqliteStatement& row) {
  RunRecord record;
  record.handle = RunHandle{row.Text(1), row.Text(2), row.Int(0)};
  const std::optional<absl::Time> started_at = ParseTimeText(row.Text(3));
  if (!started_at) return database.Damaged("a time in the table of runs cannot be read");
  record.started_at = *started_at;
  record.report_json = row.Text(6);
  if (row.IsNull(4)) {
    absl::StatusOr<bool> held = locks.IsHeld(record.handle.epoch, record.handle.run_id);
    if (!held.ok()) return held.status();
    record.status = UnfinishedStatus(*held);
    return record;
  }
  record.finished_at = ParseTimeText(row.Text(4));
  if (!record.finished_at) return database.Damaged("a time in the table of runs cannot be read");
  record.status = row.Text(5);
  return record;
}

// Who was given the config alone and has not ended, newest first.
absl::StatusOr<std::vector<RunHandle>> ListConfigHolders(SqliteDatabase& database,
                                                         std::string_view config_id) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT runs.connection, runs.run_id, runs.epoch FROM run_configs JOIN runs USING (epoch)"
      " WHERE config_id = ? AND taken_by IS NULL AND finished_at IS NULL ORDER BY runs.epoch DESC");
  if (!select.ok()) return select.status();
  select->Bind(config_id);
  std::vector<RunHandle> holders;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return holders;
    holders.push_back(RunHandle{select->Text(0), select->Text(1), select->Int(2)});
  }
}

absl::Status GiveConfigsBack(SqliteDatabase& database, int64_t epoch) {
  absl::StatusOr<SqliteStatement> remove =
      database.Prepare("DELETE FROM run_configs WHERE epoch = ?");
  if (!remove.ok()) return remove.status();
  return remove->Bind(epoch).Run();
}

// OK unless a config was taken from the run.
absl::Status CheckNothingTaken(SqliteDatabase& database, const RunHandle& run) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT config_id FROM run_configs WHERE epoch = ? AND taken_by IS NOT NULL LIMIT 1");
  if (!select.ok()) return select.status();
  absl::StatusOr<bool> row = select->Bind(run.epoch).Step();
  if (!row.ok()) return row.status();
  return *row ? ConfigTaken(run, select->Text(0)) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Holder>> FindHolder(SqliteDatabase& database,
                                                 std::string_view connection) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT epoch, run_id, finished_at IS NOT NULL FROM runs WHERE connection = ?"
      " ORDER BY epoch DESC LIMIT 1");
  if (!select.ok()) return select.status();
  absl::StatusOr<bool> row = select->Bind(connection).Step();
  if (!row.ok()) return row.status();
  if (!*row) return std::optional<Holder>();
  return std::optional<Holder>(Holder{select->Int(0), select->Text(1), select->Bool(2)});
}

absl::StatusOr<bool> Exists(SqliteDatabase& database, std::string_view run_id) {
  absl::StatusOr<SqliteStatement> select = database.Prepare("SELECT 1 FROM runs WHERE run_id = ?");
  if (!select.ok()) return select.status();
  return select->Bind(run_id).Step();
}

absl::StatusOr<int64_t> Insert(SqliteDatabase& database, const RunRequest& request) {
  absl::StatusOr<SqliteStatement> insert =
      database.Prepare("INSERT INTO runs (connection, run_id, started_at) VALUES (?, ?, ?)");
  if (!insert.ok()) return insert.status();
  const std::string started_at = TimeText(request.now);
  absl::Status status = insert->Bind(request.connection, request.run_id, started_at).Run();
  if (!status.ok()) return status;
  return database.LastInsertedRow();
}

absl::Status CheckConfigs(SqliteDatabase& database, const RunLocks& locks,
                          const RunRequest& request) {
  for (const std::string& config_id : request.exclusive_configs) {
    absl::StatusOr<std::vector<RunHandle>> holders = ListConfigHolders(database, config_id);
    if (!holders.ok()) return holders.status();
    for (const RunHandle& holder : *holders) {
      if (!Hinders(holder.connection, request)) continue;
      absl::StatusOr<bool> alive = locks.IsHeld(holder.epoch, holder.run_id);
      if (!alive.ok()) return alive.status();
      if (*alive) return ConfigHeldByAnotherRun(config_id, holder, request);
    }
  }
  return absl::OkStatus();
}

absl::Status TakeConfigs(SqliteDatabase& database, const RunLocks& locks, int64_t epoch,
                         const RunRequest& request) {
  for (const std::string& config_id : request.exclusive_configs) {
    absl::StatusOr<std::vector<RunHandle>> holders = ListConfigHolders(database, config_id);
    if (!holders.ok()) return holders.status();
    for (const RunHandle& holder : *holders) {
      if (holder.epoch == epoch) continue;  // the request names the config twice
      absl::StatusOr<bool> alive = locks.IsHeld(holder.epoch, holder.run_id);
      if (!alive.ok()) return alive.status();
      if (*alive) continue;  // of the same connection, and fenced now
      absl::StatusOr<SqliteStatement> take =
          database.Prepare("UPDATE run_configs SET taken_by = ? WHERE epoch = ? AND config_id = ?");
      if (!take.ok()) return take.status();
      absl::Status status = take->Bind(epoch, holder.epoch, config_id).Run();
      if (!status.ok()) return status;
    }
    absl::StatusOr<SqliteStatement> insert =
        database.Prepare("INSERT OR IGNORE INTO run_configs (epoch, config_id) VALUES (?, ?)");
    if (!insert.ok()) return insert.status();
    if (absl::Status status = insert->Bind(epoch, config_id).Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

namespace {

// See stores/run_retention.h.
absl::Status ForgetRuns(SqliteDatabase& database, const RunHandle& ended, absl::Time now) {
  absl::StatusOr<SqliteStatement> remove = database.Prepare(
      "DELETE FROM runs WHERE epoch IN (SELECT epoch FROM runs WHERE connection = ?1 AND epoch < ?2"
      " AND (finished_at < ?3 OR ((finished_at IS NOT NULL OR started_at < ?3) AND epoch <="
      " (SELECT epoch FROM runs WHERE connection = ?1 ORDER BY epoch DESC LIMIT 1 OFFSET ?4)))"
      " ORDER BY epoch LIMIT ?5)");
  if (!remove.ok()) return remove.status();
  const std::string oldest = TimeText(now - kRunAgeMax);
  remove->Bind(ended.connection, ended.epoch, oldest, kRunsKept, kRunsForgottenAtOnce);
  if (absl::Status status = remove->Run(); !status.ok()) return status;
  if (database.ChangedRows() == 0) return absl::OkStatus();
  // Those that never ended may have had configs alone.
  absl::StatusOr<SqliteStatement> orphans =
      database.Prepare("DELETE FROM run_configs WHERE epoch NOT IN (SELECT epoch FROM runs)");
  if (!orphans.ok()) return orphans.status();
  return orphans->Run();
}

}  // namespace

absl::Status Finish(SqliteDatabase& database, const RunHandle& run, absl::Time now,
                    std::string_view status, std::string_view report_json) {
  absl::StatusOr<SqliteStatement> update = database.Prepare(
      "UPDATE runs SET finished_at = ?, status = ?, report = ?"
      " WHERE epoch = ? AND run_id = ? AND connection = ?");
  if (!update.ok()) return update.status();
  const std::string finished_at = TimeText(now);
  update->Bind(finished_at, status, report_json, run.epoch, run.run_id, run.connection);
  if (absl::Status ran = update->Run(); !ran.ok()) return ran;
  if (database.ChangedRows() != 1) return RunUnknown(run.run_id);
  if (absl::Status given = GiveConfigsBack(database, run.epoch); !given.ok()) return given;
  return ForgetRuns(database, run, now);
}

absl::Status CheckFence(SqliteDatabase& database, const RunHandle& run) {
  absl::StatusOr<std::optional<Holder>> holder = FindHolder(database, run.connection);
  if (!holder.ok()) return holder.status();
  const bool holds = *holder && (*holder)->epoch == run.epoch && (*holder)->run_id == run.run_id &&
                     !(*holder)->finished;
  return holds ? CheckNothingTaken(database, run) : Fenced(run);
}

absl::StatusOr<std::vector<RunRecord>> List(SqliteDatabase& database, const RunLocks& locks,
                                            std::string_view connection, int limit) {
  absl::StatusOr<SqliteStatement> select =
      database.Prepare("SELECT " SHUNT_RUN_COLUMNS
                       " FROM runs WHERE ?1 = '' OR connection = ?1"
                       " ORDER BY epoch DESC LIMIT ?2");
  if (!select.ok()) return select.status();
  select->Bind(connection, limit <= 0 ? -1 : limit);
  std::vector<RunRecord> records;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return records;
    absl::StatusOr<RunRecord> record = ToRecord(database, locks, *select);
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
}

absl::StatusOr<RunRecord> Find(SqliteDatabase& database, const RunLocks& locks,
                               std::string_view run_id_prefix) {
  // As blobs: byte by byte, whatever characters there are. An exact match sorts first.
  absl::StatusOr<SqliteStatement> select =
      database.Prepare("SELECT " SHUNT_RUN_COLUMNS
                       ", run_id = ?1 AS exact FROM runs"
                       " WHERE substr(CAST(run_id AS BLOB), 1, ?2) = CAST(?1 AS BLOB)"
                       " ORDER BY exact DESC LIMIT 2");
  if (!select.ok()) return select.status();
  select->Bind(run_id_prefix, static_cast<int64_t>(run_id_prefix.size()));
  absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) return RunUnknown(run_id_prefix);
  const bool exact = select->Bool(7);
  absl::StatusOr<RunRecord> record = ToRecord(database, locks, *select);
  if (!record.ok() || exact) return record;
  absl::StatusOr<bool> second = select->Step();
  if (!second.ok()) return second.status();
  if (*second) return RunAmbiguous(run_id_prefix);
  return record;
}

}  // namespace shunt::sqlite_runs
