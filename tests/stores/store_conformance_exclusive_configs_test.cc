// Exclusive configs: of the live runs that ask for one, only one has it, whatever its connection.
// How an ended lease gives them free, and what becomes of a run that comes back, with a process
// that really stands still: postgres_faults_test.cc.
#include <thread>

#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

TEST_P(StoreConformance, AConfigIsHadByOneLiveRunAlone) {
  ASSERT_TRUE(BeginAlone(*store_, "a", "r1", {"token"}).ok());
  const absl::StatusOr<RunHandle> second = BeginAlone(*store_, "b", "r2", {"token"});
  EXPECT_EQ(CodeOf(second), StatusCode::kAborted);
  for (const char* name : {"token", "r1", "connection a"}) {
    EXPECT_NE(second.status().ToString().find(name), std::string::npos) << second.status();
  }
  EXPECT_EQ(CodeOf(store_->FindRun("r2")), StatusCode::kNotFound) << "and leaves no trace";
}

TEST_P(StoreConformance, AConfigIsHadAloneAmongStores) {
  ASSERT_TRUE(BeginAlone(*store_, "a", "r1", {"token"}).ok());
  const std::unique_ptr<Store> other = world_->Open();
  EXPECT_EQ(CodeOf(BeginAlone(*other, "b", "r2", {"token"})), StatusCode::kAborted);
  EXPECT_TRUE(BeginAlone(*other, "b", "r2", {"another"}).ok());
}

TEST_P(StoreConformance, WhoDoesNotAskForAConfigNeitherHindersNorIsHindered) {
  ASSERT_TRUE(BeginAlone(*store_, "a", "r1", {}).ok());
  ASSERT_TRUE(BeginAlone(*store_, "b", "r2", {"token"}).ok());
  EXPECT_TRUE(BeginAlone(*store_, "c", "r3", {}).ok());
  EXPECT_TRUE(store_->BeginRun("d", "r4", kNow, false).ok());
  EXPECT_EQ(StatusOf("r2"), "running");
}

TEST_P(StoreConformance, ARunThatHasAConfigAloneWorksLikeAnyOther) {
  const RunHandle run = Get(BeginAlone(*store_, "a", "r1", {"token", "other"}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", "1")}));
  EXPECT_OK(store_->UpdateConfig("token", Always({MakeDocument(0), {}})));
  EXPECT_TRUE(Get(store_->ReadConfig("token")).exists()) << "having it does not write it";
  EXPECT_FALSE(Get(store_->ReadConfig("other")).exists());
}

TEST_P(StoreConformance, AnyOneOfSeveralConfigsHinders) {
  ASSERT_TRUE(BeginAlone(*store_, "a", "r1", {"x", "y"}).ok());
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "b", "r2", {"y", "z"})), StatusCode::kAborted);
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "b", "r2", {"w", "x"})), StatusCode::kAborted);
  EXPECT_TRUE(BeginAlone(*store_, "b", "r2", {"z", "w"}).ok()) << "a refusal takes none of them";
}

TEST_P(StoreConformance, AConfigThatIsNamedTwiceIsOne) {
  const RunHandle run = Get(BeginAlone(*store_, "a", "r1", {"x", "x"}));
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "b", "r2", {"x"})), StatusCode::kAborted);
  EXPECT_OK(store_->EndRun(run, kNow, "ok", "{}"));
  EXPECT_TRUE(BeginAlone(*store_, "b", "r2", {"x"}).ok());
}

TEST_P(StoreConformance, AnEndedRunGivesItsConfigsBack) {
  const RunHandle first = Get(BeginAlone(*store_, "a", "r1", {"x", "y"}));
  EXPECT_OK(store_->EndRun(first, kNow, "ok", "{}"));
  const RunHandle second = Get(BeginAlone(*store_, "b", "r2", {"y", "x"}));
  EXPECT_OK(store_->CommitCheckpoints(second, kNow, {}));
  EXPECT_OK(store_->EndRun(first, kNow, "ok", "{}"));
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "a", "r3", {"x"})), StatusCode::kAborted)
      << "ending the first again frees nothing of the second";
}

TEST_P(StoreConformance, AForgedEndGivesNothingBack) {
  RunHandle run = Get(BeginAlone(*store_, "a", "r1", {"x"}));
  run.run_id = "r0";
  EXPECT_EQ(CodeOf(store_->EndRun(run, kNow, "ok", "{}")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "b", "r2", {"x"})), StatusCode::kAborted);
}

TEST_P(StoreConformance, ARunWhoseProcessEndedHasNoConfig) {
  ASSERT_TRUE(BeginAlone(*store_, "a", "r1", {"x"}).ok());
  Restart();
  EXPECT_TRUE(BeginAlone(*store_, "b", "r2", {"x"}).ok());
  EXPECT_EQ(StatusOf("r1"), "dead");
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "a", "r3", {"x"})), StatusCode::kAborted)
      << "nor its successor";
}

TEST_P(StoreConformance, ARunThatComesBackIsFencedWhenItsConfigWasTaken) {
  const RunHandle back = Get(BeginAlone(*store_, "a", "r1", {"x", "y"}));
  Restart();
  EXPECT_OK(store_->CommitCheckpoints(back, kNow, {StreamState("s", "1")}));
  const RunHandle thief = Get(BeginAlone(*store_, "b", "r2", {"x"}));
  const absl::Status status = store_->CommitCheckpoints(back, kNow, {StreamState("s", "2")});
  EXPECT_EQ(CodeOf(status), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.ToString().find("config x"), std::string::npos) << status;
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(back, kNow, {})), StatusCode::kFailedPrecondition);
  EXPECT_OK(store_->EndRun(thief, kNow, "ok", "{}"));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(back, kNow, {})), StatusCode::kFailedPrecondition)
      << "also when who took it has ended";
  EXPECT_EQ(Checkpoint("a"), std::vector<std::string>{"STREAM s 1"});
  EXPECT_OK(store_->EndRun(back, kNow, "fenced", "{}"));
  EXPECT_EQ(StatusOf("r1"), "fenced");
}

TEST_P(StoreConformance, ARunThatComesBackGoesOnWhenNobodyTookItsConfig) {
  const RunHandle back = Get(BeginAlone(*store_, "a", "r1", {"x"}));
  Restart();
  ASSERT_TRUE(BeginAlone(*store_, "b", "r2", {"y"}).ok());
  ASSERT_TRUE(BeginAlone(*store_, "c", "r3", {}).ok());
  EXPECT_OK(store_->CommitCheckpoints(back, kNow, {StreamState("s", "1")}));
}

TEST_P(StoreConformance, TakingOverAConnectionTakesItsConfigsAlong) {
  const RunHandle old_run = Get(BeginAlone(*store_, "a", "r1", {"x"}));
  const std::unique_ptr<Store> other = world_->Open();
  EXPECT_EQ(CodeOf(BeginAlone(*other, "a", "r2", {"x"})), StatusCode::kAborted);
  const RunHandle new_run = Get(BeginAlone(*other, "a", "r2", {"x"}, /*take_over=*/true));
  EXPECT_EQ(CodeOf(store_->CommitCheckpoints(old_run, kNow, {})), StatusCode::kFailedPrecondition);
  EXPECT_OK(other->CommitCheckpoints(new_run, kNow, {}));
  EXPECT_EQ(CodeOf(BeginAlone(*other, "b", "r3", {"x"})), StatusCode::kAborted);
}

TEST_P(StoreConformance, ARunThatWasTakenOverKeepsItsConfigsFromOthersUntilItEnds) {
  // It has not noticed yet: its connector may spend a token at any moment.
  const RunHandle old_run = Get(BeginAlone(*store_, "a", "r1", {"x"}));
  const std::unique_ptr<Store> other = world_->Open();
  EXPECT_OK(other->EndRun(Get(BeginAlone(*other, "a", "r2", {"x"}, true)), kNow, "ok", "{}"));
  EXPECT_EQ(CodeOf(BeginAlone(*other, "b", "r3", {"x"})), StatusCode::kAborted);
  const absl::StatusOr<RunHandle> successor = BeginAlone(*other, "a", "r4", {"x"});
  EXPECT_EQ(CodeOf(successor), StatusCode::kAborted);
  EXPECT_NE(successor.status().ToString().find("or take over"), std::string::npos);
  EXPECT_OK(store_->EndRun(old_run, kNow, "fenced", "{}"));
  EXPECT_TRUE(BeginAlone(*other, "b", "r3", {"x"}).ok());
}

TEST_P(StoreConformance, NobodyTakesAConfigFromALiveRunOfAnotherConnection) {
  const RunHandle holder = Get(BeginAlone(*store_, "a", "r1", {"x"}));
  const absl::StatusOr<RunHandle> second = BeginAlone(*store_, "b", "r2", {"x"}, true);
  EXPECT_EQ(CodeOf(second), StatusCode::kAborted);
  EXPECT_EQ(second.status().ToString().find("or take over"), std::string::npos) << "no help";
  EXPECT_OK(store_->CommitCheckpoints(holder, kNow, {}));
  EXPECT_TRUE(BeginAlone(*store_, "b", "r2", {"y"}, true).ok());
}

TEST_P(StoreConformance, ARefusedTakeOverFencesNobody) {
  const RunHandle own = Get(BeginAlone(*store_, "a", "r1", {"x"}));
  ASSERT_TRUE(BeginAlone(*store_, "b", "r2", {"y"}).ok());
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "a", "r3", {"x", "y"}, true)), StatusCode::kAborted);
  EXPECT_OK(store_->CommitCheckpoints(own, kNow, {}));
}

TEST_P(StoreConformance, TheConnectionIsAskedBeforeTheConfigs) {
  ASSERT_TRUE(BeginAlone(*store_, "a", "r1", {"x"}).ok());
  ASSERT_TRUE(BeginAlone(*store_, "b", "r2", {"y"}).ok());
  const absl::StatusOr<RunHandle> third = BeginAlone(*store_, "a", "r3", {"y"});
  EXPECT_EQ(CodeOf(third), StatusCode::kAborted);
  EXPECT_NE(third.status().ToString().find("r1"), std::string::npos) << third.status();
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "c", "r1", {"x"})), StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, AConfigWithoutANameIsInvalid) {
  EXPECT_EQ(CodeOf(BeginAlone(*store_, "a", "r1", {"x", ""})), StatusCode::kInvalidArgument);
  EXPECT_TRUE(BeginAlone(*store_, "b", "r2", {"x"}).ok());
}

TEST_P(StoreConformance, ConfigsWithOddNamesAreTold) {
  int number = 0;
  for (const char* name : {"a b", "A B", "é☃😀", "'; DROP TABLE run_configs; --", "%", "\n"}) {
    const std::string mine = std::to_string(++number);
    ASSERT_TRUE(BeginAlone(*store_, mine, mine, {name}).ok()) << name;
    EXPECT_EQ(CodeOf(BeginAlone(*store_, "other", "other", {name})), StatusCode::kAborted) << name;
  }
}

TEST_P(StoreConformance, OneOfManyConnectionsGetsTheConfig) {
  constexpr std::size_t kBeginners = 8;
  std::vector<StatusCode> codes(kBeginners);
  std::vector<std::unique_ptr<Store>> stores(kBeginners);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kBeginners; ++i) {
    threads.emplace_back([&, i] {
      stores[i] = world_->Open();
      const std::string name = std::to_string(i);
      // Asked for in two orders, which must not make them wait for each other.
      std::vector<std::string> configs = {"x", "y", name};
      if (i % 2 == 0) std::swap(configs[0], configs[1]);
      codes[i] = CodeOf(BeginAlone(*stores[i], name, name, configs));
    });
  }
  for (std::thread& thread : threads) thread.join();
  int began = 0;
  for (const StatusCode code : codes) {
    if (code == StatusCode::kOk) {
      ++began;
    } else {
      EXPECT_EQ(code, StatusCode::kAborted);
    }
  }
  EXPECT_EQ(began, 1);
}

}  // namespace
}  // namespace shunt
