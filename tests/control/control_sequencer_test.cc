// Bursts of updates: contract decision 9, edge rule 5; F62, F63.
#include "stages/control_sequencer.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/control/config_test_support.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using namespace testing_control;  // NOLINT(google-build-using-namespace)

// A refresh is complete when both tokens are of the same family: a-a or b-b, never a-b.
constexpr std::string_view kFamilySpec = R"({"type":"object","oneOf":[
  {"properties":{"access":{"pattern":"^a"},"refresh":{"pattern":"^a"}}},
  {"properties":{"access":{"pattern":"^b"},"refresh":{"pattern":"^b"},
                 "expires":{"minimum":2}}}]})";

constexpr std::string_view kNumberSpec =
    R"({"type":"object","required":["x"],"properties":{"x":{"type":"integer"},"y":{"type":"integer"}}})";

// A pipe, the stored config and the journal, without a store.
class ControlSequencerTest : public ::testing::Test {
 protected:
  void Use(std::string_view spec, std::string_view stored) {
    sequencer_ =
        std::make_unique<ControlSequencer>(Origin::kSource, ConfigMode::kMerge, Spec(spec));
    config_ = Stored(stored);
  }

  // A line arrives `at` (ms), and is judged at once.
  std::vector<ControlVerdict> Arrive(double at, std::string_view config) {
    return Step({Arrival(at, config)}, absl::Milliseconds(at));
  }
  std::vector<ControlVerdict> PassTo(double at) { return Step({}, absl::Milliseconds(at)); }
  std::vector<ControlVerdict> EndOfFile() { return Step({}, absl::InfiniteDuration()); }

  ControlArrivalPtr Arrival(double at, std::string_view config) {
    auto arrival = std::make_shared<ControlArrival>();
    arrival->update = Update(at, config, ++seq_);
    arrival->row.order = arrival->update.order;
    arrival->row.payload = std::string(config);
    arrival->wait_ends = absl::Milliseconds(at) + kBurstWait;
    return arrival;
  }

  std::vector<ControlVerdict> Step(const std::vector<ControlArrivalPtr>& arrivals,
                                   absl::Duration now) {
    const ControlPlan plan = sequencer_->Plan(config_, arrivals, now, kNow);
    if (plan.change.document) config_ = *plan.change.document;
    for (const JournalRow& row : plan.change.rows) journal_[row.order.seq] = row.verdict;
    sequencer_->Commit(plan);
    return plan.verdicts;
  }

  std::unique_ptr<ControlSequencer> sequencer_;
  ConfigDocument config_;
  std::map<int64_t, Verdict> journal_;
  int64_t seq_ = 0;
};

TEST_F(ControlSequencerTest, Decision9_AValidUpdateIsPersistedAtOnce) {
  Use(kNumberSpec, R"({"x":1})");
  const auto verdicts = Arrive(0, R"({"x":2})");
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].verdict, Verdict::kApplied);
  EXPECT_EQ(verdicts[0].generation, 1);
  EXPECT_EQ(config_.ToJson(), R"({"x":2})");
}

// ObservedDict of the Python CDK prints the whole config at every assignment.
TEST_F(ControlSequencerTest, Decision9_TheCdksThreeInAMillisecondAreJudgedAsOne) {
  Use(kFamilySpec, R"({"access":"a1","refresh":"a1","expires":1})");
  EXPECT_THAT(Arrive(0.0, R"({"access":"b2","refresh":"a1","expires":1})"), IsEmpty());
  EXPECT_THAT(Arrive(0.3, R"({"access":"b2","refresh":"b2","expires":1})"), IsEmpty());
  EXPECT_THAT(journal_, ElementsAre(Pair(1, Verdict::kPending), Pair(2, Verdict::kPending)))
      << "journaled before their verdict";
  EXPECT_EQ(config_.generation, 0) << "nothing half-updated is active";

  const auto verdicts = Arrive(0.6, R"({"access":"b2","refresh":"b2","expires":2})");
  EXPECT_THAT(journal_, ElementsAre(Pair(1, Verdict::kSuperseded), Pair(2, Verdict::kSuperseded),
                                    Pair(3, Verdict::kApplied)));
  EXPECT_EQ(config_.ToJson(), R"({"access":"b2","refresh":"b2","expires":2})");
  EXPECT_EQ(config_.generation, 1) << "one refresh, one generation";
  ASSERT_EQ(verdicts.size(), 3u);
  for (const ControlVerdict& verdict : verdicts) EXPECT_FALSE(verdict.rejected || verdict.alert);
  EXPECT_EQ(sequencer_->next_wait_ends(), absl::InfiniteDuration());
}

// Without a telling spec each half-updated config is valid, and stored at once.
TEST_F(ControlSequencerTest, F63_HalfUpdatedConfigsThatConformAreStoredOneAfterTheOther) {
  Use(R"({"type":"object"})", R"({"access":"a1","refresh":"a1"})");
  Arrive(0.0, R"({"access":"b2","refresh":"a1"})");
  Arrive(0.3, R"({"access":"b2","refresh":"b2"})");
  EXPECT_EQ(config_.ToJson(), R"({"access":"b2","refresh":"b2"})");
  EXPECT_EQ(config_.generation, 2);
}

TEST_F(ControlSequencerTest, EdgeRule5_ARefusedUpdateWaitsFiftyMillisecondsFromItsOwnArrival) {
  Use(kNumberSpec, R"({"x":1})");
  Arrive(0, R"({"x":"bad"})");
  Arrive(30, R"({"x":"also bad"})");
  EXPECT_EQ(sequencer_->next_wait_ends(), absl::Milliseconds(50));
  EXPECT_THAT(PassTo(49.9), IsEmpty());
  const auto first = PassTo(50);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].seq, 1);
  EXPECT_EQ(first[0].verdict, Verdict::kQuarantined);
  EXPECT_TRUE(first[0].rejected);
  EXPECT_THAT(first[0].reason, HasSubstr("/x: type"));
  EXPECT_EQ(sequencer_->next_wait_ends(), absl::Milliseconds(80)) << "the second has its own time";
  EXPECT_EQ(PassTo(80).size(), 1u);
  EXPECT_EQ(config_.ToJson(), R"({"x":1})") << "G27: the stored config is as it was";
}

TEST_F(ControlSequencerTest, EdgeRule5_EndOfFileEndsTheWait) {
  Use(kNumberSpec, R"({"x":1})");
  Arrive(0, R"({"x":"bad"})");
  const auto verdicts = EndOfFile();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].verdict, Verdict::kQuarantined);
}

TEST_F(ControlSequencerTest, EdgeRule5_EachNewOneIsTriedTogetherWithTheWaitingOnesThenAlone) {
  Use(kNumberSpec, R"({"x":1})");
  Arrive(0, R"({"y":"bad"})");
  const auto verdicts = Arrive(10, R"({"x":2})");  // together y stays bad; alone x is good
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].seq, 2);
  EXPECT_EQ(verdicts[0].verdict, Verdict::kApplied);
  EXPECT_EQ(journal_[1], Verdict::kPending);
  EXPECT_TRUE(PassTo(50)[0].rejected);
}

TEST_F(ControlSequencerTest, PartsThatConformOnlyTogetherBothCount) {
  Use(R"({"type":"object","dependencies":{"a":["b"],"b":["a"]}})", R"({"x":1})");
  EXPECT_THAT(Arrive(0, R"({"a":1})"), IsEmpty());
  EXPECT_EQ(Arrive(1, R"({"b":1})").size(), 2u);
  EXPECT_EQ(config_.ToJson(), R"({"x":1,"a":1,"b":1})");
  EXPECT_THAT(journal_, ElementsAre(Pair(1, Verdict::kApplied), Pair(2, Verdict::kApplied)));
  EXPECT_EQ(config_.generation, 1);
}

TEST_F(ControlSequencerTest, TheOrderWithinABurstIsThatOfEmittedAt) {
  Use(kNumberSpec, R"({"x":1})");
  Arrive(5, R"({"x":"bad","y":5})");
  // Arrives later, was made earlier: together x stays bad, alone it is accepted.
  const auto verdicts = Arrive(3, R"({"x":3})");
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(config_.ToJson(), R"({"x":3})");
}

TEST_F(ControlSequencerTest, AWaitingUpdateThatHasBecomeValidIsAcceptedWhenItsWaitEnds) {
  Use(R"({"type":"object","dependencies":{"a":["b"]}})", R"({"x":1})");
  Arrive(0, R"({"a":1})");
  Apply(&config_, Update(1, R"({"b":1})", 1, /*epoch=*/9));  // another worker
  const auto verdicts = PassTo(50);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].verdict, Verdict::kApplied);
  EXPECT_EQ(config_.ToJson(), R"({"x":1,"a":1,"b":1})");
}

TEST_F(ControlSequencerTest, SeveralArrivalsInOnePlanEndAsOneByOne) {
  Use(kFamilySpec, R"({"access":"a1","refresh":"a1","expires":1})");
  Step({Arrival(0.0, R"({"access":"b2","refresh":"a1","expires":1})"),
        Arrival(0.3, R"({"access":"b2","refresh":"b2","expires":1})"),
        Arrival(0.6, R"({"access":"b2","refresh":"b2","expires":2})"),
        Arrival(0.9, R"({"access":"b2","refresh":"b2","expires":2})")},
       absl::Seconds(9));
  EXPECT_THAT(journal_, ElementsAre(Pair(1, Verdict::kSuperseded), Pair(2, Verdict::kSuperseded),
                                    Pair(3, Verdict::kApplied), Pair(4, Verdict::kDuplicate)));
}

TEST_F(ControlSequencerTest, APlanThatWasNotStoredLeavesNoTrace) {
  Use(kNumberSpec, R"({"x":1})");
  const auto refused = Arrival(0, R"({"x":"bad"})");
  (void)sequencer_->Plan(config_, {&refused, 1}, absl::Milliseconds(0), kNow);
  EXPECT_THAT(sequencer_->waiting(), IsEmpty());
  const ControlPlan again = sequencer_->Plan(config_, {&refused, 1}, absl::Milliseconds(0), kNow);
  EXPECT_EQ(again.change.rows.size(), 1u);
  EXPECT_EQ(again.waiting.size(), 1u);
}

TEST_F(ControlSequencerTest, HowManyWaitIsBounded) {
  Use(kNumberSpec, R"({"x":1})");
  for (std::size_t i = 0; i < kWaitingMax + 3; ++i) Arrive(0, R"({"x":"bad"})");
  EXPECT_EQ(sequencer_->waiting().size(), kWaitingMax);
  EXPECT_EQ(journal_[1], Verdict::kQuarantined);
  EXPECT_EQ(journal_[3], Verdict::kQuarantined);
  EXPECT_EQ(journal_[4], Verdict::kPending);
}

TEST_F(ControlSequencerTest, TheBytesThatWaitAreBounded) {
  Use(kNumberSpec, R"({"x":1})");
  const std::string large = R"({"x":")" + std::string(1 << 20, 'b') + "\"}";
  for (int i = 0; i < 6; ++i) Arrive(0, large);
  EXPECT_LE(sequencer_->waiting().size(), 4u);
}

TEST_F(ControlSequencerTest, Decision10_EveryUpdateEndsInTheJournalWithAVerdict) {
  Use(kNumberSpec, R"({"x":1})");
  Arrive(10, R"({"x":2})");
  Arrive(9, R"({"x":1})");
  Arrive(11, R"({"x":2})");
  Arrive(12, R"({"x":[]})");
  EndOfFile();
  EXPECT_THAT(journal_, ElementsAre(Pair(1, Verdict::kApplied), Pair(2, Verdict::kSuperseded),
                                    Pair(3, Verdict::kDuplicate), Pair(4, Verdict::kQuarantined)));
}

}  // namespace
}  // namespace shunt
