// Past checkpoints: what is kept for a rollback, when, and for how long.
#include <limits>

#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Strings = std::vector<std::string>;

class PastCheckpoints : public StoreConformance {
 protected:
  // "run r2: STREAM 2", newest first; "-" where there was no state, "*" where it was too big.
  Strings Past(std::string_view connection) {
    Strings lines;
    for (const PastCheckpoint& past : Get(store_->ListPastCheckpoints(connection))) {
      lines.push_back(past.cause + " " + past.run_id + ": " +
                      (past.type ? std::string(StateTypeName(*past.type)) : "-") + " " +
                      std::to_string(past.lanes) + (past.kept ? "" : "*"));
    }
    return lines;
  }
  // The states of the entry with this index, newest is 0.
  Strings States(std::string_view connection, std::size_t index) {
    const std::vector<PastCheckpoint> past = Get(store_->ListPastCheckpoints(connection));
    if (index >= past.size()) return {"there is none"};
    return Lines(Get(store_->ReadPastCheckpoint(connection, past[index].id)));
  }
  void End(const RunHandle& run) { EXPECT_OK(store_->EndRun(run, kNow, "ok", "")); }
  // A whole run that commits one state.
  void Run(const std::string& connection, const std::string& run_id, const std::string& blob) {
    const RunHandle run = Begin(connection, run_id);
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", blob)}));
    End(run);
  }
};

TEST_P(PastCheckpoints, ThereAreNoneAtFirstAndARunThatCommitsNothingLeavesNone) {
  EXPECT_TRUE(Past("a").empty());
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {}));
  End(run);
  EXPECT_TRUE(Past("a").empty());
}

TEST_P(PastCheckpoints, TheFirstCommitOfARunKeepsWhatItFound) {
  Run("a", "r1", "1");
  const RunHandle run = Begin("a", "r2");
  for (const char* blob : {"2", "3", "4"}) {
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", blob)}));
  }
  EXPECT_EQ(Past("a"), (Strings{"run r2: STREAM 1", "run r1: - 0"}));
  EXPECT_EQ(States("a", 0), Strings{"STREAM s 1"});
  EXPECT_EQ(States("a", 1), Strings{});
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM s 4"});
}

TEST_P(PastCheckpoints, ARestartInTheMiddleOfARunKeepsNothingTwice) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "1")}));
  Restart();  // another object that knows nothing of the first commit
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "2")}));
  EXPECT_EQ(Past("a"), Strings{"run r1: - 0"});
}

TEST_P(PastCheckpoints, SayWhatTheyAre) {
  const absl::Time later = kNow + absl::Seconds(1);
  EXPECT_OK(store_->ReplaceCheckpoint(
      "a", kNow, {{StateType::kStream, {"x", {}}, "é"}, {StateType::kStream, {"y", "n"}, "12"}}));
  EXPECT_OK(store_->ReplaceCheckpoint({.connection = "a", .now = later, .cause = "reset"}, {}));
  const std::vector<PastCheckpoint> past = Get(store_->ListPastCheckpoints("a"));
  ASSERT_EQ(past.size(), 2u);
  EXPECT_GT(past[0].id, past[1].id);
  EXPECT_EQ(past[0].replaced_at, later);
  EXPECT_EQ(past[0].cause, "reset");
  EXPECT_EQ(past[0].run_id, "");
  EXPECT_EQ(past[0].type, StateType::kStream);
  EXPECT_EQ(past[0].lanes, 2);
  EXPECT_EQ(past[0].bytes, 4) << "bytes, not characters";
  EXPECT_TRUE(past[0].kept);
  EXPECT_EQ(past[1].cause, "import");
}

TEST_P(PastCheckpoints, KeepLanesAndBytesOfEveryType) {
  const std::vector<StoredState> kContents[] = {
      {{StateType::kStream, {"s", {}}, R"({ "a" : 1.0 })"},
       {StateType::kStream, {"s", ""}, "\t2"},
       {StateType::kStream, {"s", "n"}, "null"},
       {StateType::kStream, {"", {}}, ""}},
      {{StateType::kGlobal, {}, "g"}},
      {{StateType::kLegacy, {}, "l"}}};
  for (const std::vector<StoredState>& states : kContents) {
    EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, states));
    const Strings before = Checkpoint("a");
    EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {}));
    Restart();
    EXPECT_EQ(States("a", 0), before);
  }
}

TEST_P(PastCheckpoints, AreOfTheirConnection) {
  Run("a", "r1", "1");
  Run("b", "r2", "2");
  Run("b", "r3", "3");
  EXPECT_EQ(Past("a").size(), 1u);
  const int64_t of_b = Get(store_->ListPastCheckpoints("b")).front().id;
  EXPECT_EQ(CodeOf(store_->ReadPastCheckpoint("a", of_b)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(store_->ReadPastCheckpoint("b", of_b + 1)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(store_->ReadPastCheckpoint("c", of_b)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(store_->ReadPastCheckpoint("b", std::numeric_limits<int64_t>::min())),
            StatusCode::kNotFound);
}

TEST_P(PastCheckpoints, AFencedCommitKeepsNothing) {
  const RunHandle old_run = Begin("a", "r1");
  const RunHandle new_run = Get(store_->BeginRun("a", "r2", kNow, true));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {StreamState("s", "1")})),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Past("a").empty());
  EXPECT_OK(store_->CommitCheckpoints(new_run, kNow, {StreamState("s", "2")}));
  EXPECT_EQ(Past("a"), Strings{"run r2: - 0"});
}

// How `state import`, `reset` and `rollback` keep a live run from committing on top of them.
TEST_P(PastCheckpoints, AReplacementInTheNameOfARunNeedsThatItHoldsTheConnection) {
  Run("a", "r1", "1");
  const RunHandle live = Begin("a", "r2");
  const RunHandle command = Get(store_->BeginRun("a", "r3", kNow, true));
  const CheckpointReplacement reset{
      .connection = "a", .now = kNow, .cause = "reset", .run = command};
  EXPECT_OK(store_->ReplaceCheckpoint(reset, {}));
  EXPECT_OK(store_->ReplaceCheckpoint(reset, {}));  // repeating is safe
  EXPECT_EQ(Past("a"), (Strings{"reset r3: STREAM 1", "run r1: - 0"}));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(live, kNow, {StreamState("s", "2")})),
            StatusCode::kFailedPrecondition);
  End(command);
  EXPECT_EQ(CodeOf(store_->ReplaceCheckpoint(reset, {{StateType::kLegacy, {}, "l"}})),
            StatusCode::kFailedPrecondition)
      << "it has ended";
  EXPECT_TRUE(Checkpoint("a").empty());
  EXPECT_EQ(Past("a").size(), 2u);
}

TEST_P(PastCheckpoints, AReplacementThatIsNoSenseIsRefusedWhole) {
  Run("a", "r1", "1");
  const RunHandle of_b = Begin("b", "r2");
  EXPECT_EQ(CodeOf(store_->ReplaceCheckpoint({.connection = "a", .now = kNow, .run = of_b}, {})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->ReplaceCheckpoint({.connection = "", .now = kNow}, {})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->ReplaceCheckpoint({.connection = "a", .now = kNow, .cause = ""}, {})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM s 1"});
  EXPECT_EQ(Past("a").size(), 1u);
}

// What --state does: the run then goes on from what it has imported itself.
TEST_P(PastCheckpoints, ARunLeavesOneAtMost) {
  Run("a", "r1", "1");
  const RunHandle run = Begin("a", "r2");
  EXPECT_OK(
      store_->ReplaceCheckpoint({.connection = "a", .now = kNow, .cause = "state-file", .run = run},
                                {{StateType::kStream, {"s", {}}, "2"}}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "3")}));
  EXPECT_EQ(Past("a"), (Strings{"state-file r2: STREAM 1", "run r1: - 0"}));
  EXPECT_EQ(States("a", 0), Strings{"STREAM s 1"});
}

// A source that has nothing new says its old state again, run after run.
TEST_P(PastCheckpoints, ARunThatChangedNothingIsNoStepBack) {
  Run("a", "r1", "1");
  for (const char* idle : {"r2", "r3", "r4"}) Run("a", idle, "1");
  EXPECT_EQ(Past("a"), (Strings{"run r4: STREAM 1", "run r1: - 0"}));
  Run("a", "r5", "2");
  EXPECT_EQ(Past("a"), (Strings{"run r5: STREAM 1", "run r1: - 0"}));
  EXPECT_EQ(States("a", 0), Strings{"STREAM s 1"});
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {}));
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {}));
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {}));
  EXPECT_EQ(Past("a"),
            (Strings{"import : - 0", "import : STREAM 1", "run r5: STREAM 1", "run r1: - 0"}));
}

// The same number of bytes is not the same state, nor is the same state of another lane.
TEST_P(PastCheckpoints, OnlyWhatIsTheSameByteByByteIsTheSame) {
  for (const StoredState& state : std::vector<StoredState>{{StateType::kStream, {"s", {}}, "1"},
                                                           {StateType::kStream, {"s", {}}, "2"},
                                                           {StateType::kStream, {"t", {}}, "2"},
                                                           {StateType::kStream, {"t", ""}, "2"},
                                                           {StateType::kGlobal, {}, "2"},
                                                           {StateType::kLegacy, {}, "2"}}) {
    EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {state}));
  }
  EXPECT_EQ(Past("a").size(), 6u);
}

TEST_P(PastCheckpoints, TheOldestGo) {
  const int64_t runs = kPastCheckpointsMax + 5;
  for (int64_t i = 0; i < runs; ++i) Run("a", "a" + std::to_string(i), std::to_string(i));
  Run("b", "b0", "of another");
  Restart();
  const Strings past = Past("a");
  EXPECT_EQ(past.size(), static_cast<std::size_t>(kPastCheckpointsMax));
  EXPECT_EQ(past.front(), "run a24: STREAM 1");
  EXPECT_EQ(past.back(), "run a5: STREAM 1");
  EXPECT_EQ(States("a", past.size() - 1), Strings{"STREAM s 4"});
  EXPECT_EQ(Past("b").size(), 1u);
}

TEST_P(PastCheckpoints, StatesAreForgottenWhenTheyAreTooManyBytes) {
  char letter = 'a';
  const auto replace = [&](int64_t bytes) {
    EXPECT_OK(store_->ReplaceCheckpoint(
        "a", kNow,
        {{StateType::kStream, {"s", {}}, std::string(static_cast<std::size_t>(bytes), letter++)}}));
  };
  replace(kPastBytesMax / 2);
  replace(kPastBytesMax / 2);
  EXPECT_EQ(Past("a"), (Strings{"import : STREAM 1", "import : - 0"}));
  replace(kPastBytesMax + 1);
  EXPECT_EQ(Past("a"), (Strings{"import : STREAM 1", "import : STREAM 1", "import : - 0"}))
      << "just as many as fit";
  replace(1);
  EXPECT_EQ(Past("a"), (Strings{"import : STREAM 1*", "import : STREAM 1", "import : STREAM 1",
                                "import : - 0"}))
      << "one that is too big alone takes the place of none";
  const std::vector<PastCheckpoint> past = Get(store_->ListPastCheckpoints("a"));
  EXPECT_EQ(past[0].bytes, kPastBytesMax + 1);
  EXPECT_EQ(CodeOf(store_->ReadPastCheckpoint("a", past[0].id)), StatusCode::kNotFound);
  EXPECT_EQ(States("a", 1)[0].size(), kPastBytesMax / 2 + 9);
  replace(2);
  EXPECT_EQ(Past("a"), (Strings{"import : STREAM 1", "import : STREAM 1*", "import : STREAM 1",
                                "import : STREAM 1*", "import : - 0"}))
      << "the oldest states go; where there were none, that is still known";
}

INSTANTIATE_TEST_SUITE_P(Stores, PastCheckpoints, ::testing::ValuesIn(AllKinds()), NameOf);

}  // namespace
}  // namespace shunt
