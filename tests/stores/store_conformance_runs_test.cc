// Runs: epochs, the connection's lock, taking over, fencing, listings.
#include <string>
#include <vector>

#include "stores/run_retention.h"
#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

TEST_P(StoreConformance, ARunHasWhatItWasBegunWith) {
  const RunHandle run = Begin("shop", "r1");
  EXPECT_EQ(run.connection, "shop");
  EXPECT_EQ(run.run_id, "r1");
  EXPECT_GE(run.epoch, 1);
  const RunRecord record = Get(store_->FindRun("r1"));
  EXPECT_EQ(record.handle.connection, "shop");
  EXPECT_EQ(record.handle.epoch, run.epoch);
  EXPECT_EQ(record.started_at, kNow);
  EXPECT_EQ(record.finished_at, std::nullopt);
  EXPECT_EQ(record.status, "running");
  EXPECT_EQ(record.report_json, "");
}

TEST_P(StoreConformance, EpochsOrderTheRunsOfAllConnections) {
  int64_t last = 0;
  for (const char* connection : {"a", "b", "c", "d"}) {
    const RunHandle run = Begin(connection, std::string("run-") + connection);
    EXPECT_GT(run.epoch, last);
    last = run.epoch;
  }
}

TEST_P(StoreConformance, EpochsGoOnAfterARestart) {
  const int64_t before = Begin("a", "r1").epoch;
  Restart();
  EXPECT_GT(Begin("a", "r2").epoch, before);
}

TEST_P(StoreConformance, ASecondRunOfAConnectionIsAborted) {
  Begin("a", "r1");
  const absl::StatusOr<RunHandle> second = store_->BeginRun("a", "r2", kNow, false);
  EXPECT_EQ(CodeOf(second), StatusCode::kAborted);
  EXPECT_NE(second.status().ToString().find("r1"), std::string::npos) << "names the holder";
  EXPECT_EQ(CodeOf(store_->FindRun("r2")), StatusCode::kNotFound) << "and leaves no trace";
}

TEST_P(StoreConformance, ASecondRunFromAnotherStoreIsAborted) {
  Begin("a", "r1");
  const std::unique_ptr<Store> other = world_->Open();
  EXPECT_EQ(CodeOf(other->BeginRun("a", "r2", kNow, false)), StatusCode::kAborted);
}

TEST_P(StoreConformance, AnAbortedRunIdCanBeTriedAgain) {
  const RunHandle first = Begin("a", "r1");
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r2", kNow, false)), StatusCode::kAborted);
  EXPECT_OK(store_->EndRun(first, kNow, "ok", "{}"));
  EXPECT_GT(Begin("a", "r2").epoch, first.epoch);
}

TEST_P(StoreConformance, OtherConnectionsAreFree) {
  Begin("a", "r1");
  Begin("b", "r2");
  EXPECT_EQ(StatusOf("r1"), "running");
  EXPECT_EQ(StatusOf("r2"), "running");
}

TEST_P(StoreConformance, AnEndedRunFreesItsConnection) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->EndRun(run, kNow + absl::Seconds(5), "source_failed", R"({"exit_code":3})"));
  const RunRecord record = Get(store_->FindRun("r1"));
  EXPECT_EQ(record.finished_at, kNow + absl::Seconds(5));
  EXPECT_EQ(record.status, "source_failed");
  EXPECT_EQ(record.report_json, R"({"exit_code":3})");
  Begin("a", "r2");
}

TEST_P(StoreConformance, AnEndSurvivesARestart) {
  EXPECT_OK(store_->EndRun(Begin("a", "r1"), kNow, "ok", R"({"x":"é"})"));
  Restart();
  const RunRecord record = Get(store_->FindRun("r1"));
  EXPECT_EQ(record.status, "ok");
  EXPECT_EQ(record.report_json, R"({"x":"é"})");
}

TEST_P(StoreConformance, EndingTwiceIsHarmless) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->EndRun(run, kNow, "ok", "{}"));
  EXPECT_OK(store_->EndRun(run, kNow, "ok", "{}"));
  EXPECT_EQ(StatusOf("r1"), "ok");
}

TEST_P(StoreConformance, EndingAnUnknownRunIsNotFound) {
  EXPECT_EQ(CodeOf(store_->EndRun({"a", "r1", 1}, kNow, "ok", "{}")), StatusCode::kNotFound);
  const RunHandle run = Begin("a", "r1");
  RunHandle wrong_epoch = run;
  wrong_epoch.epoch += 1;
  EXPECT_EQ(CodeOf(store_->EndRun(wrong_epoch, kNow, "ok", "{}")), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf("r1"), "running");
}

TEST_P(StoreConformance, ARunWhoseProcessEndedIsDeadAndFree) {
  Begin("a", "r1");
  Restart();
  EXPECT_EQ(StatusOf("r1"), "dead");
  EXPECT_EQ(Get(store_->FindRun("r1")).finished_at, std::nullopt);
  Begin("a", "r2");
  EXPECT_EQ(StatusOf("r1"), "dead");
  EXPECT_EQ(StatusOf("r2"), "running");
}

TEST_P(StoreConformance, AnotherStoreSeesWhoIsAlive) {
  Begin("a", "r1");
  const std::unique_ptr<Store> other = world_->Open();
  EXPECT_EQ(Get(other->FindRun("r1")).status, "running");
  store_.reset();
  EXPECT_EQ(Get(other->FindRun("r1")).status, "dead");
}

TEST_P(StoreConformance, LookingDoesNotTakeTheLock) {
  Begin("a", "r1");
  const std::unique_ptr<Store> other = world_->Open();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(other->ListRuns("", 10)).size(), 1u);
  EXPECT_EQ(StatusOf("r1"), "running");
  EXPECT_EQ(CodeOf(other->BeginRun("a", "r2", kNow, false)), StatusCode::kAborted);
}

TEST_P(StoreConformance, ClosingAnotherStoreDoesNotFreeTheLock) {
  Begin("a", "r1");
  world_->Open().reset();
  EXPECT_EQ(StatusOf("r1"), "running");
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r2", kNow, false)), StatusCode::kAborted);
}

TEST_P(StoreConformance, ADeadRunCanStillBeEnded) {
  const RunHandle run = Begin("a", "r1");
  Restart();
  EXPECT_OK(store_->EndRun(run, kNow, "internal_error", "{}"));
  EXPECT_EQ(StatusOf("r1"), "internal_error");
}

TEST_P(StoreConformance, TakingOverNeedsNoLock) {
  const RunHandle old_run = Begin("a", "r1");
  const std::unique_ptr<Store> other = world_->Open();
  const RunHandle new_run = Get(other->BeginRun("a", "r2", kNow, true));
  EXPECT_GT(new_run.epoch, old_run.epoch);
  EXPECT_EQ(StatusOf("r2"), "running");
}

TEST_P(StoreConformance, TakingOverAFreeConnectionIsJustABegin) {
  EXPECT_TRUE(store_->BeginRun("a", "r1", kNow, true).ok());
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r2", kNow, false)), StatusCode::kAborted);
}

TEST_P(StoreConformance, ARunThatWasTakenOverIsFenced) {
  const RunHandle old_run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(old_run, kNow, {StreamState("s", "1")}));
  const std::unique_ptr<Store> other = world_->Open();
  const RunHandle new_run = Get(other->BeginRun("a", "r2", kNow, true));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {StreamState("s", "2")})),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Checkpoint("a"), std::vector<std::string>{"STREAM s 1"});
  EXPECT_OK(other->CommitCheckpoints(new_run, kNow, {StreamState("s", "3")}));
  EXPECT_EQ(Checkpoint("a"), std::vector<std::string>{"STREAM s 3"});
}

TEST_P(StoreConformance, AFencedRunStaysFencedWhenItsSuccessorEnds) {
  const RunHandle old_run = Begin("a", "r1");
  const RunHandle new_run = Get(store_->BeginRun("a", "r2", kNow, true));
  EXPECT_OK(store_->EndRun(new_run, kNow, "ok", "{}"));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {StreamState("s", "2")})),
            StatusCode::kFailedPrecondition);
}

TEST_P(StoreConformance, AFencedRunThatStillLivesBlocksNobody) {
  Begin("a", "r1");
  const std::unique_ptr<Store> other = world_->Open();
  EXPECT_OK(other->EndRun(Get(other->BeginRun("a", "r2", kNow, true)), kNow, "ok", "{}"));
  EXPECT_TRUE(other->BeginRun("a", "r3", kNow, false).ok());
}

TEST_P(StoreConformance, TheSuccessorHoldsTheConnectionAlsoAfterTheFencedRunEnded) {
  const RunHandle old_run = Begin("a", "r1");
  const std::unique_ptr<Store> other = world_->Open();
  ASSERT_TRUE(other->BeginRun("a", "r2", kNow, true).ok());
  EXPECT_OK(store_->EndRun(old_run, kNow, "fenced", "{}"));
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r3", kNow, false)), StatusCode::kAborted);
  EXPECT_EQ(StatusOf("r1"), "fenced");
}

TEST_P(StoreConformance, AFencedRunLearnsItFromAnEmptyCommit) {
  const RunHandle old_run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(old_run, kNow, {}));
  ASSERT_TRUE(store_->BeginRun("a", "r2", kNow, true).ok());
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {})), StatusCode::kFailedPrecondition);
}

TEST_P(StoreConformance, AnEndedRunCommitsNothing) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->EndRun(run, kNow, "ok", "{}"));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(run, kNow, {StreamState("s", "1")})),
            StatusCode::kFailedPrecondition);
}

TEST_P(StoreConformance, AForgedHandleCommitsNothing) {
  const RunHandle run = Begin("a", "r1");
  const RunHandle forged[] = {{"a", "r1", run.epoch + 1},
                              {"a", "r1", run.epoch - 1},
                              {"a", "r2", run.epoch},
                              {"b", "r1", run.epoch},
                              {"a", "r1", -1},
                              {"", "", 0}};
  for (const RunHandle& handle : forged) {
    EXPECT_EQ(CodeOf(store_->CommitCheckpoints(handle, kNow, {StreamState("s", "1")})),
              StatusCode::kFailedPrecondition)
        << handle.connection << ' ' << handle.run_id << ' ' << handle.epoch;
  }
  EXPECT_TRUE(Checkpoint("a").empty());
}

TEST_P(StoreConformance, ARestartedProcessGoesOnWithItsHandle) {
  // The epoch fences, not the lock: a run whose lock was lost is not stopped before somebody takes
  // over.
  const RunHandle run = Begin("a", "r1");
  Restart();
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "1")}));
}

TEST_P(StoreConformance, ARunIdIsUsedOnce) {
  EXPECT_OK(store_->EndRun(Begin("a", "r1"), kNow, "ok", "{}"));
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r1", kNow, false)), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->BeginRun("b", "r1", kNow, true)), StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, EmptyNamesAreInvalid) {
  EXPECT_EQ(CodeOf(store_->BeginRun("", "r1", kNow, false)), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "", kNow, false)), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->FindRun("")), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->ReplaceCheckpoint("", kNow, {})), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->UpdateConfig("", Always({}))), StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, RunsAreListedNewestFirst) {
  for (const char* id : {"r1", "r2", "r3"}) {
    EXPECT_OK(store_->EndRun(Begin("a", id), kNow, "ok", "{}"));
  }
  const std::vector<RunRecord> runs = Get(store_->ListRuns("a", 10));
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].handle.run_id, "r3");
  EXPECT_EQ(runs[2].handle.run_id, "r1");
}

TEST_P(StoreConformance, TheLimitOfAListingCountsFromTheNewest) {
  for (const char* id : {"r1", "r2", "r3"}) {
    EXPECT_OK(store_->EndRun(Begin("a", id), kNow, "ok", "{}"));
  }
  const struct {
    int limit;
    std::size_t count;
  } kCases[] = {{1, 1}, {2, 2}, {3, 3}, {100, 3}, {0, 3}, {-1, 3}};
  for (const auto& [limit, count] : kCases) {
    const std::vector<RunRecord> runs = Get(store_->ListRuns("", limit));
    ASSERT_EQ(runs.size(), count) << "limit " << limit;
    EXPECT_EQ(runs[0].handle.run_id, "r3");
  }
}

TEST_P(StoreConformance, AListingIsOfOneConnectionOrOfAll) {
  Begin("a", "r1");
  Begin("b", "r2");
  EXPECT_EQ(Get(store_->ListRuns("a", 10)).size(), 1u);
  EXPECT_EQ(Get(store_->ListRuns("b", 10))[0].handle.run_id, "r2");
  EXPECT_EQ(Get(store_->ListRuns("", 10)).size(), 2u);
  EXPECT_TRUE(Get(store_->ListRuns("c", 10)).empty());
}

TEST_P(StoreConformance, ARunIsFoundByThePrefixOfItsId) {
  Begin("a", "abc1");
  Begin("b", "abd2");
  Begin("c", "ab");
  Begin("d", "x%_é");
  const struct {
    const char* prefix;
    StatusCode code;
    const char* found;
  } kCases[] = {
      {"abc", StatusCode::kOk, "abc1"},
      {"abc1", StatusCode::kOk, "abc1"},
      {"abd", StatusCode::kOk, "abd2"},
      {"ab", StatusCode::kOk, "ab"},  // exact beats prefix
      {"a", StatusCode::kInvalidArgument, ""},
      {"abc12", StatusCode::kNotFound, ""},
      {"ABC", StatusCode::kNotFound, ""},
      {"%", StatusCode::kNotFound, ""},
      {"x%", StatusCode::kOk, "x%_é"},
      {"x%_\xc3", StatusCode::kOk, "x%_é"},  // byte by byte
      {"x__", StatusCode::kNotFound, ""},
  };
  for (const auto& [prefix, code, found] : kCases) {
    const absl::StatusOr<RunRecord> record = store_->FindRun(prefix);
    EXPECT_EQ(CodeOf(record), code) << prefix;
    if (!record.ok()) continue;
    EXPECT_EQ(record->handle.run_id, found) << prefix;
  }
}

TEST_P(StoreConformance, OddNamesAreNames) {
  for (const char* name :
       {"a b", "../../etc/passwd", "é☃😀", "'; DROP TABLE runs; --", "%", "\n"}) {
    const RunHandle run = Begin(name, std::string("run ") + name);
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "1")}));
    EXPECT_EQ(CodeOf(store_->BeginRun(name, "other", kNow, false)), StatusCode::kAborted) << name;
    EXPECT_EQ(Get(store_->ListRuns(name, 10)).size(), 1u) << name;
  }
  EXPECT_EQ(Get(store_->ListConnections()).size(), 6u);
}

TEST_P(StoreConformance, TimesKeepTheirNanoseconds) {
  const absl::Time kTimes[] = {absl::UnixEpoch(),
                               absl::FromUnixNanos(1),
                               absl::FromUnixNanos(-1),
                               absl::FromUnixMicros(1'732'300'000'123'456),
                               absl::FromUnixSeconds(253'402'300'799),  // the end of year 9999
                               absl::UnixEpoch() + absl::Nanoseconds(1) / 4};
  int number = 0;
  for (const absl::Time time : kTimes) {
    const std::string name = std::to_string(++number);
    ASSERT_TRUE(store_->BeginRun(name, name, time, false).ok());
    EXPECT_EQ(Get(store_->FindRun(name)).started_at, time) << time;
  }
}

// --- how long runs are remembered --------------------------------------------------------------

TEST_P(StoreConformance, AConnectionKeepsItsLast100Runs) {
  const auto id = [](int number) { return "r" + std::to_string(number); };
  EXPECT_OK(store_->EndRun(Begin("other", "o1"), kNow, "ok", "{}"));
  for (int i = 0; i < kRunsKept + 15; ++i) {
    EXPECT_OK(store_->EndRun(Begin("a", id(i)), kNow, "ok", R"({"n":1})"));
  }
  const std::vector<RunRecord> runs = Get(store_->ListRuns("a", 0));
  ASSERT_EQ(runs.size(), static_cast<std::size_t>(kRunsKept));
  EXPECT_EQ(runs.front().handle.run_id, id(kRunsKept + 14));
  EXPECT_EQ(runs.back().handle.run_id, id(15));
  EXPECT_EQ(CodeOf(store_->FindRun("r0")), StatusCode::kNotFound);
  EXPECT_EQ(Get(store_->ListRuns("other", 0)).size(), 1u) << "nobody else's";
  const RunHandle next = Begin("a", "next");
  EXPECT_GT(next.epoch, runs.front().handle.epoch) << "an epoch is never given twice";
  EXPECT_OK(store_->CommitCheckpoints(next, kNow, {}));
}

TEST_P(StoreConformance, RunsAreForgottenWithTheirAgeAFewAtOnce) {
  constexpr int kOld = kRunsForgottenAtOnce + 5;
  for (int i = 0; i < kOld; ++i) {
    EXPECT_OK(store_->EndRun(Begin("a", "old" + std::to_string(i)), kNow, "ok", "{}"));
  }
  const absl::Time later = kNow + kRunAgeMax + absl::Hours(1);
  EXPECT_OK(store_->EndRun(Get(store_->BeginRun("a", "new1", later, false)), later, "ok", "{}"));
  EXPECT_EQ(Get(store_->ListRuns("a", 0)).size(), 6u);
  EXPECT_OK(store_->EndRun(Get(store_->BeginRun("a", "new2", later, false)), later, "ok", "{}"));
  EXPECT_EQ(Get(store_->ListRuns("a", 0)).size(), 2u);
}

TEST_P(StoreConformance, ARunThatDidNotEndIsForgottenWhenItIsOldAndFarBack) {
  Begin("a", "dead");
  for (int i = 0; i < kRunsKept; ++i) {
    const std::string id = "r" + std::to_string(i);
    const RunHandle run = Get(store_->BeginRun("a", id, kNow, /*take_over=*/true));
    EXPECT_OK(store_->EndRun(run, kNow, "ok", "{}"));
  }
  // Far back, but not old.
  EXPECT_OK(store_->FindRun("dead").status());
  const absl::Time later = kNow + kRunAgeMax + absl::Hours(1);
  EXPECT_OK(store_->EndRun(Get(store_->BeginRun("a", "new", later, false)), later, "ok", "{}"));
  EXPECT_EQ(CodeOf(store_->FindRun("dead")), StatusCode::kNotFound);
}

}  // namespace
}  // namespace shunt
