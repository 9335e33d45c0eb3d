// The SQLite store between processes: killed writers, concurrent writers, and who is alive.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/stores/quick_dir.h"
#include "tests/stores/store_probe.h"
#include "tests/stores/writer_process.h"

namespace shunt {
namespace {

class SqliteProcesses : public ::testing::Test {
 protected:
  std::string Path() const { return directory_ / "store.db"; }

  std::unique_ptr<Store> Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(Path());
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  // What is stored after a writer died is what it announced last, or the number after it.
  void CheckAfterDeath(const WriterProcess& writer) {
    const std::unique_ptr<Store> store = Open();
    ASSERT_NE(store, nullptr);
    Check(ReadProbeState(*store), writer.announced_state(), state_);
    Check(ReadProbeConfig(*store), writer.announced_config(), config_);
  }

  static void Check(const absl::StatusOr<int64_t>& found, int64_t announced, int64_t& last) {
    ASSERT_TRUE(found.ok()) << found.status();
    announced = std::max(announced, last);
    ASSERT_TRUE(*found == announced || *found == announced + 1) << *found << " of " << announced;
    last = *found;
  }

  int64_t state_ = -1;  // what was stored after the last death
  int64_t config_ = -1;
  QuickDir directory_;
};

TEST_F(SqliteProcesses, AWriterKilledAnywhereLosesNothingItAnnounced) {
  constexpr uint64_t kSeed = 20240229;
  RecordProperty("seed", std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  for (int kill = 0; kill < 50; ++kill) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", kill " + std::to_string(kill));
    WriterProcess writer({"count", Path(), "run" + std::to_string(kill)});
    // After some announcements, and a bit of work that puts the kill anywhere in the commit that
    // follows.
    const uint64_t announcements = 1 + random() % 8;
    for (uint64_t i = 0; i < announcements; ++i) ASSERT_TRUE(writer.Next());
    volatile uint64_t spin = random() % 3'000'000;
    while (spin > 0) spin = spin - 1;
    writer.Kill();
    EXPECT_EQ(writer.Finish(), std::nullopt);
    CheckAfterDeath(writer);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(state_, 50);
}

TEST_F(SqliteProcesses, AWriterThatDiesAtAnyCallToStorageLosesNothingItAnnounced) {
  // Opening, beginning a run, a first commit, which keeps what it found, and two commits of each
  // kind take fewer calls than this (each transaction reads its pages anew).
  for (int call = 1; call <= 520; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    WriterProcess writer({"count", Path(), "run" + std::to_string(call), std::to_string(call)});
    EXPECT_EQ(writer.Finish(), std::nullopt) << "it dies by its own hand";
    CheckAfterDeath(writer);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(config_, 10);
}

TEST_F(SqliteProcesses, ConcurrentWritersEndAtTheNewestAndJournalEverything) {
  constexpr int64_t kWriters = 3, kCount = 50;
  std::vector<std::unique_ptr<WriterProcess>> writers;
  writers.reserve(kWriters);
  for (int64_t writer = 0; writer < kWriters; ++writer) {
    writers.push_back(std::make_unique<WriterProcess>(
        std::vector<std::string>{"offer", Path(), std::to_string(writer), std::to_string(kCount)}));
  }
  for (const auto& writer : writers) EXPECT_EQ(writer->Finish(), 0);
  const std::unique_ptr<Store> store = Open();
  const absl::StatusOr<ConfigDocument> end = store->ReadConfig(kProbeConfig);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->newest.effective_at_ms, kCount - 1);
  EXPECT_EQ(end->newest.epoch, kWriters - 1);
  const absl::StatusOr<std::vector<JournalRow>> journal = store->ReadJournal(kProbeConfig);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(journal->size(), static_cast<std::size_t>(kWriters * kCount));
}

TEST_F(SqliteProcesses, ARunIsAliveAsLongAsItsProcess) {
  WriterProcess holder({"hold", Path(), "r1"});
  ASSERT_EQ(holder.Next(), "begun");
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(store->FindRun("r1")->status, "running");
  EXPECT_EQ(store->BeginRun(kProbeConnection, "r2", absl::UnixEpoch(), false).status().code(),
            absl::StatusCode::kAborted);
  holder.Kill();
  holder.Finish();
  EXPECT_EQ(store->FindRun("r1")->status, "dead");
  EXPECT_TRUE(store->BeginRun(kProbeConnection, "r2", absl::UnixEpoch(), false).ok());
}

TEST_F(SqliteProcesses, ALiveProcessThatIsTakenOverIsFenced) {
  WriterProcess zombie({"count", Path(), "r1"});
  ASSERT_TRUE(zombie.Next());
  const std::unique_ptr<Store> store = Open();
  absl::StatusOr<RunHandle> run = store->BeginRun(kProbeConnection, "r2", absl::UnixEpoch(), true);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(zombie.Finish(), 1) << "its next commit is refused";
  EXPECT_TRUE(WriteProbeState(*store, *run, 1000).ok());
}

TEST_F(SqliteProcesses, AChildThatOutlivesTheRunDoesNotHoldItsLock) {
  WriterProcess holder({"fork", Path(), "r1"});
  const std::optional<std::string> begun = holder.Next();
  ASSERT_TRUE(begun && begun->starts_with("begun "));
  const auto child = static_cast<pid_t>(std::stoi(begun->substr(6)));
  holder.KillLeader();
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(::kill(child, 0), 0) << "the child is still there";
  EXPECT_EQ(store->FindRun("r1")->status, "dead");
  holder.Kill();
}

}  // namespace
}  // namespace shunt
