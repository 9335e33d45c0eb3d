// The ledger's rules (contract decision 6, edge rule 3), one test each, and against a slow model.

#include "stages/checkpoint_ledger.h"

#include <gtest/gtest.h>

#include <random>

namespace shunt {
namespace {

LaneKey Stream(const std::string& name) {
  return {StateType::kStream, {.name = name, .name_space = std::nullopt}};
}
JsonDigest Blob(uint64_t value) { return {.high = 1, .low = value}; }

OutstandingState State(uint64_t number, uint64_t blob, bool tainted = false) {
  return {.number = number, .digest = Blob(blob), .tainted = tainted, .covered = {}};
}

TEST(CheckpointLedger, Decision6_AnAckCoversTheEarlierStatesOfItsLane) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("b"), State(2, 10));
  ledger.Announce(Stream("a"), State(3, 11));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(11));
  ASSERT_TRUE(ack.matched);
  ASSERT_EQ(ack.covered.size(), 2u);
  EXPECT_EQ(ack.covered[*ack.durable].number, 3u);
  EXPECT_EQ(ledger.outstanding(), 1u) << "the other lane is untouched";
}

TEST(CheckpointLedger, Decision6_TheOldestEqualStateIsMatched) {
  CheckpointLedger ledger;
  for (uint64_t n = 1; n <= 3; ++n) ledger.Announce(Stream("a"), State(n, 10));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(10));
  EXPECT_EQ(ack.covered.size(), 1u);
  EXPECT_EQ(ledger.outstanding(), 2u);
}

TEST(CheckpointLedger, G15_AnUnknownAckChangesNothing) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  EXPECT_FALSE(ledger.Acknowledge(Stream("a"), Blob(99)).matched);
  EXPECT_FALSE(ledger.Acknowledge(Stream("z"), Blob(10)).matched);
  EXPECT_EQ(ledger.outstanding(), 1u);
}

TEST(CheckpointLedger, G13_ALateAckOfACoveredStateIsUnknown) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("a"), State(2, 11));
  ASSERT_TRUE(ledger.Acknowledge(Stream("a"), Blob(11)).matched);
  EXPECT_FALSE(ledger.Acknowledge(Stream("a"), Blob(10)).matched);
}

TEST(CheckpointLedger, G6_ATaintedStateIsNeverDurable) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10, /*tainted=*/true));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(10));
  EXPECT_TRUE(ack.matched);
  EXPECT_FALSE(ack.durable.has_value());
}

TEST(CheckpointLedger, Edge3_AnAckOfATaintedStateMakesTheLastCleanOneDurable) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("a"), State(2, 11));
  ledger.Announce(Stream("a"), State(3, 12, /*tainted=*/true));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(12));
  ASSERT_TRUE(ack.durable.has_value());
  EXPECT_EQ(ack.covered[*ack.durable].number, 2u);
}

TEST(CheckpointLedger, Decision6_WhatEqualsTheDurableStateIsExplained) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("a"), State(2, 10));
  ledger.Announce(Stream("a"), State(3, 11));
  std::vector<OutstandingState> explained;
  ledger.Explain(Stream("a"), Blob(10), &explained);
  EXPECT_EQ(explained.size(), 2u);
  EXPECT_EQ(ledger.outstanding(), 1u) << "a newer, different state stays unexplained";
}

TEST(CheckpointLedger, NothingIsExplainedByAStateThatIsNotOutstanding) {
  CheckpointLedger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  std::vector<OutstandingState> explained;
  ledger.Explain(Stream("a"), Blob(99), &explained);
  EXPECT_TRUE(explained.empty());
  EXPECT_EQ(ledger.outstanding(), 1u);
}

TEST(CheckpointLedger, AgreesWithASlowModel) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    CheckpointLedger ledger;
    std::vector<OutstandingState> model;  // one lane
    uint64_t number = 0, durable = 0;
    for (int step = 0; step < 60; ++step) {
      if (random() % 2 == 0) {
        OutstandingState state = State(++number, random() % 5, random() % 4 == 0);
        model.push_back(state);
        ledger.Announce(Stream("a"), std::move(state));
        continue;
      }
      const JsonDigest digest = Blob(random() % 6);
      const auto ack = ledger.Acknowledge(Stream("a"), digest);
      std::size_t match = 0;
      while (match < model.size() && !(model[match].digest == digest)) ++match;
      ASSERT_EQ(ack.matched, match < model.size());
      if (!ack.matched) continue;
      ASSERT_EQ(ack.covered.size(), match + 1);
      uint64_t expected = 0;
      for (std::size_t i = 0; i <= match; ++i) {
        if (!model[i].tainted) expected = model[i].number;
      }
      ASSERT_EQ(ack.durable ? ack.covered[*ack.durable].number : 0, expected);
      ASSERT_TRUE(expected == 0 || expected > durable) << "G13";
      if (expected != 0) durable = expected;
      model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(match) + 1);
      ASSERT_EQ(ledger.outstanding(), model.size());
    }
  }
}

}  // namespace
}  // namespace shunt
