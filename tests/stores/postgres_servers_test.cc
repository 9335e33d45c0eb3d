// The PostgreSQL store and what an administrator may have done: settings, rights, versions,
// poolers, standbys, encodings, and a disk that is too small.
#include <stdlib.h>
#include <sys/stat.h>

#include <cctype>
#include <fstream>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "platform/process.h"
#include "stores/libpq.h"
#include "stores/postgres_session.h"
#include "tests/platform/temp_dir.h"
#include "tests/stores/postgres_case.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Stop = PostgresServer::Stop;

// --- settings
// --------------------------------------------------------------------------------------

// What a trigger sees inside of our transactions.
void RecordSetting(PostgresServer& server, const std::string& setting) {
  server.Execute("CREATE TABLE public.seen (value text)", "probe");
  server.Execute(
      "CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " INSERT INTO public.seen VALUES (current_setting('" +
          setting +
          "'));"
          " RETURN NULL; END $$",
      "probe");
  server.Execute(
      "CREATE TRIGGER see AFTER INSERT OR UPDATE ON shunt.config_journal"
      " FOR EACH ROW EXECUTE FUNCTION public.see()",
      "probe");
}

TEST_F(PostgresFaults, ARoleWithoutSynchronousCommitCommitsSynchronouslyAllTheSame) {
  server_.Execute("ALTER ROLE shunt SET synchronous_commit = off");
  server_.Execute("ALTER DATABASE probe SET synchronous_commit = off");
  const std::unique_ptr<Store> store = Open();
  RecordSetting(server_, "synchronous_commit");
  EXPECT_TRUE(WriteProbeConfig(*store, 0).ok());
  EXPECT_EQ(server_.Query("SELECT value FROM public.seen", "probe"),
            std::vector<std::string>{"on"});
}

TEST_F(PostgresFaults, WhatIsStrongerThanSynchronousCommitStays) {
  server_.Execute("ALTER ROLE shunt SET synchronous_commit = remote_apply");
  const std::unique_ptr<Store> store = Open();
  RecordSetting(server_, "synchronous_commit");
  EXPECT_TRUE(WriteProbeConfig(*store, 0).ok());
  EXPECT_EQ(server_.Query("SELECT value FROM public.seen", "probe"),
            std::vector<std::string>{"remote_apply"});
}

TEST_F(PostgresFaults, AServerThatDoesNotSyncIsTold) {
  std::vector<std::string> warnings;
  StoreOptions options;
  options.warn = [&](std::string_view text) { warnings.emplace_back(text); };
  Open(options);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("fsync=off"), std::string::npos);
}

class PostgresThatSyncs : public PostgresFaults {
 protected:
  PostgresThatSyncs() : PostgresFaults({.durable = true}) {}
};

TEST_F(PostgresThatSyncs, NeedsNoWarning) {
  StoreOptions options;
  options.warn = [](std::string_view text) { ADD_FAILURE() << std::string(text); };
  Open(options);
}

TEST_F(PostgresFaults, NothingOfASessionOutlivesATransaction) {
  const std::unique_ptr<Store> store = Open();
  EXPECT_TRUE(WriteProbeConfig(*store, 0).ok());
  EXPECT_EQ(server_.Query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
            std::vector<std::string>{"0"});
  EXPECT_EQ(server_.Query("SELECT count(*) FROM pg_stat_activity WHERE datname = 'probe'"
                          " AND state <> 'idle'"),
            std::vector<std::string>{"0"});
}

// --- refusals
// --------------------------------------------------------------------------------------

TEST_F(PostgresFaults, AReadOnlyDatabaseIsReadAndNotWritten) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(WriteProbeConfig(*store, 3).ok());
  server_.Execute("ALTER DATABASE probe SET default_transaction_read_only = on");
  server_.Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'probe'");
  EXPECT_EQ(*ReadProbeConfig(*store), 3);
  const absl::Status status = WriteProbeConfig(*store, 4);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("read-only"), std::string::npos) << status;
  EXPECT_EQ(*ReadProbeConfig(*store), 3);
}

TEST_F(PostgresFaults, TooManyConnectionsAreWaitedFor) {
  server_.Execute("ALTER DATABASE probe CONNECTION LIMIT 0");
  server_.Execute("CREATE ROLE worker LOGIN");  // a superuser is under no limit
  server_.Execute("GRANT CREATE ON DATABASE probe TO worker");
  ExpectRefused(server_.Url("probe", "worker"), StatusCode::kUnavailable, "too many connections");
  std::thread later([&] {
    Poll({}, absl::Milliseconds(100));
    server_.Execute("ALTER DATABASE probe CONNECTION LIMIT 10");
  });
  const absl::Status status = OpenStore(server_.Url("probe", "worker")).status();
  EXPECT_TRUE(status.ok()) << status;
  later.join();
}

TEST_F(PostgresFaults, ADatabaseOrUserThatIsMissingIsSaidSoAtOnce) {
  const absl::Duration start = SystemClock().MonoNow();
  EXPECT_NE(OpenStore(server_.Url("nowhere")).status().message().find("create it first"),
            std::string::npos);
  const absl::Status nobody = OpenStore(server_.Url("probe", "nobody")).status();
  EXPECT_NE(nobody.message().find("refused the login"), std::string::npos) << nobody;
  EXPECT_LT(SystemClock().MonoNow() - start, absl::Seconds(2));
}

TEST_F(PostgresFaults, AUserWithoutRightsIsToldWhichItNeeds) {
  server_.Execute("CREATE ROLE guest LOGIN");
  ExpectRefused(server_.Url("probe", "guest"), StatusCode::kUnavailable, "CREATE on the database");
  Open();
  ExpectRefused(server_.Url("probe", "guest"), StatusCode::kUnavailable, "rights");
  server_.Execute("GRANT USAGE ON SCHEMA shunt TO guest", "probe");
  server_.Execute("GRANT ALL ON ALL TABLES IN SCHEMA shunt TO guest", "probe");
  const auto store = OpenStore(server_.Url("probe", "guest"));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(WriteProbeState(**store, Begin(**store, "r1"), 0).ok());
}

TEST_F(PostgresFaults, ANewerSchemaIsRefused) {
  Open();
  server_.Execute("UPDATE shunt.schema_version SET version = 99", "probe");
  ExpectRefused(Url(), StatusCode::kDataLoss, "newer schema");
  server_.Execute("DELETE FROM shunt.schema_version", "probe");
  ExpectRefused(Url(), StatusCode::kDataLoss, "lost its version");
}

TEST_F(PostgresFaults, TheFirstSchemaIsBroughtUpToDate) {
  {
    const std::unique_ptr<Store> store = Open();
    ASSERT_TRUE(WriteProbeState(*store, Begin(*store, "r1"), 7).ok());
  }
  server_.Execute("DROP TABLE shunt.run_configs CASCADE", "probe");
  server_.Execute("DROP TABLE shunt.past_checkpoints, shunt.past_states CASCADE", "probe");
  server_.Execute("UPDATE shunt.schema_version SET version = 1", "probe");
  const std::unique_ptr<Store> store = Open();
  EXPECT_TRUE(store->ReplaceCheckpoint("b", absl::UnixEpoch(), {}).ok());
  EXPECT_EQ(server_.Query("SELECT * FROM shunt.past_checkpoints_readable", "probe").size(), 1u);
  EXPECT_EQ(*ReadProbeState(*store), 7);
  const RunRequest alone{
      .connection = "a", .run_id = "alone", .now = absl::UnixEpoch(), .exclusive_configs = {"x"}};
  EXPECT_TRUE(store->BeginRun(alone).ok());
  EXPECT_EQ(server_.Query("SELECT * FROM shunt.run_configs_readable", "probe").size(), 1u);
}

TEST_F(PostgresFaults, ASchemaOfSomebodyElseIsLeftAlone) {
  server_.Execute("CREATE SCHEMA shunt", "probe");
  server_.Execute("CREATE TABLE shunt.railway (track int)", "probe");
  ExpectRefused(Url(), StatusCode::kDataLoss, "not of a shunt store");
  server_.Execute("DROP TABLE shunt.railway", "probe");
  Open();  // an empty schema that an administrator has made
}

TEST_F(PostgresFaults, ATableOfVersionsOfSomebodyElseIsLeftAlone) {
  for (const char* column :
       {"version int4", "version text", "version bytea", "version bool", "number int8"}) {
    SCOPED_TRACE(column);
    server_.Execute("CREATE SCHEMA shunt", "probe");
    server_.Execute(std::string("CREATE TABLE shunt.schema_version (") + column + ")", "probe");
    server_.Execute("INSERT INTO shunt.schema_version VALUES ('1')", "probe");
    ExpectRefused(Url(), StatusCode::kDataLoss, "not of a shunt store");
    server_.Execute("DROP SCHEMA shunt CASCADE", "probe");
  }
}

TEST_F(PostgresFaults, AColumnOfAnotherTypeIsDamage) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(WriteProbeConfig(*store, 1).ok());
  for (const char* type : {"int4", "text", "bool"}) {
    SCOPED_TRACE(type);
    server_.Execute(std::string("ALTER TABLE shunt.configs ALTER generation TYPE ") + type +
                        " USING generation::int4::" + type,
                    "probe");
    EXPECT_EQ(store->ReadConfig(kProbeConfig).status().code(), StatusCode::kDataLoss);
    EXPECT_EQ(WriteProbeConfig(*store, 2).code(), StatusCode::kDataLoss) << "nothing is written";
  }
}

int GrantNoSingleRows(PGconn*) { return 0; }

TEST_F(PostgresFaults, RowsThatComeAllAtOnceAreTaken) {
  const auto loaded = LoadLibpq();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  Libpq libpq = **loaded;
  libpq.PQsetSingleRowMode = GrantNoSingleRows;
  const auto target = ParsePostgresUrl(libpq, Url());
  ASSERT_TRUE(target.ok()) << target.status();
  PostgresSession session(libpq, *target, -1);
  const absl::Duration deadline = SystemClock().MonoNow() + kPatience;
  ASSERT_TRUE(session.Connect(deadline).status.ok());
  std::vector<int64_t> numbers;
  PostgresStatement select{"SELECT i::int8 FROM generate_series(1, 3) AS i"};
  select.on_row = [&](const PostgresRow& row) {
    numbers.push_back(row.Int(0));
    return absl::OkStatus();
  };
  const PostgresAnswer answer = session.Run({&select, 1}, deadline);
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(numbers, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(PostgresFaults, TablesThatAreMissingAreDamage) {
  const std::unique_ptr<Store> store = Open();
  server_.Execute("DROP TABLE shunt.config_keys", "probe");
  EXPECT_EQ(ReadProbeConfig(*store).status().code(), StatusCode::kDataLoss);
}

TEST_F(PostgresFaults, NoMessageQuotesWhatIsStored) {
  const std::unique_ptr<Store> store = Open();
  server_.Execute("ALTER TABLE shunt.config_journal ADD CHECK (length(payload) < 10)", "probe");
  server_.Execute(
      "CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " RAISE EXCEPTION 'value %', convert_from(NEW.value, 'UTF8'); END $$",
      "probe");
  JournalRow row;
  row.config_id = kProbeConfig;
  row.payload = "{\"token\":\"s3cr3t\"}";
  ConfigDocument document;
  document.generation = 0;
  document.keys = {{"token", "\"s3cr3t\"", {}}};
  const auto write = [&](const ConfigChange& change) {
    return store->UpdateConfig(
        kProbeConfig, [&](const ConfigDocument&) { return absl::StatusOr<ConfigChange>(change); });
  };
  const absl::Status check = write({std::nullopt, {row}});
  server_.Execute(
      "CREATE TRIGGER tell BEFORE INSERT ON shunt.config_keys FOR EACH ROW"
      " EXECUTE FUNCTION public.tell()",
      "probe");
  const absl::Status trigger = write({document, {}});
  for (const absl::Status& status : {check, trigger}) {
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.ToString().find("s3cr3t"), std::string::npos) << status;
  }
}

// --- passwords
// -------------------------------------------------------------------------------------

// A variable for the rest of a test.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_.c_str()); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const std::string name_;
};

// A server that wants a password of "keeper", and files that only we can read.
class PostgresPasswords : public PostgresFaults {
 protected:
  PostgresPasswords() : directory_("/tmp") {
    server_.Execute("CREATE ROLE keeper LOGIN PASSWORD 'hunter2'");
    server_.Execute("GRANT CREATE ON DATABASE probe TO keeper");
    std::ofstream(server_.directory() + "/data/pg_hba.conf")
        << "local all shunt trust\nlocal all keeper scram-sha-256\n";
    server_.Execute("SELECT pg_reload_conf()");
    Await([&] { return !Opens(Keeper()); });
  }
  std::string Keeper() const { return server_.Url("probe", "keeper"); }
  static bool Opens(const std::string& url) {
    return OpenStore(url, WaitingFor(absl::Seconds(5))).ok();
  }
  std::string PrivateFile(const std::string& name, const std::string& text) {
    const std::string path = directory_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }

  const TempDir directory_;
};

TEST_F(PostgresPasswords, StandWhereLibpqLooksForThem) {
  ExpectRefused(Keeper(), StatusCode::kUnavailable, "~/.pgpass");
  {
    const Variable password("PGPASSWORD", "hunter2");
    EXPECT_TRUE(Opens(Keeper()));
  }
  {
    const Variable file("PGPASSFILE", PrivateFile("passwords", "*:*:*:keeper:hunter2\n"));
    EXPECT_TRUE(Opens(Keeper()));
  }
  EXPECT_TRUE(Opens(Keeper() + "&passfile=" + (directory_ / "passwords")));
  {
    const Variable services("PGSERVICEFILE",
                            PrivateFile("services", "[shop]\nhost=" + server_.directory() +
                                                        "\ndbname=probe\nuser=keeper\n"
                                                        "password=hunter2\n"));
    EXPECT_TRUE(Opens("postgresql:///?service=shop"));
    const Variable service("PGSERVICE", "shop");
    EXPECT_TRUE(Opens("postgresql://"));
  }
  EXPECT_FALSE(Opens(Keeper()));
}

// --- encodings
// -------------------------------------------------------------------------------------

TEST_F(PostgresFaults, EveryEncodingOfADatabaseHoldsEveryByte) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  for (const std::string encoding : {"SQL_ASCII", "LATIN1", "EUC_JP"}) {
    server_.Execute("CREATE DATABASE odd_" + encoding + " TEMPLATE template0 ENCODING '" +
                    encoding + "' LC_COLLATE 'C' LC_CTYPE 'C'");
    std::string name = "odd_" + encoding;
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    const auto store = OpenStore(server_.Url(name));
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)
                    ->ReplaceCheckpoint(bytes, absl::UnixEpoch(),
                                        {{StateType::kStream, {bytes, bytes}, bytes + "é☃"}})
                    .ok());
    const auto states = (*store)->ReadCheckpoint(bytes);
    ASSERT_TRUE(states.ok() && states->size() == 1) << states.status();
    EXPECT_EQ((*states)[0].stream.name, bytes);
    EXPECT_EQ((*states)[0].blob, bytes + "é☃");
    EXPECT_EQ((*store)->ListConnections()->at(0), bytes);
    EXPECT_FALSE(server_.Query("SELECT state FROM shunt.checkpoints_readable", name).at(0).empty());
  }
}

// --- in between
// ------------------------------------------------------------------------------------

// PgBouncer in transaction mode with two connections to the server for everybody.
class PostgresPooler : public PostgresFaults {
 protected:
  PostgresPooler() : directory_("/tmp") {
    std::ofstream(directory_ / "pooler.ini")
        << "[databases]\nprobe = host=" << server_.directory() << " dbname=probe user=shunt\n"
        << "[pgbouncer]\nlisten_addr =\nunix_socket_dir = " << directory_.path()
        << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        << "logfile = " << directory_ / "log" << "\n";
    SpawnOptions options;
    options.argv = AsPostgres({"pgbouncer", directory_ / "pooler.ini"});
    options.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    absl::StatusOr<Process> process = SpawnProcess(options);
    EXPECT_TRUE(process.ok()) << process.status();
    if (process.ok()) pooler_.emplace(*std::move(process));
    Await([&] { return OpenStore(PoolerUrl(), WaitingFor(absl::Milliseconds(200))).ok(); });
  }
  std::string PoolerUrl() const {
    return "postgresql://shunt@/probe?port=6432&host=" + directory_.path();
  }

  const TempDir directory_;
  std::optional<Process> pooler_;
};

TEST_F(PostgresPooler, InTransactionModeGivesManyWorkersTheSameAnswers) {
  constexpr int kWorkers = 6;
  constexpr int64_t kUpdates = 20;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      const auto store = OpenStore(PoolerUrl());
      ASSERT_TRUE(store.ok()) << store.status();
      const std::string name = "worker" + std::to_string(worker);
      const auto run = (*store)->BeginRun(name, name, absl::UnixEpoch(), false);
      ASSERT_TRUE(run.ok()) << run.status();
      for (int64_t i = 0; i < kUpdates; ++i) {
        const absl::Status counted = (*store)->UpdateConfig("id", [](const ConfigDocument& stored) {
          ConfigDocument document = stored;
          document.generation += 1;
          return absl::StatusOr<ConfigChange>(ConfigChange{document, {}});
        });
        EXPECT_TRUE(counted.ok()) << counted;
        EXPECT_TRUE((*store)
                        ->CommitCheckpoints(*run, absl::UnixEpoch(),
                                            {{StateType::kStream, {"s", {}}, std::to_string(i)}})
                        .ok());
      }
      EXPECT_EQ((*store)->ReadCheckpoint(name)->at(0).blob, std::to_string(kUpdates - 1));
    });
  }
  for (std::thread& worker : workers) worker.join();
  const std::unique_ptr<Store> direct = Open();
  EXPECT_EQ(direct->ReadConfig("id")->generation, kWorkers * kUpdates - 1);
  EXPECT_LE(server_.Backends("probe").size(), 2u + 2u) << "two of the pooler, and ours";
}

TEST_F(PostgresPooler, ThatIsRestartedIsFoundAgain) {
  const auto store = OpenStore(PoolerUrl());
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(WriteProbeConfig(**store, 0).ok());
  server_.StopNow(Stop::kImmediate);
  server_.Start();
  EXPECT_TRUE(WriteProbeConfig(**store, 1).ok());
}

// A hot standby: a copy of the server that only follows.
TEST_F(PostgresFaults, AStandbyIsReadAndNotWritten) {
  ASSERT_TRUE(WriteProbeConfig(*Open(), 5).ok());
  server_.StopNow(Stop::kFast);
  std::ofstream(server_.directory() + "/data/standby.signal");
  server_.Start();
  // A store that was there before: one that is opened needs no migration either.
  const std::unique_ptr<Store> store = Open(WaitingFor(absl::Seconds(2)));
  EXPECT_EQ(*ReadProbeConfig(*store), 5);
  const absl::Status status = WriteProbeConfig(*store, 6);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("standby"), std::string::npos) << status;
}

// A disk of 24 MB, of which the server has one database. It is mounted for the server only.
class PostgresFullDisk : public PostgresFaults {
 protected:
  PostgresFullDisk() : PostgresFaults({.small_disk = true}) {
    server_.Execute("CREATE TABLESPACE small LOCATION '" + server_.directory() + "/small'");
    server_.Execute("CREATE DATABASE full_disk TABLESPACE small");
  }
};

TEST_F(PostgresFullDisk, IsSaidSoAndLosesNothing) {
  const auto store = OpenStore(server_.Url("full_disk"));
  ASSERT_TRUE(store.ok()) << store.status();
  const RunHandle run = Begin(**store, "r1");
  std::mt19937_64 random(1);  // what does not shrink
  const auto incompressible = [&] {
    std::string blob(1 << 20, ' ');
    for (char& c : blob) c = static_cast<char>(random());
    return blob;
  };
  int stored = 0;
  absl::Status status;
  while (status.ok() && stored < 64) {
    status = (*store)->CommitCheckpoints(
        run, absl::UnixEpoch(),
        {{StateType::kStream, {std::to_string(stored), {}}, incompressible()}});
    if (status.ok()) ++stored;
  }
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("disk is full"), std::string::npos) << status;
  EXPECT_GT(stored, 0);
  EXPECT_EQ((*store)->ReadCheckpoint(kProbeConnection)->size(), static_cast<std::size_t>(stored));
}

}  // namespace
}  // namespace shunt
