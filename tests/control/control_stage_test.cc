// The control stage on a memory store and a clock moved by hand: contract decisions 7-10, G20, G21,
// G26, G28, G33; F60, F70, F71.
#include "stages/control_stage.h"

#include <deque>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/files.h"
#include "tests/control/config_test_support.h"
#include "tests/control/flaky_store.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace testing_control;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kSourceId = "orders/source";
constexpr std::string_view kDestinationId = "orders/destination";

class FakeInbox final : public ControlInbox {
 public:
  bool Next(ControlFact* fact) override {
    if (facts.empty()) {
      closed_ = ended;
      return false;
    }
    *fact = std::move(facts.front());
    facts.pop_front();
    return true;
  }
  bool closed() const override { return closed_; }
  bool aborting() const override { return abort; }

  std::deque<ControlFact> facts;
  bool ended = false;
  bool abort = false;

 private:
  bool closed_ = false;
};

class ControlStageTest : public ::testing::Test, public ControlEvents {
 protected:
  void SetUp() override {
    Seed(kSourceId, R"({"token":"t0","n":0})");
    Seed(kDestinationId, R"({"password":"p0"})");
    Make({});
  }

  void Seed(std::string_view id, std::string_view config) {
    ASSERT_TRUE(store_
                    .UpdateConfig(id,
                                  [&](const ConfigDocument&) -> absl::StatusOr<ConfigChange> {
                                    ConfigChange change;
                                    change.document = Stored(config);
                                    return change;
                                  })
                    .ok());
    store_.updates = 0;
  }

  void Make(std::string_view source_spec) {
    ControlOptions options;
    options.run = {"orders", "run-1", 1};
    options.source = {std::string(kSourceId), source_spec.empty() ? nullptr : Spec(source_spec)};
    options.destination = {std::string(kDestinationId), nullptr};
    stage_.emplace(options, ControlDeps{inbox_, *this, store_, clock_, &spill_});
  }

  void Send(std::string_view line, Origin origin = Origin::kSource) {
    ControlFact fact;
    fact.origin = origin;
    fact.seq = ++seq_;
    fact.received_at = clock_.WallNow();
    fact.line = std::string(line);
    inbox_.facts.push_back(std::move(fact));
  }
  void SendConfig(absl::Time emitted_at, std::string_view config, Origin origin = Origin::kSource) {
    Send(R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)" +
             std::to_string(absl::ToUnixMillis(emitted_at)) + R"(,"connectorConfig":{"config":)" +
             std::string(config) + "}}}",
         origin);
  }

  // Steps until the stage has nothing to do.
  Step Settle() {
    for (int i = 0; i < 1000; ++i) {
      const absl::StatusOr<Step> step = stage_->Run();
      EXPECT_TRUE(step.ok());
      if (*step != Step::kBusy) return *step;
    }
    ADD_FAILURE() << "the stage does not come to rest";
    return Step::kBusy;
  }

  std::string Config(std::string_view id = kSourceId) { return store_.ReadConfig(id)->ToJson(); }
  std::vector<Verdict> Journal(std::string_view id = kSourceId) {
    const std::vector<JournalRow> rows = *store_.ReadJournal(id);
    std::vector<Verdict> verdicts;
    for (const JournalRow& row : rows) verdicts.push_back(row.verdict);
    return verdicts;
  }

  void OnSecrets(Origin, const std::vector<std::string>& values) override {
    secrets_.insert(secrets_.end(), values.begin(), values.end());
    updates_at_secrets_ = store_.updates;
  }
  void OnLive(Origin, const std::vector<std::string>& values) override { live_ = values; }
  void OnIgnored(Origin) override { ++ignored_; }
  void OnVerdict(const ControlVerdict& verdict) override {
    verdicts_.emplace_back(verdict.seq, verdict.verdict);
    last_ = verdict;
    if (on_verdict_) on_verdict_(verdict);
  }
  void OnRejected(Origin origin, std::string_view) override { rejected_.push_back(origin); }
  void OnStoreTrouble(const absl::Status&, const absl::Status& spilled) override {
    trouble_.push_back(spilled);
  }
  void OnStoreFailed(const StoreFailure& failure) override {
    store_failures_.push_back(failure.status);
    EXPECT_EQ(failure.files, SpillFiles());
    EXPECT_EQ(failure.updates, Spilled().size());
  }

  // The payloads of all spilled updates.
  std::vector<std::string> Spilled() const {
    std::vector<std::string> payloads;
    const std::vector<SpillGroup> groups = *spill_.List();
    for (const SpillGroup& group : groups) {
      const absl::StatusOr<SpilledUpdates> updates =
          spill_.Read(group, UpdateSpill::Trust::kEncrypted);
      EXPECT_TRUE(updates.ok()) << updates.status();
      for (const JournalRow& row : updates->rows) payloads.push_back(row.payload);
    }
    return payloads;
  }
  std::vector<std::string> SpillFiles() const {
    std::vector<std::string> files;
    const std::vector<SpillGroup> groups = *spill_.List();
    for (const SpillGroup& group : groups) {
      files.insert(files.end(), group.paths.begin(), group.paths.end());
    }
    return files;
  }

  ManualClock clock_{kNow};
  FlakyStore store_;
  FakeInbox inbox_;
  std::optional<ControlStage> stage_;
  uint64_t seq_ = 0;

  std::vector<std::pair<int64_t, Verdict>> verdicts_;
  ControlVerdict last_;
  std::function<void(const ControlVerdict&)> on_verdict_;
  std::vector<Origin> rejected_;
  std::vector<std::string> live_;
  std::vector<std::string> secrets_;
  std::vector<absl::Status> store_failures_, trouble_;
  TempDir directory_;
  UpdateSpill spill_{{.directories = {directory_ / "updates"},
                      .store_url = "memory:",
                      .store_id = "store",
                      .keys = nullptr},
                     SystemEntropy()};
  int ignored_ = 0;
  int updates_at_secrets_ = -1;
};

TEST_F(ControlStageTest, G20_WhatIsAnnouncedIsInTheStore) {
  on_verdict_ = [&](const ControlVerdict& verdict) {
    EXPECT_EQ(store_.ReadConfig(kSourceId)->generation, verdict.generation);
    EXPECT_EQ(Config(), R"({"token":"t1","n":0})");
    EXPECT_EQ(store_.ReadJournal(kSourceId)->back().verdict, verdict.verdict);
  };
  SendConfig(kNow, R"({"token":"t1"})");
  Settle();
  EXPECT_THAT(verdicts_, ElementsAre(Pair(1, Verdict::kApplied)));
  EXPECT_THAT(last_.keys, ElementsAre("token"));
}

TEST_F(ControlStageTest, G55_SecretsAreToldBeforeAnythingElse) {
  SendConfig(kNow, R"({"token":"brand-new"})");
  Settle();
  EXPECT_THAT(secrets_, ElementsAre("brand-new"));
  EXPECT_EQ(updates_at_secrets_, 0);
}

TEST_F(ControlStageTest, WhatIsInUseAfterAnUpdateIsTold) {
  SendConfig(kNow, R"({"refresh_token":"r1"})");
  Settle();
  EXPECT_THAT(live_, UnorderedElementsAre("t0", "r1"));
  SendConfig(kNow - absl::Hours(1), R"({"token":"too-old"})");
  SendConfig(kNow + absl::Milliseconds(1), R"({"token":"t2"})");
  Settle();
  EXPECT_THAT(live_, UnorderedElementsAre("t2", "r1"));
}

TEST_F(ControlStageTest, G28_AnUpdateChangesOnlyTheConfigOfItsOwnConnector) {
  SendConfig(kNow, R"({"password":"p1"})", Origin::kDestination);
  Settle();
  EXPECT_EQ(Config(kDestinationId), R"({"password":"p1"})");
  EXPECT_EQ(Config(kSourceId), R"({"token":"t0","n":0})");
  EXPECT_EQ(store_.ReadJournal(kDestinationId)->at(0).writer, "destination");
}

TEST_F(ControlStageTest, Issue2_EmittedAt312EndsAt3) {
  for (const int at : {3, 1, 2}) {
    SendConfig(kNow + absl::Milliseconds(at), "{\"n\":" + std::to_string(at) + "}");
  }
  Settle();
  EXPECT_EQ(Config(), R"({"token":"t0","n":3})");
  EXPECT_THAT(Journal(),
              ElementsAre(Verdict::kApplied, Verdict::kSuperseded, Verdict::kSuperseded));
}

TEST_F(ControlStageTest, LinesThatAreAtHandShareATransaction) {
  for (int i = 0; i < 100; ++i) SendConfig(kNow + absl::Milliseconds(i), R"({"token":"same"})");
  Settle();
  EXPECT_EQ(store_.updates, 1);
  EXPECT_THAT(verdicts_, SizeIs(100));
  EXPECT_EQ(store_.ReadConfig(kSourceId)->generation, 1) << "duplicates are no generations";
  EXPECT_THAT(Journal(), SizeIs(100)) << "and each has its row";
}

TEST_F(ControlStageTest, Decision7_AClockStepLiftsLaterUpdatesAndTheJournalSaysSo) {
  SendConfig(clock_.WallNow(), R"({"token":"t1"})");
  Settle();
  clock_.Advance(absl::Seconds(5));
  clock_.StepWall(-absl::Hours(1));
  SendConfig(clock_.WallNow(), R"({"token":"t2"})");
  Settle();
  EXPECT_EQ(Config(), R"({"token":"t2","n":0})");
  EXPECT_EQ(store_.ReadJournal(kSourceId)->back().time_source, "lifted");
  EXPECT_EQ(last_.time_source, "lifted");
}

TEST_F(ControlStageTest, Decision7_AnUpdateThatLosesItsSecretIsAnAlert) {
  SendConfig(kNow, R"({"token":"t1"})");
  SendConfig(kNow - absl::Seconds(10), R"({"token":"t2"})");
  Settle();
  EXPECT_EQ(last_.verdict, Verdict::kSuperseded);
  EXPECT_TRUE(last_.alert);
  EXPECT_TRUE(store_.ReadJournal(kSourceId)->back().alert) << "ready for config promote";
}

TEST_F(ControlStageTest, Decision7_APoisonousTimeBlocksNothing) {
  SendConfig(kNow + absl::Hours(24 * 365), R"({"token":"t1"})");
  Settle();
  clock_.Advance(absl::Seconds(1));
  SendConfig(clock_.WallNow(), R"({"token":"t2"})");
  Settle();
  EXPECT_EQ(Config(), R"({"token":"t2","n":0})");
}

constexpr std::string_view kNumberSpec =
    R"({"type":"object","properties":{"n":{"type":"integer"}}})";

TEST_F(ControlStageTest, Decision9_ARefusedUpdateIsJournaledAtOnceAndRejectedAfterItsWait) {
  Make(kNumberSpec);
  SendConfig(kNow, R"({"n":"bad"})");
  EXPECT_EQ(Settle(), Step::kIdle);
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kPending));
  EXPECT_THAT(rejected_, IsEmpty());
  EXPECT_EQ(stage_->wait().at_most, kBurstWait);

  clock_.Advance(kBurstWait);
  Settle();
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kQuarantined));
  EXPECT_THAT(rejected_, ElementsAre(Origin::kSource));
  EXPECT_EQ(Config(), R"({"token":"t0","n":0})");
  EXPECT_EQ(stage_->wait().at_most, absl::InfiniteDuration());
}

TEST_F(ControlStageTest, Decision9_TheEndOfThePipesEndsTheWait) {
  Make(kNumberSpec);
  SendConfig(kNow, R"({"n":"bad"})");
  inbox_.ended = true;
  EXPECT_EQ(Settle(), Step::kDone);
  EXPECT_THAT(rejected_, ElementsAre(Origin::kSource));
}

TEST_F(ControlStageTest, Decision9_AnAbortEndsTheWait) {
  Make(kNumberSpec);
  SendConfig(kNow, R"({"n":"bad"})");
  inbox_.abort = true;
  EXPECT_EQ(Settle(), Step::kIdle);
  EXPECT_THAT(rejected_, ElementsAre(Origin::kSource));
}

TEST_F(ControlStageTest, Decision9_ABurstThatASlowStoreHeldUpIsStillOne) {
  Make(R"({"type":"object","dependencies":{"a":["b"]}})");
  SendConfig(kNow, R"({"a":1})");
  Settle();
  clock_.Advance(absl::Seconds(3));  // the thread was busy elsewhere
  SendConfig(kNow, R"({"b":1})");
  Settle();
  EXPECT_THAT(rejected_, IsEmpty());
  EXPECT_EQ(Config(), R"({"token":"t0","n":0,"a":1,"b":1})");
}

TEST_F(ControlStageTest, EdgeRule5_AConfigThatIsNoObjectIsRejectedAtOnce) {
  SendConfig(kNow, R"("token")");
  Settle();
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kQuarantined));
  EXPECT_THAT(rejected_, ElementsAre(Origin::kSource));
}

TEST_F(ControlStageTest, Decision4_AMalformedLineThatMentionsAConfigIsKeptButRejectsNothing) {
  const std::string line = R"({"type":"CONTROL","control":{"connectorConfig":{"config":{"tok)";
  Send(line);
  inbox_.facts.back().quarantine_only = true;
  Settle();
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kQuarantined));
  EXPECT_EQ(store_.ReadJournal(kSourceId)->at(0).payload, line);
  EXPECT_THAT(rejected_, IsEmpty());
}

TEST_F(ControlStageTest, F70_UnknownControlTypesAreOnlyCounted) {
  Send(R"({"type":"CONTROL","control":{"type":"PAUSE","emitted_at":1}})");
  Settle();
  EXPECT_EQ(ignored_, 1);
  EXPECT_EQ(store_.updates, 0);
}

TEST_F(ControlStageTest, G33_AnUnavailableStoreIsTriedAgainWithBackOff) {
  store_.fault = FlakyStore::Fault::kNothingHappens;
  SendConfig(kNow, R"({"token":"t1"})");
  EXPECT_EQ(Settle(), Step::kIdle);
  EXPECT_EQ(store_.updates, 1);
  EXPECT_EQ(Settle(), Step::kIdle);
  EXPECT_EQ(store_.updates, 1) << "not before the back-off is over";
  EXPECT_EQ(stage_->wait().at_most, absl::Milliseconds(100));
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(stage_->wait().at_most);
    Settle();
  }
  EXPECT_THAT(verdicts_, IsEmpty());
  store_.fault = FlakyStore::Fault::kNone;
  clock_.Advance(absl::Seconds(5));
  Settle();
  EXPECT_THAT(verdicts_, ElementsAre(Pair(1, Verdict::kApplied)));
  EXPECT_EQ(Config(), R"({"token":"t1","n":0})");
  EXPECT_THAT(store_failures_, IsEmpty());
}

TEST_F(ControlStageTest, G33_AfterTheDeadlineTheFailureIsLoudAndNothingIsLost) {
  store_.fault = FlakyStore::Fault::kNothingHappens;
  SendConfig(kNow, R"({"token":"t1"})");
  Settle();
  while (store_failures_.empty()) {
    ASSERT_LE(clock_.MonoNow(), kPersistDeadline);
    clock_.Advance(stage_->wait().at_most);
    Settle();
  }
  EXPECT_EQ(clock_.MonoNow(), kPersistDeadline) << "the last try is at the deadline";
  EXPECT_THAT(Spilled(), ElementsAre(R"({"token":"t1"})"));
  EXPECT_THAT(verdicts_, IsEmpty());

  store_.fault = FlakyStore::Fault::kNone;
  SendConfig(kNow, R"({"token":"t2"})");
  inbox_.ended = true;
  EXPECT_EQ(Settle(), Step::kDone) << "a later update still gets its try";
  EXPECT_EQ(Config(), R"({"token":"t2","n":0})");
}

TEST_F(ControlStageTest, G33_WhileTheStoreFailsNoUpdateIsInMemoryAlone) {
  store_.fault = FlakyStore::Fault::kNothingHappens;
  SendConfig(kNow, R"({"token":"t1"})");
  Settle();
  EXPECT_THAT(Spilled(), ElementsAre(R"({"token":"t1"})"));
  EXPECT_THAT(trouble_, ElementsAre(absl::OkStatus())) << "said once";
  SendConfig(kNow, R"({"token":"t2"})");
  Settle();
  EXPECT_THAT(Spilled(), ElementsAre(R"({"token":"t1"})", R"({"token":"t2"})"))
      << "before the store is tried again";
  EXPECT_EQ(store_.updates, 1);

  store_.fault = FlakyStore::Fault::kNone;
  clock_.Advance(absl::Seconds(1));
  Settle();
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kApplied, Verdict::kApplied));
  EXPECT_THAT(SpillFiles(), IsEmpty()) << "the store has them";
  EXPECT_THAT(trouble_, SizeIs(1));
}

TEST_F(ControlStageTest, G33_AnUpdateThatWaitsForItsBurstIsSpilledToo) {
  Make(R"({"required":["token","n"],"properties":{"token":{"type":"string"}}})");
  SendConfig(kNow, R"({"token":1})");
  Settle();
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kPending));
  store_.fault = FlakyStore::Fault::kNothingHappens;
  store_.error = absl::DataLossError("store: corrupt");
  clock_.Advance(kBurstWait);
  Settle();
  EXPECT_THAT(Spilled(), ElementsAre(R"({"token":1})"));
}

TEST_F(ControlStageTest, G33_WithoutAPlaceForThemItSaysThatTheyAreLost) {
  RemoveTree(directory_.path()).IgnoreError();
  std::ofstream(directory_.path()) << "a file where the directory was";
  store_.fault = FlakyStore::Fault::kNothingHappens;
  SendConfig(kNow, R"({"token":"t1"})");
  Settle();
  ASSERT_THAT(trouble_, SizeIs(1));
  EXPECT_FALSE(trouble_[0].ok());
  store_.fault = FlakyStore::Fault::kNone;
  clock_.Advance(absl::Seconds(1));
  Settle();
  EXPECT_EQ(Config(), R"({"token":"t1","n":0})");
}

TEST_F(ControlStageTest, G33_AnAbortingRunHasLessPatience) {
  store_.fault = FlakyStore::Fault::kNothingHappens;
  inbox_.abort = true;
  inbox_.ended = true;
  SendConfig(kNow, R"({"token":"t1"})");
  while (Settle() != Step::kDone) {
    ASSERT_LE(clock_.MonoNow(), kPersistDeadlineAborting);
    clock_.Advance(stage_->wait().at_most);
  }
  EXPECT_THAT(store_failures_, SizeIs(1));
}

TEST_F(ControlStageTest, G33_AnErrorThatTimeDoesNotHealIsNotRepeated) {
  store_.fault = FlakyStore::Fault::kNothingHappens;
  store_.error = absl::DataLossError("store: corrupt");
  SendConfig(kNow, R"({"token":"t1"})");
  Settle();
  EXPECT_EQ(store_.updates, 1);
  EXPECT_THAT(store_failures_, SizeIs(1));
}

TEST_F(ControlStageTest, G26_AnUnknownCommitHasOneEffect) {
  store_.fault = FlakyStore::Fault::kEverythingHappens;
  SendConfig(kNow, R"({"token":"t1"})");
  SendConfig(kNow, R"({"token":"t2"})");
  Settle();
  EXPECT_THAT(verdicts_, IsEmpty());
  const int64_t generation = store_.ReadConfig(kSourceId)->generation;
  store_.fault = FlakyStore::Fault::kNone;
  clock_.Advance(absl::Seconds(1));
  Settle();
  EXPECT_EQ(store_.ReadConfig(kSourceId)->generation, generation);
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kApplied, Verdict::kApplied));
  EXPECT_THAT(verdicts_, ElementsAre(Pair(1, Verdict::kApplied), Pair(2, Verdict::kApplied)));
  EXPECT_EQ(last_.generation, generation);
}

TEST_F(ControlStageTest, G25_AWorkerThatComesBackLateOverwritesNothing) {
  ControlOptions other;
  other.run = {"other", "run-2", 2};
  other.source.config_id = std::string(kSourceId);
  FakeInbox other_inbox;
  ControlStage other_stage(other, {other_inbox, *this, store_, clock_});

  SendConfig(kNow, R"({"token":"late"})");
  std::swap(inbox_.facts, other_inbox.facts);
  SendConfig(kNow + absl::Seconds(1), R"({"token":"newest"})");
  Settle();
  while (*other_stage.Run() == Step::kBusy) {
  }
  EXPECT_EQ(Config(), R"({"token":"newest","n":0})");
  EXPECT_THAT(Journal(), ElementsAre(Verdict::kApplied, Verdict::kSuperseded));
}

TEST_F(ControlStageTest, WhatIsHeldIsBoundedAndTheRestStaysInTheInbox) {
  constexpr std::size_t kSent = kControlBatchMax + 500;
  store_.fault = FlakyStore::Fault::kNothingHappens;
  for (std::size_t i = 0; i < kSent; ++i) {
    SendConfig(kNow + absl::Milliseconds(i), R"({"n":1})");
  }
  Settle();
  EXPECT_THAT(inbox_.facts, SizeIs(500));
  store_.fault = FlakyStore::Fault::kNone;
  clock_.Advance(absl::Seconds(1));
  inbox_.ended = true;
  EXPECT_EQ(Settle(), Step::kDone);
  EXPECT_THAT(verdicts_, SizeIs(kSent));
}

}  // namespace
}  // namespace shunt
