// The SQLite store on a disk that fails: every call that touches storage is failed once, with every
// code that matters, and the power is cut at every call. What must hold: old or new, never anything
// else; what was answered with OK is there (G20, G26, G44); after a failed sync the store is not
// used any more (G45); a full disk damages nothing and the same store goes on when there is room
// again (G46).
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/stores/fault_vfs.h"
#include "tests/stores/quick_dir.h"
#include "tests/stores/store_probe.h"

namespace shunt {
namespace {

// One writing call of the store, from number 1 to number 2, and how to read it.
struct Operation {
  std::string name;
  std::function<absl::Status(Store&, const RunHandle&, int64_t)> write;
  std::function<absl::StatusOr<int64_t>(Store&)> read;
};

std::vector<Operation> Operations() {
  return {{"state",
           [](Store& s, const RunHandle& run, int64_t n) { return WriteProbeState(s, run, n); },
           ReadProbeState},
          {"config", [](Store& s, const RunHandle&, int64_t n) { return WriteProbeConfig(s, n); },
           ReadProbeConfig},
          {"end of the run",
           [](Store& s, const RunHandle& run, int64_t n) {
             return s.EndRun(run, absl::UnixEpoch(), std::to_string(n), std::to_string(n));
           },
           [](Store& s) -> absl::StatusOr<int64_t> {
             const absl::StatusOr<RunRecord> run = s.FindRun("run");
             if (!run.ok()) return run.status();
             if (run->status != run->report_json) return absl::InternalError("a mixture");
             return std::stoll(run->status);
           }}};
}

// Calls of one operation are far fewer; a loop that reaches this never got through.
constexpr int64_t kCallsMax = 500;

class SqliteFaults : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    original_ = std::make_unique<QuickDir>();
    absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(*original_ / "store.db");
    ASSERT_TRUE(store.ok()) << store.status();
    run_ = *(*store)->BeginRun(kProbeConnection, "run", absl::UnixEpoch(), false);
    ASSERT_TRUE(WriteProbeState(**store, run_, 1).ok());
    ASSERT_TRUE(WriteProbeConfig(**store, 1).ok());
  }
  static void TearDownTestSuite() { original_.reset(); }

  std::string Path() const { return *directory_ / "store.db"; }

  // A fresh copy: cheaper than making one, and these tests need thousands. That the run's lock is
  // not held does not matter: its epoch is what counts.
  void Renew() {
    store_.reset();
    vfs_.Heal();
    directory_ = std::make_unique<QuickDir>();
    std::filesystem::copy(*original_ / "store.db", Path());
    Open();
  }

  void Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(Path());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // What another process finds, with a healthy disk.
  int64_t Find(const Operation& operation) {
    store_.reset();
    vfs_.Heal();
    Open();
    absl::StatusOr<int64_t> number = operation.read(*store_);
    if (number.ok()) return *number;
    ADD_FAILURE() << number.status();
    return -2;
  }

  FaultVfs vfs_;
  std::unique_ptr<QuickDir> directory_;
  std::unique_ptr<Store> store_;

  // A store with number 1 as state and config, and the run that wrote it.
  static inline std::unique_ptr<QuickDir> original_;
  static inline RunHandle run_;
};

TEST_F(SqliteFaults, EveryCallFailedOnceLeavesOldOrNew) {
  for (const Operation& operation : Operations()) {
    for (const int code : {SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_FULL}) {
      bool got_through = false;
      for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
        SCOPED_TRACE(operation.name + ": call " + std::to_string(call) + " fails with " +
                     std::to_string(code));
        Renew();
        ASSERT_TRUE(operation.write(*store_, run_, 1).ok());  // again: ends the run
        vfs_.FailAt(call, code);
        const absl::Status status = operation.write(*store_, run_, 2);
        got_through = vfs_.calls() < call;
        ASSERT_TRUE(!got_through || status.ok()) << status;
        const int64_t found = Find(operation);
        if (status.ok()) {
          ASSERT_EQ(found, 2) << "OK means durable";
        } else {
          ASSERT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
          ASSERT_NE(status.message().find(Path()), std::string::npos) << status;
          ASSERT_TRUE(found == 1 || found == 2) << found;
        }
        ASSERT_TRUE(operation.write(*store_, run_, 3).ok()) << "a new start works";
      }
      EXPECT_TRUE(got_through);
    }
  }
}

TEST_F(SqliteFaults, ADiskThatFailsFromOneCallOnLeavesOldOrNew) {
  for (const Operation& operation : {Operations()[0], Operations()[1]}) {
    bool got_through = false;
    for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
      SCOPED_TRACE(operation.name + ": all fail from call " + std::to_string(call));
      Renew();
      vfs_.FailFrom(call, SQLITE_IOERR_WRITE);
      const absl::Status status = operation.write(*store_, run_, 2);
      got_through = vfs_.calls() < call;
      const int64_t found = Find(operation);
      ASSERT_TRUE(status.ok() ? found == 2 : found == 1 || found == 2) << found;
    }
    EXPECT_TRUE(got_through);
  }
}

TEST_F(SqliteFaults, AfterAFailedSyncTheStoreStaysFailed) {
  int64_t sync = 1;
  for (;; ++sync) {
    SCOPED_TRACE("sync " + std::to_string(sync));
    Renew();
    vfs_.FailSync(sync, SQLITE_IOERR_FSYNC);
    if (WriteProbeState(*store_, run_, 2).ok()) break;
    vfs_.Heal();  // the disk is well again, but nobody can know what it forgot
    const absl::StatusCode failed = absl::StatusCode::kUnavailable;
    EXPECT_EQ(WriteProbeState(*store_, run_, 2).code(), failed);
    EXPECT_EQ(WriteProbeConfig(*store_, 2).code(), failed);
    EXPECT_EQ(store_->ReadCheckpoint(kProbeConnection).status().code(), failed);
    EXPECT_EQ(store_->ReadConfig(kProbeConfig).status().code(), failed);
    EXPECT_EQ(store_->ListRuns("", 1).status().code(), failed);
    EXPECT_EQ(store_->EndRun(run_, absl::UnixEpoch(), "ok", "").code(), failed);
    EXPECT_EQ(vfs_.calls(), 0) << "it does not even try";
  }
  EXPECT_GT(sync, 2) << "a commit syncs the journal and the database at least";
}

TEST_F(SqliteFaults, AFailedStoreLocksNobodyOut) {
  Renew();
  vfs_.FailAt(4, SQLITE_IOERR_WRITE);
  ASSERT_FALSE(WriteProbeState(*store_, run_, 2).ok());
  vfs_.Heal();
  absl::StatusOr<std::unique_ptr<Store>> other =
      OpenStore("sqlite:" + Path(), {.busy_wait_max = absl::ZeroDuration()});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_TRUE(WriteProbeState(**other, run_, 3).ok());
}

TEST_F(SqliteFaults, AfterAFullDiskTheSameStoreGoesOn) {
  bool got_through = false;
  for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
    SCOPED_TRACE("full from call " + std::to_string(call));
    Renew();
    vfs_.FailFrom(call, SQLITE_FULL);
    const absl::Status status = WriteProbeState(*store_, run_, 2);
    got_through = vfs_.calls() < call;
    vfs_.Heal();
    if (status.ok()) continue;
    ASSERT_EQ(status.code(), absl::StatusCode::kUnavailable);
    // Unless SQLite could not even undo: then only a new start helps, and the old state is there.
    const absl::StatusOr<int64_t> old_number = ReadProbeState(*store_);
    if (old_number.ok()) {
      ASSERT_EQ(*old_number, 1) << "nothing old is damaged";
      ASSERT_TRUE(WriteProbeState(*store_, run_, 3).ok());
      ASSERT_EQ(Find(Operations()[0]), 3);
    } else {
      ASSERT_EQ(old_number.status().code(), absl::StatusCode::kUnavailable) << old_number.status();
      ASSERT_EQ(Find(Operations()[0]), 1);
    }
  }
  EXPECT_TRUE(got_through);
}

TEST_F(SqliteFaults, EveryCallFailedWhileOpeningIsAnErrorAndDamagesNothing) {
  bool got_through = false;
  for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    Renew();
    store_.reset();
    vfs_.FailAt(call, SQLITE_IOERR_READ);
    const absl::Status status = OpenProbe(Path()).status();
    got_through = vfs_.calls() < call;
    ASSERT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnavailable) << status;
    ASSERT_EQ(Find(Operations()[0]), 1);
  }
  EXPECT_TRUE(got_through);
}

TEST_F(SqliteFaults, EveryCallFailedWhileCreatingLeavesAFileThatOpens) {
  bool got_through = false;
  for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    store_.reset();
    directory_ = std::make_unique<QuickDir>();
    vfs_.FailAt(call, SQLITE_IOERR_WRITE);
    const absl::Status status = OpenProbe(Path()).status();
    got_through = vfs_.calls() < call;
    ASSERT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnavailable) << status;
    ASSERT_EQ(Find(Operations()[0]), -1);
  }
  EXPECT_TRUE(got_through);
}

// Number 2 is written, the disk stops at call `call`, the power goes. Returns whether number 2 was
// announced, and what is found afterwards.
struct AfterCut {
  bool announced = false;
  bool got_through = false;
  int64_t found = 0;
};

class SqlitePowerCut : public SqliteFaults {
 protected:
  AfterCut WriteAndCut(const Operation& operation, int64_t call, uint64_t seed,
                       FaultVfs::Disk disk) {
    AfterCut after;
    Renew();
    store_.reset();
    vfs_.Remember(disk);
    Open();
    vfs_.FailFrom(call, SQLITE_IOERR_WRITE);
    after.announced = operation.write(*store_, run_, 2).ok();
    after.got_through = vfs_.calls() < call;
    store_.reset();  // its last calls fail too, as if they had never been made
    vfs_.CutPower(seed);
    after.found = Find(operation);
    return after;
  }
};

TEST_F(SqlitePowerCut, AtEveryCallLeavesOldOrNewAndWhatWasAnnounced) {
  for (const Operation& operation : {Operations()[0], Operations()[1]}) {
    bool got_through = false;
    for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
      for (uint64_t seed = 1; seed <= 2; ++seed) {
        SCOPED_TRACE(operation.name + ": cut at call " + std::to_string(call) + ", seed " +
                     std::to_string(seed));
        const AfterCut after = WriteAndCut(operation, call, seed, FaultVfs::Disk::kHonest);
        ASSERT_TRUE(after.announced ? after.found == 2 : after.found == 1 || after.found == 2)
            << after.found;
        got_through = after.got_through;
      }
    }
    EXPECT_TRUE(got_through);
  }
}

// What an older program left: a file of the first schema, of the second and of the third.
constexpr const char* kOldSchemas[] = {
    "DROP TABLE store_identity; DROP INDEX config_journal_ages; DROP TABLE run_configs;"
    "DROP TABLE past_states; DROP TABLE past_checkpoints; PRAGMA user_version = 1",
    "DROP TABLE run_configs; DROP TABLE past_states; DROP TABLE past_checkpoints;"
    "PRAGMA user_version = 2",
    "DROP TABLE past_states; DROP TABLE past_checkpoints; PRAGMA user_version = 3"};

void MakeOld(const std::string& path, const char* schema) {
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &file), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(file, schema, nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(file), SQLITE_OK);
}

TEST_F(SqlitePowerCut, AtEveryCallOfAMigrationLeavesAStoreThatOpens) {
  for (const char* schema : kOldSchemas) {
    bool got_through = false;
    for (int64_t call = 1; call < kCallsMax && !got_through; ++call) {
      SCOPED_TRACE(std::string(schema) + ": cut at call " + std::to_string(call));
      Renew();
      store_.reset();
      MakeOld(Path(), schema);
      vfs_.Remember(FaultVfs::Disk::kHonest);
      vfs_.FailFrom(call, SQLITE_IOERR_WRITE);
      static_cast<void>(OpenProbe(Path()).status());
      got_through = vfs_.calls() < call;
      vfs_.CutPower(1);
      ASSERT_EQ(Find(Operations()[0]), 1);
      ASSERT_TRUE(store_->ReadIdentity().ok());
      ASSERT_TRUE(WriteProbeState(*store_, run_, 2).ok()) << "it asks the new table too";
    }
    EXPECT_TRUE(got_through);
  }
}

// The tests above are worth something only if they can fail.
TEST_F(SqlitePowerCut, OnADiskThatLiesLosesWhatWasAnnounced) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Renew();
    store_.reset();
    vfs_.Remember(FaultVfs::Disk::kLying);
    Open();
    ASSERT_TRUE(WriteProbeState(*store_, run_, 2).ok());
    store_.reset();
    vfs_.CutPower(seed);
    const absl::StatusOr<std::unique_ptr<Store>> after = OpenProbe(Path());
    const absl::StatusOr<int64_t> found =
        after.ok() ? ReadProbeState(**after) : absl::StatusOr<int64_t>(after.status());
    if (!found.ok() || *found != 2) ++lost;
  }
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace shunt
