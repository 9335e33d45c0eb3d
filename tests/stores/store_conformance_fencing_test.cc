// Fencing, as a matrix: what a run may still do, by what has become of it (G18). Also: messages,
// and which of several refusals is given.
#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Strings = std::vector<std::string>;

// What has become of run "r1" of connection "a".
enum class Fate { kLives, kEnded, kDied, kTakenOver, kTakenOverAndEnded, kTakenOverAndBothEnded };

class StoreFencing : public StoreConformance {
 protected:
  // The run, whose state was "old" before that.
  RunHandle Meet(Fate fate) {
    RunHandle run = Begin("a", "r1");
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "old")}));
    switch (fate) {
      case Fate::kLives:
        break;
      case Fate::kEnded:
        EXPECT_OK(store_->EndRun(run, kNow, "ok", "{}"));
        break;
      case Fate::kDied:
        Restart();
        break;
      case Fate::kTakenOver:
        TakeOver();
        break;
      case Fate::kTakenOverAndEnded:
        TakeOver();
        EXPECT_OK(store_->EndRun(run, kNow, "fenced", "{}"));
        break;
      case Fate::kTakenOverAndBothEnded:
        EXPECT_OK(store_->EndRun(TakeOver(), kNow, "ok", "{}"));
        EXPECT_OK(store_->EndRun(run, kNow, "fenced", "{}"));
        break;
    }
    return run;
  }
  RunHandle TakeOver() {
    if (other_ == nullptr) other_ = world_->Open();
    return Get(other_->BeginRun("a", "r2", kNow, true));
  }

  void ExpectCommits(Fate fate, bool commits) {
    const RunHandle run = Meet(fate);
    const StatusCode code = commits ? StatusCode::kOk : StatusCode::kFailedPrecondition;
    EXPECT_EQ(CodeOf(store_->CommitCheckpoints(run, kNow, {})), code);
    EXPECT_EQ(CodeOf(store_->CommitCheckpoints(run, kNow, {StreamState("s", "new")})), code);
    EXPECT_EQ(Checkpoint("a"), Strings{commits ? "STREAM s new" : "STREAM s old"});
  }
  void ExpectNewcomer(Fate fate, bool welcome) {
    Meet(fate);
    const std::unique_ptr<Store> newcomer = world_->Open();
    EXPECT_EQ(CodeOf(newcomer->BeginRun("a", "r3", kNow, false)),
              welcome ? StatusCode::kOk : StatusCode::kAborted);
  }
  // What is not a state is not fenced.
  void ExpectTheRest(Fate fate) {
    const RunHandle run = Meet(fate);
    EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {MakeRow(1)}})));
    EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 1u);
    EXPECT_OK(store_->EndRun(run, kNow, "signal", "{\"late\":true}"));
    EXPECT_EQ(StatusOf("r1"), "signal");
    EXPECT_EQ(Get(store_->FindRun("r1")).report_json, "{\"late\":true}");
  }

  std::unique_ptr<Store> other_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreFencing, ::testing::ValuesIn(AllKinds()), NameOf);

TEST_P(StoreFencing, ALiveRunCommits) { ExpectCommits(Fate::kLives, true); }
TEST_P(StoreFencing, AnEndedRunDoesNotCommit) { ExpectCommits(Fate::kEnded, false); }
TEST_P(StoreFencing, ARunOfADeadProcessCommitsUntilSomebodyTakesOver) {
  ExpectCommits(Fate::kDied, true);
}
TEST_P(StoreFencing, ATakenOverRunDoesNotCommit) { ExpectCommits(Fate::kTakenOver, false); }
TEST_P(StoreFencing, ATakenOverRunThatEndedDoesNotCommit) {
  ExpectCommits(Fate::kTakenOverAndEnded, false);
}
TEST_P(StoreFencing, ATakenOverRunDoesNotCommitWhenAllHaveEnded) {
  ExpectCommits(Fate::kTakenOverAndBothEnded, false);
}

TEST_P(StoreFencing, ALiveRunKeepsNewcomersOut) { ExpectNewcomer(Fate::kLives, false); }
TEST_P(StoreFencing, AnEndedRunLetsNewcomersIn) { ExpectNewcomer(Fate::kEnded, true); }
TEST_P(StoreFencing, ADeadRunLetsNewcomersIn) { ExpectNewcomer(Fate::kDied, true); }
TEST_P(StoreFencing, TheSuccessorKeepsNewcomersOut) { ExpectNewcomer(Fate::kTakenOver, false); }
TEST_P(StoreFencing, TheSuccessorKeepsNewcomersOutAlsoAloneInTheHouse) {
  ExpectNewcomer(Fate::kTakenOverAndEnded, false);
}
TEST_P(StoreFencing, WhenAllHaveEndedNewcomersAreLetIn) {
  ExpectNewcomer(Fate::kTakenOverAndBothEnded, true);
}

TEST_P(StoreFencing, ALiveRunJournalsAndEnds) { ExpectTheRest(Fate::kLives); }
TEST_P(StoreFencing, AnEndedRunJournalsAndEndsAgain) { ExpectTheRest(Fate::kEnded); }
TEST_P(StoreFencing, ADeadRunJournalsAndEnds) { ExpectTheRest(Fate::kDied); }
TEST_P(StoreFencing, ATakenOverRunJournalsAndEnds) { ExpectTheRest(Fate::kTakenOver); }
TEST_P(StoreFencing, ATakenOverRunThatEndedJournalsAndEndsAgain) {
  ExpectTheRest(Fate::kTakenOverAndEnded);
}

TEST_P(StoreFencing, AChainOfTakeOversLeavesTheLastOne) {
  std::vector<RunHandle> runs;
  for (int i = 0; i < 6; ++i) {
    runs.push_back(Get(store_->BeginRun("a", "r" + std::to_string(i), kNow, true)));
  }
  for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
    EXPECT_EQ(CodeOf(store_->CommitCheckpoints(runs[i], kNow, {StreamState("s", "x")})),
              StatusCode::kFailedPrecondition);
  }
  EXPECT_OK(store_->CommitCheckpoints(runs.back(), kNow, {StreamState("s", "last")}));
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM s last"});
}

TEST_P(StoreFencing, TakingOverOneConnectionLeavesTheOthersAlone) {
  const RunHandle b = Begin("b", "rb");
  Meet(Fate::kTakenOver);
  EXPECT_OK(store_->CommitCheckpoints(b, kNow, {StreamState("s", "1")}));
  EXPECT_EQ(StatusOf("rb"), "running");
}

TEST_P(StoreFencing, ARefusedBeginChangesNothingForTheHolder) {
  const RunHandle run = Meet(Fate::kLives);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(CodeOf(world_->Open()->BeginRun("a", "x" + std::to_string(i), kNow, false)),
              StatusCode::kAborted);
  }
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "new")}));
  EXPECT_EQ(Get(store_->ListRuns("a", 0)).size(), 1u);
}

TEST_P(StoreFencing, ReplacingACheckpointNeedsNoRightAndGivesNone) {
  const RunHandle run = Meet(Fate::kTakenOver);
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {{StateType::kStream, {"s", {}}, "imported"}}));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(run, kNow, {StreamState("s", "new")})),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM s imported"});
}

TEST_P(StoreFencing, TheSuccessorStartsFromWhatTheFencedRunCommitted) {
  const RunHandle old_run = Begin("a", "r1");
  EXPECT_OK(
      store_->CommitCheckpoints(old_run, kNow, {StreamState("x", "1"), StreamState("y", "1")}));
  const RunHandle new_run = TakeOver();
  EXPECT_EQ(Lines(Get(other_->ReadCheckpoint("a"))), (Strings{"STREAM x 1", "STREAM y 1"}));
  EXPECT_OK(other_->CommitCheckpoints(new_run, kNow, {StreamState("x", "2")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM x 2", "STREAM y 1"}));
}

TEST_P(StoreFencing, AHandleWithOneWrongPartEndsNothing) {
  const RunHandle run = Meet(Fate::kLives);
  const RunHandle forged[] = {{"b", run.run_id, run.epoch},
                              {run.connection, "r", run.epoch},
                              {run.connection, run.run_id, run.epoch + 1},
                              {run.connection, run.run_id, -1}};
  for (const RunHandle& handle : forged) {
    EXPECT_EQ(CodeOf(store_->EndRun(handle, kNow, "ok", "{}")), StatusCode::kNotFound);
  }
  EXPECT_EQ(StatusOf("r1"), "running");
}

// --- words
// -----------------------------------------------------------------------------------------

constexpr char kSecret[] = "s3cr3t-t0ken";

void ExpectNoSecret(const absl::Status& status) {
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(status.message().empty());
  EXPECT_EQ(status.ToString().find(kSecret), std::string::npos) << status;
}

TEST_P(StoreFencing, ARefusalNamesRunAndConnection) {
  const absl::Status status =
      store_->CommitCheckpoints(Meet(Fate::kTakenOver), kNow, {StreamState("s", "x")});
  EXPECT_NE(status.message().find("r1"), std::string::npos) << status;
  EXPECT_NE(status.message().find("connection a"), std::string::npos) << status;
}

TEST_P(StoreFencing, ARefusedCommitQuotesNoState) {
  const RunHandle run = Meet(Fate::kTakenOver);
  ExpectNoSecret(store_->CommitCheckpoints(run, kNow, {StreamState("s", kSecret)}));
  ExpectNoSecret(
      store_->CommitCheckpoints(run, kNow, {StreamState(kSecret, kSecret), GlobalState(kSecret)}));
}

TEST_P(StoreFencing, ARefusedUpdateQuotesNoConfig) {
  ConfigDocument document = MakeDocument(-1);
  document.keys = {{kSecret, kSecret, {}}};
  ExpectNoSecret(store_->UpdateConfig("id", Always({document, {}})));
  JournalRow row = MakeRow(1);
  row.config_id = "other";
  row.payload = row.reason = row.emitted_at_text = kSecret;
  ExpectNoSecret(store_->UpdateConfig("id", Always({std::nullopt, {row}})));
  ExpectNoSecret(store_->RewriteConfig("id", [&](const auto&, const auto&) {
    return absl::StatusOr<ConfigChange>(ConfigChange{document, {row}});
  }));
}

TEST_P(StoreFencing, ARefusedImportQuotesNoState) {
  ExpectNoSecret(store_->ReplaceCheckpoint(
      "a", kNow,
      {{StateType::kGlobal, {}, kSecret}, {StateType::kStream, {kSecret, kSecret}, kSecret}}));
}

TEST_P(StoreFencing, MixedTypesAreRefusedBeforeTheFenceIsAsked) {
  const RunHandle run = Meet(Fate::kTakenOver);
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(run, kNow, {StreamState("s", "x"), GlobalState("y")})),
            StatusCode::kInvalidArgument);
}

TEST_P(StoreFencing, AUsedRunIdIsRefusedBeforeTheHolderIsAsked) {
  Meet(Fate::kLives);
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r1", kNow, false)), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->BeginRun("a", "r1", kNow, true)), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace shunt
