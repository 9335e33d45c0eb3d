// The PostgreSQL store when the server restarts, dies, stops or holds a lock for somebody else, and
// when our own process does.
#include <signal.h>

#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "platform/io.h"
#include "stores/libpq.h"
#include "stores/postgres_database.h"
#include "tests/stores/postgres_case.h"
#include "tests/stores/writer_process.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Stop = PostgresServer::Stop;

// --- restarts
// --------------------------------------------------------------------------------------

// A writer that is never told to stop for a lost answer: it looks what became of it (G26).
class Persister {
 public:
  explicit Persister(std::unique_ptr<Store> store)
      : store_(std::move(store)), run_(Begin(*store_, "persister")) {
    thread_ = std::thread([this] { Loop(); });
  }
  ~Persister() { Finish(); }
  void Finish() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    if (thread_.joinable()) thread_.join();
  }
  int64_t announced() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return announced_;
  }
  int unknown() const { return unknown_; }

 private:
  void Loop() {
    for (int64_t number = 0; !Stopped(); ++number) {
      const absl::Status state = WriteProbeState(*store_, run_, number);
      ASSERT_TRUE(state.ok()) << state;  // is repeated inside
      absl::Status config = WriteProbeConfig(*store_, number);
      while (!config.ok()) {
        ASSERT_EQ(config.code(), StatusCode::kUnavailable) << config;
        ++unknown_;
        const absl::StatusOr<int64_t> found = ReadProbeConfig(*store_);
        ASSERT_TRUE(found.ok()) << found.status();
        ASSERT_TRUE(*found == number || *found == number - 1) << *found << " of " << number;
        if (*found == number) break;
        config = WriteProbeConfig(*store_, number);
      }
      const std::lock_guard<std::mutex> lock(mutex_);
      announced_ = number;
    }
  }
  bool Stopped() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return stop_;
  }

  const std::unique_ptr<Store> store_;
  const RunHandle run_;
  int unknown_ = 0;
  std::mutex mutex_;
  bool stop_ = false;       // guarded by mutex_
  int64_t announced_ = -1;  // guarded by mutex_
  std::thread thread_;
};

class PostgresRestarts : public PostgresFaults {
 protected:
  PostgresRestarts() : PostgresFaults({.durable = true}) {}
};

TEST_F(PostgresRestarts, InTheMiddleOfCommitsLoseNothingThatWasAnnounced) {
  constexpr uint64_t kSeed = 20260401;
  constexpr Stop kWays[] = {Stop::kImmediate, Stop::kFast, Stop::kKill};
  constexpr int kRestarts = 15;
  RecordProperty("seed", std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  Persister persister(Open());
  const std::unique_ptr<Store> reader = Open();
  for (int restart = 0; restart < kRestarts; ++restart) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", restart " + std::to_string(restart));
    const int64_t next = persister.announced() + 1 + static_cast<int64_t>(random() % 10);
    Await([&] { return persister.announced() >= next; });
    const int64_t announced = persister.announced();
    server_.StopNow(kWays[restart % 3]);
    server_.StartWithoutWaiting();
    // This waits for the server like everybody else.
    const absl::StatusOr<int64_t> config = ReadProbeConfig(*reader);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_GE(*config, announced);
    const absl::StatusOr<int64_t> state = ReadProbeState(*reader);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_GE(*state, announced);
  }
  persister.Finish();
  EXPECT_EQ(*ReadProbeConfig(*reader), persister.announced());
  const int64_t updates = persister.announced() + 1;
  const auto journal = reader->ReadJournal(kProbeConfig);
  ASSERT_TRUE(journal.ok()) << journal.status();
  if (updates <= 1000) {
    EXPECT_EQ(static_cast<int64_t>(journal->size()), updates) << "each once";
  }
  ::printf("%d restarts, %ld updates, %d lost answers, seed %lu\n", kRestarts,
           static_cast<long>(updates), persister.unknown(), static_cast<unsigned long>(kSeed));
}

TEST_F(PostgresFaults, ABackendThatIsTerminatedIsReplaced) {
  const std::unique_ptr<Store> store = Open();
  const RunHandle run = Begin(*store, "r1");
  for (int64_t i = 0; i < 5; ++i) {
    server_.Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'probe'");
    EXPECT_TRUE(WriteProbeState(*store, run, i).ok());
    server_.Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'probe'");
    EXPECT_TRUE(WriteProbeConfig(*store, i).ok()) << "nothing was sent yet: it is no lost answer";
  }
  EXPECT_EQ(*ReadProbeState(*store), 4);
}

TEST_F(PostgresFaults, ABackendThatIsKilledTakesTheServerDownForAMoment) {
  const std::unique_ptr<Store> store = Open();
  const RunHandle run = Begin(*store, "r1");
  for (int64_t i = 0; i < 3; ++i) {
    for (const pid_t pid : server_.Backends("probe")) ::kill(pid, SIGKILL);
    EXPECT_TRUE(WriteProbeState(*store, run, i).ok());
  }
  EXPECT_EQ(*ReadProbeState(*store), 2);
}

// --- deadlines
// -------------------------------------------------------------------------------------

TEST_F(PostgresFaults, AStoppedBackendIsGivenUpAtTheDeadline) {
  const std::unique_ptr<Store> store = Open(WaitingFor(absl::Milliseconds(400)));
  const RunHandle run = Begin(*store, "r1");
  ASSERT_TRUE(WriteProbeState(*store, run, 0).ok());
  const std::vector<pid_t> backends = server_.Backends("probe");
  ASSERT_FALSE(backends.empty());
  for (const pid_t pid : backends) ::kill(pid, SIGSTOP);
  const absl::Duration start = SystemClock().MonoNow();
  const absl::Status status = WriteProbeState(*store, run, 1);
  const absl::Duration took = SystemClock().MonoNow() - start;
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_GE(took, absl::Milliseconds(400));
  EXPECT_LT(took, absl::Seconds(2));
  for (const pid_t pid : backends) ::kill(pid, SIGCONT);
  EXPECT_TRUE(WriteProbeState(*store, run, 2).ok()) << "over a new connection";
  EXPECT_EQ(*ReadProbeState(*store), 2);
}

TEST_F(PostgresFaults, AStoppedServerIsGivenUpAtTheDeadline) {
  const std::unique_ptr<Store> store = Open(WaitingFor(absl::Milliseconds(400)));
  const RunHandle run = Begin(*store, "r1");
  const std::vector<pid_t> backends = server_.Backends("probe");
  ::kill(server_.pid(), SIGSTOP);  // it also accepts nobody new
  for (const pid_t pid : backends) ::kill(pid, SIGSTOP);
  const absl::Duration start = SystemClock().MonoNow();
  EXPECT_EQ(ReadProbeState(*store).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(WriteProbeConfig(*store, 0).code(), StatusCode::kUnavailable);
  EXPECT_EQ(OpenStore(Url(), WaitingFor(absl::Milliseconds(400))).status().code(),
            StatusCode::kUnavailable);
  EXPECT_LT(SystemClock().MonoNow() - start, absl::Seconds(4));
  ::kill(server_.pid(), SIGCONT);
  for (const pid_t pid : backends) ::kill(pid, SIGCONT);
  Await([&] { return WriteProbeState(*store, run, 1).ok(); });
}

TEST_F(PostgresFaults, AServerThatIsGoneIsSaidSo) {
  const std::unique_ptr<Store> store = Open(WaitingFor(absl::Milliseconds(300)));
  const RunHandle run = Begin(*store, "r1");
  server_.StopNow(Stop::kFast);
  const absl::Status status = WriteProbeState(*store, run, 0);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("cannot be reached"), std::string::npos) << status;
  ExpectRefused(Url(), StatusCode::kUnavailable, "cannot be reached");
  server_.Start();
  EXPECT_TRUE(WriteProbeState(*store, run, 1).ok());
}

TEST_F(PostgresFaults, ALockThatIsHeldForeverIsGivenUpAtTheDeadline) {
  const std::unique_ptr<Store> store = Open(WaitingFor(absl::Milliseconds(500)));
  const std::unique_ptr<Store> holder = Open();
  const absl::Status status = holder->UpdateConfig(kProbeConfig, [&](const ConfigDocument&) {
    // Inside the holder's transaction.
    const absl::Status waited = WriteProbeConfig(*store, 0);
    EXPECT_EQ(waited.code(), StatusCode::kUnavailable);
    EXPECT_NE(waited.message().find("locked"), std::string::npos) << waited;
    return absl::StatusOr<ConfigChange>(ConfigChange());
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(WriteProbeConfig(*store, 0).ok());
}

TEST_F(PostgresFaults, AWorkerThatStandsStillInATransactionDoesNotHoldTheLockForever) {
  const std::unique_ptr<Store> stopped = Open(WaitingFor(absl::Milliseconds(600)));
  const std::unique_ptr<Store> other = Open();
  int decisions = 0;
  const absl::Status status = stopped->UpdateConfig(kProbeConfig, [&](const ConfigDocument&) {
    // The server ends this transaction after a second, and then the other one gets through.
    if (++decisions == 1) {
      EXPECT_TRUE(WriteProbeConfig(*other, 7).ok());
    }
    return absl::StatusOr<ConfigChange>(ConfigChange());
  });
  EXPECT_EQ(*ReadProbeConfig(*other), 7) << status;
}

// A worker that was stopped between two statements of a pipeline. As long as the server waits for
// the pipeline's end, none of its timeouts counts.
class StoppedInAPipeline {
 public:
  StoppedInAPipeline(const std::string& url, int64_t lock) : libpq_(**LoadLibpq()) {
    const char* const keywords[] = {"dbname", nullptr};
    const char* const values[] = {url.c_str(), nullptr};
    connection_ = libpq_.PQconnectStartParams(keywords, values, 1);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
      PollRequest socket{libpq_.PQsocket(connection_), state == PGRES_POLLING_READING,
                         state == PGRES_POLLING_WRITING, false};
      Poll({&socket, 1}, absl::InfiniteDuration());
      state = libpq_.PQconnectPoll(connection_);
    }
    EXPECT_EQ(libpq_.PQenterPipelineMode(connection_), 1);
    Send("BEGIN");
    Send(
        "SELECT set_config('idle_in_transaction_session_timeout', '1000', true),"
        " set_config('statement_timeout', '1000', true)");
    Send(absl::StrCat("SELECT pg_advisory_xact_lock(", lock, ")"));
    EXPECT_EQ(libpq_.PQflush(connection_), 0);
  }
  ~StoppedInAPipeline() { libpq_.PQfinish(connection_); }

 private:
  void Send(const std::string& sql) {
    EXPECT_EQ(libpq_.PQsendQueryParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr,
                                       nullptr, 0),
              1);
  }
  const Libpq& libpq_;
  PGconn* connection_;
};

TEST_F(PostgresFaults, AWorkerThatIsStoppedInAPipelineDoesNotHoldTheLockForever) {
  const std::unique_ptr<Store> store = Open(WaitingFor(absl::Seconds(6)));
  const StoppedInAPipeline stopped(Url(), PostgresDatabase::LockOf("config", kProbeConfig));
  const char kHeld[] = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted";
  Await([&] { return server_.Query(kHeld, "probe").size() == 1; });
  const absl::Status status = WriteProbeConfig(*store, 7);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(*ReadProbeConfig(*store), 7);
  EXPECT_TRUE(server_.Query(kHeld, "probe").empty());
}

// --- many at once
// ----------------------------------------------------------------------------------

TEST_F(PostgresFaults, EightFirstStartsAtOnceMakeOneStore) {
  std::vector<std::unique_ptr<WriterProcess>> workers;
  for (int i = 0; i < 8; ++i) {
    workers.push_back(std::make_unique<WriterProcess>(std::vector<std::string>{"open", Url()}));
  }
  for (const auto& worker : workers) EXPECT_EQ(worker->Finish(), 0);
  EXPECT_EQ(server_.Query("SELECT version FROM shunt.schema_version", "probe").size(), 1u);
}

TEST_F(PostgresFaults, ConcurrentWritersEndAtTheNewestAndJournalEverything) {
  constexpr int64_t kWriters = 8, kCount = 50;
  Open();
  std::vector<std::unique_ptr<WriterProcess>> writers;
  for (int64_t writer = 0; writer < kWriters; ++writer) {
    writers.push_back(std::make_unique<WriterProcess>(
        std::vector<std::string>{"offer", Url(), std::to_string(writer), std::to_string(kCount)}));
  }
  for (const auto& writer : writers) EXPECT_EQ(writer->Finish(), 0);
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(store->ReadConfig(kProbeConfig)->newest.effective_at_ms, kCount - 1);
  EXPECT_EQ(store->ReadConfig(kProbeConfig)->newest.epoch, kWriters - 1);
  EXPECT_EQ(store->ReadJournal(kProbeConfig)->size(), static_cast<std::size_t>(kWriters * kCount));
}

// --- leases
// ----------------------------------------------------------------------------------------

TEST_F(PostgresFaults, ARunLivesAsLongAsItsProcessAndItsLeaseLonger) {
  WriterProcess holder({"hold", Url(), "r1"});
  ASSERT_EQ(holder.Next(), "begun");
  const std::unique_ptr<Store> store = Open();
  // Longer than a lease: it was renewed.
  const absl::Duration until = SystemClock().MonoNow() + 1.5 * kProbeLease;
  Await([&] { return SystemClock().MonoNow() > until; });
  EXPECT_EQ(store->FindRun("r1")->status, "running");
  EXPECT_EQ(store->BeginRun(kProbeConnection, "r2", absl::UnixEpoch(), false).status().code(),
            StatusCode::kAborted);
  holder.Kill();
  holder.Finish();
  Await([&] { return store->FindRun("r1")->status == "dead"; });
  EXPECT_TRUE(store->BeginRun(kProbeConnection, "r2", absl::UnixEpoch(), false).ok());
}

TEST_F(PostgresFaults, AStoppedProcessLosesItsLeaseAndGoesOnWhenNobodyTookOver) {
  WriterProcess writer({"count", Url(), "r1"});
  ASSERT_TRUE(writer.Next());
  const std::unique_ptr<Store> store = Open();
  writer.Pause();
  Await([&] { return store->FindRun("r1")->status == "dead"; });
  const int64_t stored = *ReadProbeConfig(*store);
  writer.Resume();
  Await([&] { return store->FindRun("r1")->status == "running"; });
  while (writer.announced_config() <= stored + 1 && writer.Next()) {
  }
  EXPECT_GT(writer.announced_config(), stored + 1);
  writer.Kill();
  EXPECT_EQ(writer.Finish(), std::nullopt) << "it was still writing";
}

TEST_F(PostgresFaults, AStoppedProcessThatWasTakenOverIsFenced) {
  WriterProcess writer({"count", Url(), "r1"});
  ASSERT_TRUE(writer.Next());
  const std::unique_ptr<Store> store = Open();
  writer.Pause();
  Await([&] { return store->FindRun("r1")->status == "dead"; });
  const absl::StatusOr<RunHandle> run =
      store->BeginRun(kProbeConnection, "r2", absl::UnixEpoch(), false);
  ASSERT_TRUE(run.ok()) << run.status();
  writer.Resume();
  EXPECT_EQ(writer.Finish(), 1) << "its next commit is refused";
  EXPECT_TRUE(WriteProbeState(*store, *run, 1000).ok());
}

TEST_F(PostgresFaults, AStoppedProcessLosesItsConfigsAndIsFencedWhenItComesBack) {
  WriterProcess writer({"alone", Url(), "r1", "x"});
  ASSERT_TRUE(writer.Next());
  const std::unique_ptr<Store> store = Open();
  const RunRequest other{
      .connection = "other", .run_id = "r2", .now = absl::UnixEpoch(), .exclusive_configs = {"x"}};
  EXPECT_EQ(store->BeginRun(other).status().code(), StatusCode::kAborted);
  writer.Pause();
  Await([&] { return store->FindRun("r1")->status == "dead"; });
  const absl::StatusOr<RunHandle> run = store->BeginRun(other);
  ASSERT_TRUE(run.ok()) << run.status();
  writer.Resume();
  EXPECT_EQ(writer.Finish(), 1) << "its next commit is refused, although nobody has its connection";
}

TEST_F(PostgresFaults, ARunSurvivesAServerThatIsAwayForAMoment) {
  StoreOptions options;
  options.run_lease = kProbeLease;
  const std::unique_ptr<Store> store = Open(options);
  Begin(*store, "r1");
  server_.StopNow(Stop::kImmediate);
  server_.Start();
  const absl::Duration until = SystemClock().MonoNow() + 1.5 * kProbeLease;
  Await([&] { return SystemClock().MonoNow() > until; });
  EXPECT_EQ(Open()->FindRun("r1")->status, "running");
}

}  // namespace
}  // namespace shunt
