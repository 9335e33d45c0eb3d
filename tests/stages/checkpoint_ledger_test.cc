// The ledger's rules (contract decision 6, edge rule 3), one test each, and against a slow model.

#include "stages/checkpoint_ledger.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

LaneKey Stream(const std::string& name) {
  return {StateType::kStream, {.name = name, .name_space = std::nullopt}};
}
JsonDigest Blob(uint64_t value) { return {.high = 1, .low = value}; }

OutstandingState State(uint64_t number, uint64_t blob, bool tainted = false) {
  return {.number = number, .digest = Blob(blob), .tainted = tainted, .covered = {}};
}

// A ledger whose files never fail, with what most tests say in one word.
class Ledger {
 public:
  explicit Ledger(const CheckpointLedger::Options& options = {}) : ledger_(options) {}
  void Announce(const LaneKey& lane, const OutstandingState& state) {
    const absl::Status status = ledger_.Announce(lane, state, BytesOf(state.number));
    ASSERT_TRUE(status.ok()) << status;
  }
  CheckpointLedger::Ack Acknowledge(const LaneKey& lane, const JsonDigest& digest) {
    auto ack = ledger_.Acknowledge(lane, digest, &records_);
    EXPECT_TRUE(ack.ok()) << ack.status();
    if (ack->durable != 0) {
      EXPECT_EQ(ack->blob, BytesOf(ack->durable));
    }
    return *std::move(ack);
  }
  uint64_t Explain(const LaneKey& lane, const JsonDigest& durable) {
    return *ledger_.Explain(lane, durable, &records_);
  }
  static std::string BytesOf(uint64_t number) { return absl::StrCat("blob ", number); }

  uint64_t records(uint32_t stream) const {
    const auto found = records_.streams().find(stream);
    return found == records_.streams().end() ? 0 : found->second.records;
  }
  CheckpointLedger* operator->() { return &ledger_; }

 private:
  CheckpointLedger ledger_;
  CoveredSum records_;
};

TEST(CheckpointLedger, Decision6_AnAckCoversTheEarlierStatesOfItsLane) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("b"), State(2, 10));
  ledger.Announce(Stream("a"), State(3, 11));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(11));
  EXPECT_EQ(ack.covered, 2u);
  EXPECT_EQ(ack.durable, 3u);
  EXPECT_EQ(ledger->outstanding(), 1u) << "the other lane is untouched";
}

TEST(CheckpointLedger, AnAckSaidTwiceIsOfNoStateThatWasNotWrittenYet) {
  CheckpointLedger ledger;
  CoveredSum records;
  for (uint64_t number = 1; number <= 2; ++number) {
    OutstandingState state = State(number, 10);
    state.covered = {{.stream = 0, .records = 5, .bytes = 50}};
    ASSERT_TRUE(ledger.Announce(Stream("a"), state, "{}").ok());
  }
  const auto acknowledge = [&](uint64_t out) {
    return ledger.Acknowledge(Stream("a"), Blob(10), &records, out)->covered;
  };
  EXPECT_EQ(acknowledge(0), 0u) << "nothing is written yet";
  EXPECT_EQ(acknowledge(1), 1u);
  EXPECT_EQ(acknowledge(1), 0u) << "the second is announced and not written";
  EXPECT_EQ(records.streams().at(0).records, 5u);
  EXPECT_EQ(ledger.outstanding(), 1u);
  EXPECT_EQ(acknowledge(2), 1u) << "its own is not lost by that";
  EXPECT_EQ(records.streams().at(0).records, 10u);
}

TEST(CheckpointLedger, Decision6_TheOldestEqualStateIsMatched) {
  Ledger ledger;
  for (uint64_t n = 1; n <= 3; ++n) ledger.Announce(Stream("a"), State(n, 10));
  for (uint64_t n = 1; n <= 3; ++n) {
    const auto ack = ledger.Acknowledge(Stream("a"), Blob(10));
    EXPECT_EQ(ack.covered, 1u);
    EXPECT_EQ(ack.durable, n);
    EXPECT_EQ(ledger->outstanding(), 3 - n);
  }
}

TEST(CheckpointLedger, G15_AnUnknownAckChangesNothing) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  EXPECT_EQ(ledger.Acknowledge(Stream("a"), Blob(99)).covered, 0u);
  EXPECT_EQ(ledger.Acknowledge(Stream("z"), Blob(10)).covered, 0u);
  EXPECT_EQ(ledger->outstanding(), 1u);
}

TEST(CheckpointLedger, G13_ALateAckOfACoveredStateIsUnknown) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("a"), State(2, 11));
  ASSERT_EQ(ledger.Acknowledge(Stream("a"), Blob(11)).covered, 2u);
  EXPECT_EQ(ledger.Acknowledge(Stream("a"), Blob(10)).covered, 0u);
}

TEST(CheckpointLedger, G6_ATaintedStateIsNeverDurable) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10, /*tainted=*/true));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(10));
  EXPECT_EQ(ack.covered, 1u);
  EXPECT_EQ(ack.durable, 0u);
}

TEST(CheckpointLedger, Edge3_AnAckOfATaintedStateMakesTheLastCleanOneDurable) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("a"), State(2, 11));
  ledger.Announce(Stream("a"), State(3, 12, /*tainted=*/true));
  const auto ack = ledger.Acknowledge(Stream("a"), Blob(12));
  EXPECT_EQ(ack.durable, 2u);
  EXPECT_EQ(ack.committed, 2u);
  EXPECT_EQ(ack.covered, 3u);
}

TEST(CheckpointLedger, Decision6_WhatEqualsTheDurableStateIsExplained) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  ledger.Announce(Stream("a"), State(2, 10));
  ledger.Announce(Stream("a"), State(3, 11));
  EXPECT_EQ(ledger.Explain(Stream("a"), Blob(10)), 2u);
  EXPECT_EQ(ledger->outstanding(), 1u) << "a newer, different state stays unexplained";
}

TEST(CheckpointLedger, NothingIsExplainedByAStateThatIsNotOutstanding) {
  Ledger ledger;
  ledger.Announce(Stream("a"), State(1, 10));
  EXPECT_EQ(ledger.Explain(Stream("a"), Blob(99)), 0u);
  EXPECT_EQ(ledger->outstanding(), 1u);
}

TEST(CheckpointLedger, WhatAGlobalStateCoversIsAddedUpByStream) {
  Ledger ledger({.spill_dir = testing::TempDir(), .bodies_memory_bytes_max = 0});
  const LaneKey global{StateType::kGlobal, {}};
  for (uint64_t n = 1; n <= 3; ++n) {
    OutstandingState state = State(n, n);
    for (uint32_t stream = 0; stream < 1000; ++stream) state.covered.push_back({stream, n, 1});
    ledger.Announce(global, state);
  }
  ASSERT_EQ(ledger.Acknowledge(global, Blob(2)).covered, 2u);
  for (uint32_t stream = 0; stream < 1000; ++stream) ASSERT_EQ(ledger.records(stream), 3u);
}

TEST(CheckpointLedger, MoreThanFitAreRefused) {
  CheckpointLedger ledger({.spill_dir = {}, .outstanding_max = 1});
  EXPECT_TRUE(ledger.Announce(Stream("a"), State(1, 10), "{}").ok());
  EXPECT_TRUE(absl::IsOutOfRange(ledger.Announce(Stream("a"), State(2, 11), "{}")));
}

// Several lanes, equal and tainted states, acks of anything, explanations; few states and many, so
// that pages of notes are written to the file, changed there, and given back.
TEST(CheckpointLedger, AgreesWithASlowModel) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  int64_t spilled = 0;
  for (int round = 0; round < 60; ++round) {
    Ledger ledger({.spill_dir = testing::TempDir(), .bodies_memory_bytes_max = 2000});
    const uint64_t lanes = 1 + random() % 3, blobs = round % 3 == 0 ? 5 : 5000;
    const uint64_t ack_one_in = round % 6 == 5 ? 1500 : 3;
    std::vector<std::vector<OutstandingState>> model(lanes);
    std::vector<uint64_t> committed(lanes);
    uint64_t number = 0, open = 0;
    for (int step = 0; step < 6000; ++step) {
      const uint64_t at = random() % lanes;
      std::vector<OutstandingState>& lane = model[at];
      const LaneKey key = Stream(absl::StrCat("s", at));
      if (random() % ack_one_in != 0) {
        OutstandingState state = State(++number, random() % blobs, random() % 4 == 0);
        state.covered.push_back({static_cast<uint32_t>(at), 1 + random() % 9, 1});
        lane.push_back(state);
        ledger.Announce(key, state);
        ++open;
        continue;
      }
      JsonDigest digest = Blob(random() % blobs);
      if (!lane.empty() && random() % 2 == 0) digest = lane[random() % lane.size()].digest;
      const bool explain = random() % 50 == 0;
      std::size_t count = 0;  // how many go
      for (std::size_t i = 0; i < lane.size() && (explain || count == 0); ++i) {
        if (lane[i].digest == digest) count = i + 1;
      }
      uint64_t durable = 0;
      for (std::size_t i = 0, clean = 0; i < count; ++i) {
        clean += lane[i].covered[0].records;
        if (explain) committed[at] += lane[i].tainted ? 0 : lane[i].covered[0].records;
        if (explain || lane[i].tainted) continue;
        durable = lane[i].number;
        committed[at] += std::exchange(clean, 0);
      }
      if (explain) {
        ASSERT_EQ(ledger.Explain(key, digest), count);
      } else {
        const auto ack = ledger.Acknowledge(key, digest);
        ASSERT_EQ(ack.covered, count);
        ASSERT_EQ(ack.durable, durable);
      }
      ASSERT_EQ(ledger.records(static_cast<uint32_t>(at)), committed[at]);
      lane.erase(lane.begin(), lane.begin() + static_cast<std::ptrdiff_t>(count));
      open -= count;
      ASSERT_EQ(ledger->outstanding(), open);
    }
    spilled += ledger->file_bytes();
  }
  EXPECT_GT(spilled, 0) << "nothing was proven of the file";
}

// The work of a state does not grow with how many others there are: notes read per announcement and
// ack, for N and 10 N outstanding ones.
class Work : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr uint64_t kLanes = 100;

  static double PerState(std::string_view how, uint64_t states) {
    Ledger ledger({.spill_dir = testing::TempDir(), .bodies_memory_bytes_max = 1 << 19});
    const auto lane = [](uint64_t n) { return Stream(absl::StrCat("s", n % kLanes)); };
    const uint64_t blobs = how == "equal" ? 1 : states;
    for (uint64_t n = 0; n < states; ++n) ledger.Announce(lane(n), State(n + 1, n % blobs));
    EXPECT_GT(ledger->file_bytes(), 0);
    EXPECT_LE(ledger->index_bytes(), 15 * states + 64 * 64 * 8);
    uint64_t covered = 0;
    for (uint64_t n = 0; n < states; ++n) {
      if (how == "garbage") covered += ledger.Acknowledge(lane(n), Blob(states + n)).covered;
      if (how == "last" && n < states - kLanes) continue;
      covered += ledger.Acknowledge(lane(n), Blob(n % blobs)).covered;
    }
    EXPECT_EQ(covered, states);
    EXPECT_EQ(ledger->outstanding(), 0u);
    EXPECT_LE(ledger->file_bytes(), 1 << 21) << "the files are given back";
    return static_cast<double>(ledger->states_read()) / static_cast<double>(states);
  }
};

TEST_P(Work, OfAStateIsTheSameAmongTenTimesAsMany) {
  const double few = PerState(GetParam(), 10'000), many = PerState(GetParam(), 100'000);
  printf("%s: %.2f notes read per state among 10,000, %.2f among 100,000\n", GetParam(), few, many);
  EXPECT_GE(few, 1.0);
  EXPECT_LE(many, few * 1.05 + 0.1);
  EXPECT_LE(many, 8.0);
}

INSTANTIATE_TEST_SUITE_P(Acks, Work, ::testing::Values("each", "last", "equal", "garbage"),
                         [](const auto& how) { return std::string(how.param); });

}  // namespace
}  // namespace shunt
