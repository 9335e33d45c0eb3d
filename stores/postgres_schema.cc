#include "stores/postgres_schema.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

// Version 0 to 1, statement by statement. A migration that was released is never edited.
constexpr const char* kVersion1[] = {
    R"sql(CREATE TABLE shunt.schema_version (version int8 NOT NULL))sql",
    R"sql(INSERT INTO shunt.schema_version VALUES (0))sql",
    R"sql(
CREATE TABLE shunt.runs (
  epoch       int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- one sequence: orders all runs
  connection  bytea NOT NULL,
  run_id      bytea NOT NULL UNIQUE,
  started_at  text NOT NULL,
  finished_at text,                  -- NULL: running, or dead when the lease is over
  status      bytea,                 -- name of the exit code
  report      bytea NOT NULL DEFAULT '',
  owner       bytea NOT NULL,        -- of the store object that began it
  lease_until timestamptz NOT NULL   -- renewed while its process lives; by the server's clock
))sql",
    R"sql(CREATE INDEX runs_of_connection ON shunt.runs (connection, epoch))sql",
    R"sql(
CREATE TABLE shunt.checkpoints (
  connection bytea NOT NULL,
  type       text NOT NULL CHECK (type IN ('STREAM', 'GLOBAL', 'LEGACY')),
  stream     bytea NOT NULL,  -- '' for GLOBAL and LEGACY
  namespace  bytea,           -- NULL: none, which differs from ''
  run_id     bytea,           -- who wrote it; NULL: imported
  updated_at text NOT NULL,
  state      bytea NOT NULL   -- the source's bytes
))sql",
    // By digest: an index entry has room for 2,700 bytes, and stream names come from connectors.
    R"sql(
CREATE UNIQUE INDEX checkpoint_lanes ON shunt.checkpoints
  (connection, sha256(stream), (namespace IS NOT NULL), sha256(coalesce(namespace, ''))))sql",
    // An order key is (.._at: milliseconds as a double, epoch of the run, line number).
    R"sql(
CREATE TABLE shunt.configs (
  config_id  bytea PRIMARY KEY,
  generation int8 NOT NULL,
  floor_at   float8 NOT NULL, floor_epoch  int8 NOT NULL, floor_seq  int8 NOT NULL,
  newest_at  float8 NOT NULL, newest_epoch int8 NOT NULL, newest_seq int8 NOT NULL,
  file_salt  bytea NOT NULL,
  updated_at text NOT NULL
))sql",
    R"sql(
CREATE TABLE shunt.config_keys (
  config_id    bytea NOT NULL REFERENCES shunt.configs ON DELETE CASCADE,
  position     int8 NOT NULL,
  key          bytea NOT NULL,
  effective_at float8 NOT NULL, epoch int8 NOT NULL, seq int8 NOT NULL,
  value        bytea,  -- JSON; NULL: removed at that time
  PRIMARY KEY (config_id, position)
))sql",
    // What the config file held when it was last read, salted: an edit is a difference from it.
    R"sql(
CREATE TABLE shunt.config_file_keys (
  config_id bytea NOT NULL REFERENCES shunt.configs ON DELETE CASCADE,
  position  int8 NOT NULL,
  key       bytea NOT NULL,
  digest    bytea NOT NULL,
  PRIMARY KEY (config_id, position)
))sql",
    R"sql(
CREATE TABLE shunt.config_journal (
  id           int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- in order of arrival, per config
  config_id    bytea NOT NULL,
  run_id       bytea NOT NULL,
  writer       bytea NOT NULL,  -- source, destination, file, import
  effective_at float8 NOT NULL, epoch int8 NOT NULL, seq int8 NOT NULL,
  emitted_at   bytea NOT NULL,  -- as received
  time_source  bytea NOT NULL,  -- connector, router, lifted
  received_at  text COLLATE "C" NOT NULL,
  verdict      text NOT NULL,
  reason       bytea NOT NULL,
  keys         bytea NOT NULL,  -- JSON array of names
  generation   int8 NOT NULL,
  unvalidated  bool NOT NULL,
  alert        bool NOT NULL,
  payload      bytea NOT NULL,  -- JSON
  UNIQUE (config_id, run_id, writer, seq)
))sql",
    R"sql(
CREATE INDEX config_journal_ages ON shunt.config_journal (config_id, received_at, verdict))sql",
    // One row. A copy of the database keeps the id: encrypted values are bound to it.
    R"sql(
CREATE TABLE shunt.store_identity (
  id    int4 PRIMARY KEY CHECK (id = 1),
  store text NOT NULL,
  seal  bytea NOT NULL DEFAULT ''  -- not '': values and payloads are encrypted
))sql",
    R"sql(
INSERT INTO shunt.store_identity (id, store)
  VALUES (1, replace(gen_random_uuid()::text, '-', '')))sql",
    // For people with psql.
    R"sql(
CREATE FUNCTION shunt.readable(bytes bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN OTHERS THEN
  RETURN encode(bytes, 'escape');
END $$)sql",
    R"sql(
CREATE VIEW shunt.runs_readable AS SELECT
  epoch, shunt.readable(connection) AS connection, shunt.readable(run_id) AS run_id, started_at,
  finished_at, CASE WHEN finished_at IS NOT NULL THEN shunt.readable(status)
    WHEN lease_until > clock_timestamp() THEN 'running' ELSE 'dead' END AS status, lease_until
  FROM shunt.runs)sql",
    R"sql(
CREATE VIEW shunt.checkpoints_readable AS SELECT
  shunt.readable(connection) AS connection, type, shunt.readable(stream) AS stream,
  shunt.readable(namespace) AS namespace, shunt.readable(run_id) AS run_id, updated_at,
  shunt.readable(state) AS state
  FROM shunt.checkpoints)sql",
    // Without payloads and values: those are secrets.
    R"sql(
CREATE VIEW shunt.config_journal_readable AS SELECT
  id, shunt.readable(config_id) AS config_id, shunt.readable(run_id) AS run_id,
  shunt.readable(writer) AS writer, effective_at, epoch, seq,
  shunt.readable(time_source) AS time_source, received_at, verdict,
  shunt.readable(reason) AS reason, shunt.readable(keys) AS keys, generation, unvalidated, alert
  FROM shunt.config_journal)sql",
};

constexpr const char* kVersion2[] = {
    // Configs that a run has alone, until it ends.
    R"sql(
CREATE TABLE shunt.run_configs (
  epoch     int8 NOT NULL,   -- of the run
  config_id bytea NOT NULL,
  taken_by  int8,            -- epoch of the run that took it from this one, whose lease was over
  PRIMARY KEY (epoch, config_id)
))sql",
    R"sql(
CREATE INDEX run_configs_held ON shunt.run_configs (config_id, epoch) WHERE taken_by IS NULL)sql",
    R"sql(
CREATE VIEW shunt.run_configs_readable AS SELECT
  epoch, shunt.readable(config_id) AS config_id, taken_by FROM shunt.run_configs)sql",
};

constexpr const char* kVersion3[] = {
    // Checkpoints that were replaced, for a rollback.
    R"sql(
CREATE TABLE shunt.past_checkpoints (
  id          int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connection  bytea NOT NULL,
  replaced_at text NOT NULL,
  cause       bytea NOT NULL,  -- run, import, reset, rollback, state-file
  epoch       int8 UNIQUE,     -- of the run that came then; NULL: none
  run_id      bytea NOT NULL,  -- '': none
  type        text,            -- NULL: there was no state
  lanes       int8 NOT NULL,
  bytes       int8 NOT NULL,
  kept        bool NOT NULL    -- false: too big, its states are not in past_states
))sql",
    R"sql(CREATE INDEX past_checkpoints_of ON shunt.past_checkpoints (sha256(connection), id))sql",
    R"sql(
CREATE TABLE shunt.past_states (
  past_id   int8 NOT NULL REFERENCES shunt.past_checkpoints ON DELETE CASCADE,
  stream    bytea NOT NULL,
  namespace bytea,
  state     bytea NOT NULL
))sql",
    R"sql(CREATE INDEX past_states_of ON shunt.past_states (past_id))sql",
    R"sql(
CREATE VIEW shunt.past_checkpoints_readable AS SELECT
  id, shunt.readable(connection) AS connection, replaced_at, shunt.readable(cause) AS cause,
  shunt.readable(run_id) AS run_id, type, lanes, bytes, kept
  FROM shunt.past_checkpoints)sql",
};

struct Found {
  bool schema = false;   // there is one of our name
  bool any = false;      // with something in it
  bool version = false;  // with a table of versions like ours
};

absl::Status Look(PostgresTransaction& transaction, Found& found) {
  found = Found();
  PostgresStatement look{
      "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'shunt'),"
      " EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid),"
      " EXISTS (SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
      "  WHERE c.relnamespace = n.oid AND c.relname = 'schema_version' AND a.attname = 'version'"
      "  AND a.atttypid = 'int8'::regtype)"
      " FROM (SELECT (SELECT oid FROM pg_namespace WHERE nspname = 'shunt') AS oid) AS n"};
  look.on_row = [&found](const PostgresRow& row) {
    found = Found{row.Bool(0), row.Bool(1), row.Bool(2)};
    return absl::OkStatus();
  };
  return transaction.Read({look});
}

absl::Status ReadVersion(PostgresTransaction& transaction, int64_t& version) {
  version = -1;
  PostgresStatement select{"SELECT version FROM shunt.schema_version"};
  select.on_row = [&version](const PostgresRow& row) {
    version = row.Int(0);
    return absl::OkStatus();
  };
  return transaction.Read({select});
}

absl::Status CheckVersion(const PostgresDatabase& database, int64_t version) {
  if (version < 0) return database.Damaged("the schema shunt has lost its version");
  if (version <= kPostgresSchemaVersion) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(database.url(), ": newer schema: version ", version,
                                          ", this program knows versions up to ",
                                          kPostgresSchemaVersion, "; use a newer shunt"));
}

absl::Status Migrate(PostgresDatabase& database, PostgresTransaction& transaction) {
  Found found;
  if (absl::Status status = Look(transaction, found); !status.ok()) return status;
  int64_t version = 0;
  if (found.version) {
    // Somebody may have been faster.
    if (absl::Status status = ReadVersion(transaction, version); !status.ok()) return status;
    if (absl::Status status = CheckVersion(database, version); !status.ok()) return status;
  } else if (found.any) {
    return database.Damaged("its schema shunt is not of a shunt store");
  }
  std::vector<PostgresStatement> statements;
  if (!found.schema) statements.push_back({"CREATE SCHEMA shunt"});
  if (version < 1) {
    for (const char* sql : kVersion1) statements.push_back({sql});
  }
  if (version < 2) {
    for (const char* sql : kVersion2) statements.push_back({sql});
  }
  if (version < 3) {
    for (const char* sql : kVersion3) statements.push_back({sql});
  }
  statements.push_back({"UPDATE shunt.schema_version SET version = $1", {kPostgresSchemaVersion}});
  return transaction.Commit(std::move(statements));
}

}  // namespace

absl::Status PreparePostgresSchema(PostgresDatabase& database) {
  Found found;
  absl::Status status =
      database.Snapshot([&](PostgresTransaction& view) { return Look(view, found); });
  if (!status.ok()) return status;
  if (found.version) {
    int64_t version = -1;
    status =
        database.Snapshot([&](PostgresTransaction& view) { return ReadVersion(view, version); });
    if (!status.ok()) return status;
    if (version == kPostgresSchemaVersion) return absl::OkStatus();
    if (status = CheckVersion(database, version); !status.ok()) return status;
  }
  return database.Write(
      PostgresDatabase::LockOf("schema", "shunt"), PostgresDatabase::UnknownCommit::kRepeat,
      [&](PostgresTransaction& transaction) { return Migrate(database, transaction); });
}

}  // namespace shunt
