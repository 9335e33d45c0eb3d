// Checkpoints: lanes, types, removal, replacement, the source's bytes.
#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Strings = std::vector<std::string>;

TEST_P(StoreConformance, ANewConnectionHasNoCheckpoint) {
  EXPECT_TRUE(Checkpoint("a").empty());
  Begin("a", "r1");
  EXPECT_TRUE(Checkpoint("a").empty());
}

TEST_P(StoreConformance, AStateIsReadBackAsItWas) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("users", R"({"cursor": 1.0})")}));
  EXPECT_EQ(Checkpoint("a"), Strings{R"(STREAM users {"cursor": 1.0})"});
}

TEST_P(StoreConformance, ACheckpointSurvivesARestart) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(
      store_->CommitCheckpoints(run, kNow, {StreamState("users", "1"), StreamState("b", "2")}));
  Restart();
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM b 2", "STREAM users 1"}));
}

TEST_P(StoreConformance, ANewerStateReplacesThatOfItsLaneOnly) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "1"), StreamState("y", "1")}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "2")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM x 2", "STREAM y 1"}));
}

TEST_P(StoreConformance, TheLastWriteOfALaneInOneCommitWins) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(
      run, kNow, {StreamState("x", "1"), StreamGone("x"), StreamState("x", "2")}));
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM x 2"});
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "3"), StreamGone("x")}));
  EXPECT_TRUE(Checkpoint("a").empty());
}

TEST_P(StoreConformance, AWriteWithoutBlobRemovesItsLane) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "1"), StreamState("y", "1")}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamGone("x"), StreamGone("never seen")}));
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM y 1"});
}

TEST_P(StoreConformance, TheTextNullIsAStateAndNoRemoval) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "null"), StreamState("y", "")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM x null", "STREAM y "}));
}

TEST_P(StoreConformance, NamespacesMakeLanes) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow,
                                      {StreamState("x", "none"), StreamState("x", "empty", ""),
                                       StreamState("x", "public", "public")}));
  EXPECT_EQ(Checkpoint("a"),
            (Strings{"STREAM x none", "STREAM x@ empty", "STREAM x@public public"}));
}

TEST_P(StoreConformance, RemovingALaneLeavesTheOtherNamespaces) {
  const struct {
    std::optional<std::string> removed;
    Strings left;
  } kCases[] = {
      {std::nullopt, {"STREAM x@ 2", "STREAM x@p 3"}},
      {"", {"STREAM x 1", "STREAM x@p 3"}},
      {"p", {"STREAM x 1", "STREAM x@ 2"}},
      {"q", {"STREAM x 1", "STREAM x@ 2", "STREAM x@p 3"}},
  };
  int number = 0;
  for (const auto& [removed, left] : kCases) {
    const std::string connection = std::to_string(++number);
    const RunHandle run = Begin(connection, connection);
    EXPECT_OK(store_->CommitCheckpoints(run, kNow,
                                        {StreamState("x", "1"), StreamState("x", "2", ""),
                                         StreamState("x", "3", "p"), StreamGone("x", removed)}));
    EXPECT_EQ(Checkpoint(connection), left) << removed.value_or("(none)");
  }
}

TEST_P(StoreConformance, LanesAreListedByNameThenNamespace) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(
      run, kNow,
      {StreamState("é", "7"), StreamState("b", "6"), StreamState("a b", "5"),
       StreamState("a", "4", "z"), StreamState("a", "2", ""), StreamState("a", "3", "Z"),
       StreamState("a", "1"), StreamState("B", "0")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM B 0", "STREAM a 1", "STREAM a@ 2", "STREAM a@Z 3",
                                      "STREAM a@z 4", "STREAM a b 5", "STREAM b 6", "STREAM é 7"}));
}

TEST_P(StoreConformance, NamesAreComparedByteByByte) {
  const RunHandle run = Begin("a", "r1");
  const Strings names = {"users",        "Users",         "users ", std::string("users\0", 6),
                         "us\xc3\xa9rs", "use\xcc\x81rs", "😀",     "'"};
  std::vector<CheckpointWrite> writes;
  for (const std::string& name : names) writes.push_back(StreamState(name, "of " + name));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  Restart();
  const std::vector<StoredState> states = Get(store_->ReadCheckpoint("a"));
  EXPECT_EQ(states.size(), names.size());
  for (const StoredState& state : states) EXPECT_EQ(state.blob, "of " + state.stream.name);
}

TEST_P(StoreConformance, BlobsKeepTheirBytes) {
  const RunHandle run = Begin("a", "r1");
  const Strings blobs = {
      R"({ "b":1 , "a" : 1.0e+2 })",
      R"({"a":1,"a":2})",
      R"({"n":12345678901234567890123456789,"m":1e400})",
      R"({"s":"\ud800 \u2028 \/ \u0000"})",
      "{\"s\":\"é☃😀\xe2\x80\xa8\"}",
      "\t{\r\n}\t",
      "[]",
      "-0",
      "12",
      "1.50",
  };
  for (const std::string& blob : blobs) {
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", blob)}));
    Restart();
    EXPECT_EQ(Get(store_->ReadCheckpoint("a"))[0].blob, blob);
  }
}

TEST_P(StoreConformance, ABigStateFits) {
  const RunHandle run = Begin("a", "r1");
  std::string blob(20 << 20, 'x');
  blob.front() = '"';
  blob.back() = '"';
  EXPECT_OK(
      store_->CommitCheckpoints(run, kNow, {StreamState("big", blob), StreamState("s", "1")}));
  Restart();
  const std::vector<StoredState> states = Get(store_->ReadCheckpoint("a"));
  ASSERT_EQ(states.size(), 2u);
  EXPECT_TRUE(states[0].blob == blob);  // not EXPECT_EQ, which would print it
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("big", "small")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM big small", "STREAM s 1"}));
}

TEST_P(StoreConformance, ManyLanesFit) {
  const RunHandle run = Begin("a", "r1");
  std::vector<CheckpointWrite> writes;
  writes.reserve(2000);
  for (int i = 0; i < 2000; ++i) writes.push_back(StreamState(std::to_string(i), "1"));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  EXPECT_EQ(Checkpoint("a").size(), 2000u);
}

TEST_P(StoreConformance, GlobalAndLegacyHaveOneRow) {
  const RunHandle a = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(a, kNow, {GlobalState("1")}));
  EXPECT_OK(store_->CommitCheckpoints(a, kNow, {GlobalState("2")}));
  EXPECT_EQ(Checkpoint("a"), Strings{"GLOBAL  2"});
  const RunHandle b = Begin("b", "r2");
  EXPECT_OK(store_->CommitCheckpoints(b, kNow, {LegacyState("1"), LegacyState("2")}));
  EXPECT_EQ(Checkpoint("b"), Strings{"LEGACY  2"});
}

TEST_P(StoreConformance, GlobalAndLegacyIgnoreTheDescriptor) {
  const RunHandle run = Begin("a", "r1");
  CheckpointWrite write = GlobalState("1");
  write.stream = {"left over", "x"};
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {write, GlobalState("2")}));
  EXPECT_EQ(Checkpoint("a"), Strings{"GLOBAL  2"});
}

TEST_P(StoreConformance, ARemovedGlobalLeavesNothing) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {GlobalState("1")}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {{StateType::kGlobal, {}, std::nullopt}}));
  EXPECT_TRUE(Checkpoint("a").empty());
}

// Edge rule 3: a later run with another state type replaces all stored states at its first commit.
TEST_P(StoreConformance, AnotherTypeReplacesEverything) {
  const std::vector<CheckpointWrite> kSteps[] = {
      {StreamState("x", "1"), StreamState("y", "1", "n")},
      {GlobalState("2")},
      {LegacyState("3")},
      {StreamState("z", "4")},
      {LegacyState("5")},
      {GlobalState("6")},
      {StreamState("", "7")}};
  const Strings kAfter[] = {{"STREAM x 1", "STREAM y@n 1"},
                            {"GLOBAL  2"},
                            {"LEGACY  3"},
                            {"STREAM z 4"},
                            {"LEGACY  5"},
                            {"GLOBAL  6"},
                            {"STREAM  7"}};
  const RunHandle run = Begin("a", "r1");
  for (std::size_t i = 0; i < std::size(kSteps); ++i) {
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, kSteps[i]));
    EXPECT_EQ(Checkpoint("a"), kAfter[i]) << "step " << i;
  }
}

TEST_P(StoreConformance, ARemovalOfAnotherTypeReplacesToo) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {GlobalState("1")}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamGone("x")}));
  EXPECT_TRUE(Checkpoint("a").empty());
}

TEST_P(StoreConformance, AnotherTypeReplacesNothingOfOtherConnections) {
  const RunHandle a = Begin("a", "r1");
  const RunHandle b = Begin("b", "r2");
  EXPECT_OK(store_->CommitCheckpoints(a, kNow, {StreamState("x", "1")}));
  EXPECT_OK(store_->CommitCheckpoints(b, kNow, {GlobalState("2")}));
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM x 1"});
}

TEST_P(StoreConformance, MixedTypesInOneCommitAreRefusedWhole) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "1")}));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(run, kNow, {StreamState("x", "2"), GlobalState("3")})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM x 1"});
}

TEST_P(StoreConformance, AFencedCommitChangesNothingNotEvenTheType) {
  const RunHandle old_run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(old_run, kNow, {StreamState("x", "1")}));
  ASSERT_TRUE(store_->BeginRun("a", "r2", kNow, true).ok());
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {GlobalState("2")})),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {StreamGone("x")})),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM x 1"});
}

TEST_P(StoreConformance, ARepeatedCommitHasNoSecondEffect) {
  const RunHandle run = Begin("a", "r1");
  const std::vector<CheckpointWrite> writes = {StreamState("x", "1"), StreamGone("y")};
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
    EXPECT_EQ(Checkpoint("a"), Strings{"STREAM x 1"});
  }
}

TEST_P(StoreConformance, TheNextRunGoesOnFromTheCheckpoint) {
  const RunHandle first = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(first, kNow, {StreamState("x", "1"), StreamState("y", "1")}));
  Restart();
  const RunHandle second = Begin("a", "r2");
  EXPECT_OK(store_->CommitCheckpoints(second, kNow, {StreamState("y", "2")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM x 1", "STREAM y 2"}));
}

TEST_P(StoreConformance, ReplacingTakesTheWholeCheckpoint) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "1"), StreamState("y", "1")}));
  EXPECT_OK(store_->ReplaceCheckpoint(
      "a", kNow, {{StateType::kStream, {"z", "n"}, "2"}, {StateType::kStream, {"x", {}}, "3"}}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM x 3", "STREAM z@n 2"}));
}

TEST_P(StoreConformance, ReplacingWorksForEveryTypeAndForNothing) {
  const std::vector<StoredState> kContents[] = {{{StateType::kGlobal, {}, "g"}},
                                                {{StateType::kLegacy, {}, "l"}},
                                                {{StateType::kStream, {"s", {}}, "s"}},
                                                {}};
  const Strings kAfter[] = {{"GLOBAL  g"}, {"LEGACY  l"}, {"STREAM s s"}, {}};
  for (std::size_t i = 0; i < std::size(kContents); ++i) {
    EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, kContents[i]));
    Restart();
    EXPECT_EQ(Checkpoint("a"), kAfter[i]);
  }
}

TEST_P(StoreConformance, ReplacingNeedsNoRun) {
  EXPECT_OK(store_->ReplaceCheckpoint("new", kNow, {{StateType::kStream, {"s", {}}, "1"}}));
  EXPECT_EQ(Checkpoint("new"), Strings{"STREAM s 1"});
  EXPECT_EQ(Get(store_->ListConnections()), Strings{"new"});
}

TEST_P(StoreConformance, ReplacingWithMixedTypesIsRefusedWhole) {
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {{StateType::kStream, {"s", {}}, "1"}}));
  EXPECT_EQ(CodeOf(store_->ReplaceCheckpoint(
                "a", kNow, {{StateType::kGlobal, {}, "2"}, {StateType::kLegacy, {}, "3"}})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM s 1"});
}

TEST_P(StoreConformance, TheLastOfEqualLanesWinsWhenReplacing) {
  EXPECT_OK(store_->ReplaceCheckpoint(
      "a", kNow, {{StateType::kStream, {"s", {}}, "1"}, {StateType::kStream, {"s", {}}, "2"}}));
  EXPECT_EQ(Checkpoint("a"), Strings{"STREAM s 2"});
}

TEST_P(StoreConformance, ReplacingLeavesTheRunAlone) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, {}));
  EXPECT_EQ(StatusOf("r1"), "running");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("x", "1")}));
}

TEST_P(StoreConformance, ConnectionsAreThoseWithRunsOrStates) {
  EXPECT_TRUE(Get(store_->ListConnections()).empty());
  Begin("b", "r1");
  EXPECT_OK(store_->ReplaceCheckpoint("c", kNow, {{StateType::kLegacy, {}, "1"}}));
  EXPECT_OK(store_->CommitCheckpoints(Begin("a", "r2"), kNow, {GlobalState("1")}));
  EXPECT_EQ(Get(store_->ListConnections()), (Strings{"a", "b", "c"}));
  EXPECT_OK(store_->ReplaceCheckpoint("c", kNow, {}));
  EXPECT_EQ(Get(store_->ListConnections()), (Strings{"a", "b"}));
}

}  // namespace
}  // namespace shunt
