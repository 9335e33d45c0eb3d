#include "stores/sqlite_schema.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

// kMigrations[n] brings version n to n + 1. A migration that was released is never edited.
constexpr std::array<const char*, kSqliteSchemaVersion> kMigrations = {R"sql(
CREATE TABLE runs (
  epoch       INTEGER PRIMARY KEY AUTOINCREMENT,  -- one sequence: orders all runs
  connection  TEXT NOT NULL,
  run_id      TEXT NOT NULL UNIQUE,
  started_at  TEXT NOT NULL,
  finished_at TEXT,            -- NULL: running or dead, see the lock files
  status      TEXT,            -- name of the exit code
  report      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_of_connection ON runs (connection, epoch);

CREATE TABLE checkpoints (
  connection TEXT NOT NULL,
  type       TEXT NOT NULL CHECK (type IN ('STREAM', 'GLOBAL', 'LEGACY')),
  stream     TEXT NOT NULL,    -- '' for GLOBAL and LEGACY
  namespace  TEXT,             -- NULL: none, which differs from ''
  run_id     TEXT,             -- who wrote it; NULL: imported
  updated_at TEXT NOT NULL,
  state      TEXT NOT NULL     -- the source's bytes
) STRICT;
CREATE UNIQUE INDEX checkpoint_lanes
  ON checkpoints (connection, stream, namespace IS NOT NULL, ifnull(namespace, ''));

-- An order key is (.._at: milliseconds as a double, epoch of the run, line number); highest wins.
CREATE TABLE configs (
  config_id    TEXT PRIMARY KEY,
  generation   INTEGER NOT NULL,
  floor_at     REAL NOT NULL, floor_epoch  INTEGER NOT NULL, floor_seq  INTEGER NOT NULL,
  newest_at    REAL NOT NULL, newest_epoch INTEGER NOT NULL, newest_seq INTEGER NOT NULL,
  file_salt    BLOB NOT NULL,
  updated_at   TEXT NOT NULL
) STRICT;

CREATE TABLE config_keys (
  config_id    TEXT NOT NULL REFERENCES configs (config_id) ON DELETE CASCADE,
  position     INTEGER NOT NULL,
  key          TEXT NOT NULL,
  effective_at REAL NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  value        TEXT,           -- JSON; NULL: removed at that time
  PRIMARY KEY (config_id, position)
) STRICT, WITHOUT ROWID;

-- What the config file held when it was last read, salted: an edit is a difference from it.
CREATE TABLE config_file_keys (
  config_id TEXT NOT NULL REFERENCES configs (config_id) ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  key       TEXT NOT NULL,
  digest    BLOB NOT NULL,
  PRIMARY KEY (config_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE config_journal (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- in order of arrival in this store
  config_id    TEXT NOT NULL,
  run_id       TEXT NOT NULL,
  writer       TEXT NOT NULL,  -- source, destination, file, import
  effective_at REAL NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  emitted_at   TEXT NOT NULL,  -- as received
  time_source  TEXT NOT NULL,  -- connector, router, lifted
  received_at  TEXT NOT NULL,
  verdict      TEXT NOT NULL,
  reason       TEXT NOT NULL,
  keys         TEXT NOT NULL,  -- JSON array of names
  generation   INTEGER NOT NULL,
  unvalidated  INTEGER NOT NULL,
  alert        INTEGER NOT NULL,
  payload      TEXT NOT NULL,  -- JSON
  UNIQUE (config_id, run_id, writer, seq)
) STRICT;
)sql",
                                                                       R"sql(
-- One row. A copy of the file keeps the id: encrypted values are bound to it.
CREATE TABLE store_identity (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  store TEXT NOT NULL,
  seal  TEXT NOT NULL DEFAULT ''  -- not '': values and payloads are encrypted
) STRICT;
INSERT INTO store_identity (id, store) VALUES (1, lower(hex(randomblob(16))));
-- What forgetting looks at, without the payloads.
CREATE INDEX config_journal_ages ON config_journal (config_id, received_at, verdict);
)sql",
                                                                       R"sql(
-- Configs that a run has alone, until it ends.
CREATE TABLE run_configs (
  epoch     INTEGER NOT NULL,  -- of the run
  config_id TEXT NOT NULL,
  taken_by  INTEGER,           -- epoch of the run that took it from this one, which was dead
  PRIMARY KEY (epoch, config_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_configs_held ON run_configs (config_id, epoch) WHERE taken_by IS NULL;
)sql",
                                                                       R"sql(
-- Checkpoints that were replaced, for a rollback.
CREATE TABLE past_checkpoints (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  connection  TEXT NOT NULL,
  replaced_at TEXT NOT NULL,
  cause       TEXT NOT NULL,     -- run, import, reset, rollback, state-file
  epoch       INTEGER,           -- of the run that came then; NULL: none
  run_id      TEXT NOT NULL,     -- '': none
  type        TEXT,              -- NULL: there was no state
  lanes       INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  kept        INTEGER NOT NULL   -- 0: too big, its states are not in past_states
) STRICT;
CREATE INDEX past_checkpoints_of ON past_checkpoints (connection, id);
CREATE UNIQUE INDEX past_checkpoints_of_run ON past_checkpoints (epoch) WHERE epoch IS NOT NULL;
CREATE TABLE past_states (
  past_id   INTEGER NOT NULL REFERENCES past_checkpoints (id) ON DELETE CASCADE,
  stream    TEXT NOT NULL,
  namespace TEXT,
  state     TEXT NOT NULL
) STRICT;
CREATE INDEX past_states_of ON past_states (past_id);
)sql"};

struct Versions {
  int64_t application = 0;
  int64_t schema = 0;
  int64_t tables = 0;
};

absl::StatusOr<Versions> ReadVersions(SqliteDatabase& database) {
  absl::StatusOr<int64_t> application = database.QueryInt("PRAGMA application_id");
  if (!application.ok()) return application.status();
  absl::StatusOr<int64_t> schema = database.QueryInt("PRAGMA user_version");
  if (!schema.ok()) return schema.status();
  absl::StatusOr<int64_t> tables = database.QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  return Versions{*application, *schema, *tables};
}

// In one view: somebody else may be migrating just now.
absl::StatusOr<Versions> ReadVersionsAtOnce(SqliteDatabase& database) {
  absl::StatusOr<SqliteTransaction> transaction =
      SqliteTransaction::Begin(database, SqliteTransaction::Kind::kRead);
  if (!transaction.ok()) return transaction.status();
  return ReadVersions(database);
}

bool IsEmpty(const Versions& versions) {
  return versions.application == 0 && versions.schema == 0 && versions.tables == 0;
}

absl::Status CheckVersions(SqliteDatabase& database, const Versions& versions) {
  if (versions.application != kSqliteApplicationId || versions.schema < 1) {
    return database.Damaged("it is not a shunt store");
  }
  if (versions.schema <= kSqliteSchemaVersion) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("sqlite:", database.path(), ": newer schema: version ",
                                          versions.schema, ", this program knows versions up to ",
                                          kSqliteSchemaVersion, "; use a newer shunt"));
}

// OK, or what is wrong. The check's own answer may quote content, so it is not repeated.
absl::Status RunCheck(SqliteDatabase& database, std::string_view check) {
  absl::StatusOr<std::string> answer = database.QueryText(check);
  if (!answer.ok()) return answer.status();
  if (*answer == "ok") return absl::OkStatus();
  // A page that could not be read counts as damage too. If it can be read now, the file is sound,
  // and what failed is the disk.
  answer = database.QueryText(check);
  if (!answer.ok()) return answer.status();
  if (*answer != "ok") return database.Damaged("the file is damaged");
  return absl::UnavailableError(
      absl::StrCat("sqlite:", database.path(), ": the disk could not be read at first"));
}

absl::Status CheckPages(SqliteDatabase& database) {
  absl::StatusOr<int64_t> pages = database.QueryInt("PRAGMA page_count");
  if (!pages.ok()) return pages.status();
  absl::StatusOr<int64_t> page_bytes = database.QueryInt("PRAGMA page_size");
  if (!page_bytes.ok()) return page_bytes.status();
  static constexpr std::array<const char*, 1> kWhole = {"PRAGMA quick_check(1)"};
  static constexpr std::array<const char*, 3> kEssential = {
      "PRAGMA quick_check(runs)", "PRAGMA quick_check(configs)", "PRAGMA quick_check(config_keys)"};
  const bool small = *pages <= kQuickCheckBytesMax / *page_bytes;
  const char* const* checks = small ? kWhole.data() : kEssential.data();
  const std::size_t count = small ? kWhole.size() : kEssential.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (absl::Status status = RunCheck(database, checks[i]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Migrate(SqliteDatabase& database, bool may_be_empty) {
  absl::StatusOr<SqliteTransaction> transaction =
      SqliteTransaction::Begin(database, SqliteTransaction::Kind::kWrite);
  if (!transaction.ok()) return transaction.status();
  absl::StatusOr<Versions> versions = ReadVersions(database);  // somebody may have been faster
  if (!versions.ok()) return versions.status();
  if (!IsEmpty(*versions)) {
    if (absl::Status status = CheckVersions(database, *versions); !status.ok()) return status;
  } else if (!may_be_empty) {
    return database.Damaged("the file is empty, but it was a store before");
  }
  for (int64_t from = versions->schema; from < kSqliteSchemaVersion; ++from) {
    if (absl::Status status = database.Execute(kMigrations[static_cast<std::size_t>(from)]);
        !status.ok()) {
      return status;
    }
  }
  const std::string marks = absl::StrCat("PRAGMA application_id=", kSqliteApplicationId,
                                         "; PRAGMA user_version=", kSqliteSchemaVersion);
  if (absl::Status status = database.Execute(marks.c_str()); !status.ok()) return status;
  return transaction->Commit();
}

}  // namespace

absl::Status PrepareSqliteSchema(SqliteDatabase& database, bool may_be_empty) {
  absl::StatusOr<Versions> versions = ReadVersionsAtOnce(database);
  if (!versions.ok()) return versions.status();
  if (!IsEmpty(*versions)) {
    if (absl::Status status = CheckVersions(database, *versions); !status.ok()) return status;
    if (absl::Status status = CheckPages(database); !status.ok()) return status;
    if (versions->schema == kSqliteSchemaVersion) return absl::OkStatus();
  }
  return Migrate(database, may_be_empty);
}

}  // namespace shunt
