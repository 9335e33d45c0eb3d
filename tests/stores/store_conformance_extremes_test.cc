// Extremes: order keys, generations, times and sizes at the ends of what their types can hold.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

std::vector<OrderKey> ExtremeKeys() {
  using Double = std::numeric_limits<double>;
  return {
      {},
      {kInfinity, kMax, kMax},
      {-kInfinity, kMin, kMin},
      {Double::max(), 0, 0},
      {Double::lowest(), 0, 0},
      {Double::min(), -1, -1},
      {Double::denorm_min(), 1, 1},
      {Double::epsilon(), kMax, kMin},
      {1732300000123.4567, 7, 12},
      {std::nextafter(1732300000123.4567, kInfinity), 7, 12},
      {std::nextafter(1732300000123.4567, -kInfinity), 7, 12},
      {9007199254740992.0, 1LL << 53, (1LL << 53) + 1},
      {9007199254740994.0, 1LL << 62, 1},
      {0.1 + 0.2, 3, 3},
      {1e-300, 1, 1},
  };
}

template <typename Place>
void KeepsKeys(Store& store, const Place& place) {
  int64_t generation = 0;
  for (const OrderKey& key : ExtremeKeys()) {
    ConfigDocument document = MakeDocument(++generation);
    place(document) = key;
    EXPECT_OK(store.UpdateConfig("id", Always({document, {}})));
    EXPECT_EQ(Get(store.ReadConfig("id")), document) << key.effective_at_ms;
  }
}

TEST_P(StoreConformance, TheFloorKeepsEveryBit) {
  KeepsKeys(*store_, [](ConfigDocument& document) -> OrderKey& { return document.floor; });
}

TEST_P(StoreConformance, TheNewestKeyKeepsEveryBit) {
  KeepsKeys(*store_, [](ConfigDocument& document) -> OrderKey& { return document.newest; });
}

TEST_P(StoreConformance, TheOrderOfAKeyKeepsEveryBit) {
  KeepsKeys(*store_, [](ConfigDocument& document) -> OrderKey& { return document.keys[1].order; });
}

TEST_P(StoreConformance, TheOrderOfATombstoneKeepsEveryBit) {
  KeepsKeys(*store_, [](ConfigDocument& document) -> OrderKey& { return document.keys[2].order; });
}

TEST_P(StoreConformance, TheOrderOfARowKeepsEveryBit) {
  std::vector<JournalRow> rows;
  for (const OrderKey& key : ExtremeKeys()) {
    JournalRow row = MakeRow(0);
    row.run_id = "run " + std::to_string(rows.size());
    row.order = key;
    rows.push_back(row);
  }
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, rows})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), rows);
}

TEST_P(StoreConformance, NegativeZeroIsZero) {
  ConfigDocument document = MakeDocument(1);
  document.newest = {-0.0, 1, 1};
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  const OrderKey newest = Get(store_->ReadConfig("id")).newest;
  EXPECT_EQ(newest, (OrderKey{0.0, 1, 1}));
  EXPECT_FALSE(newest < (OrderKey{0.0, 1, 1}));
}

TEST_P(StoreConformance, KeysThatDifferInTheirLastBitStayApart) {
  ConfigDocument document = MakeDocument(1);
  document.keys.clear();
  double time = 1732300000123.4567;
  for (int i = 0; i < 50; ++i) {
    document.keys.push_back({std::to_string(i), "1", {time, 1, 1}});
    time = std::nextafter(time, kInfinity);
  }
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  const ConfigDocument stored = Get(store_->ReadConfig("id"));
  for (std::size_t i = 1; i < stored.keys.size(); ++i) {
    EXPECT_LT(stored.keys[i - 1].order, stored.keys[i].order);
  }
}

TEST_P(StoreConformance, GenerationsGoToTheEnd) {
  for (const int64_t generation :
       {int64_t{0}, int64_t{1}, int64_t{1} << 53, (int64_t{1} << 53) + 1, kMax - 1, kMax}) {
    EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(generation), {}})));
    EXPECT_EQ(Get(store_->ReadConfig("id")).generation, generation);
  }
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({MakeDocument(kMax - 1), {}}))),
            StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, NegativeGenerationsAreRefused) {
  for (const int64_t generation : {int64_t{-1}, int64_t{-2}, kMin}) {
    EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({MakeDocument(generation), {}}))),
              StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreConformance, TheGenerationOfARowKeepsEveryBit) {
  std::vector<JournalRow> rows;
  for (const int64_t generation : {kMin, int64_t{-1}, int64_t{0}, kMax}) {
    JournalRow row = MakeRow(static_cast<int64_t>(rows.size()));
    row.generation = generation;
    rows.push_back(row);
  }
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, rows})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), rows);
}

TEST_P(StoreConformance, LineNumbersTellRowsApartToTheEnd) {
  std::vector<JournalRow> rows;
  for (const int64_t seq : {kMin, int64_t{-1}, int64_t{0}, (int64_t{1} << 53), kMax}) {
    rows.push_back(MakeRow(seq));
  }
  rows.push_back(MakeRow((int64_t{1} << 53) + 1));
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, rows})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), rows);
}

std::vector<absl::Time> ExtremeTimes() {
  return {absl::UnixEpoch(),
          absl::FromUnixNanos(1),
          absl::FromUnixNanos(-1),
          absl::UnixEpoch() + absl::Nanoseconds(1) / 4,
          kNow + absl::Nanoseconds(3) / 4,
          absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()),
          absl::FromCivil(absl::CivilSecond(9999, 12, 31, 23, 59, 59), absl::UTCTimeZone())};
}

TEST_P(StoreConformance, TheTimeOfADocumentKeepsEveryDigit) {
  int64_t generation = 0;
  for (const absl::Time time : ExtremeTimes()) {
    ConfigDocument document = MakeDocument(++generation);
    document.updated_at = time;
    EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
    EXPECT_EQ(Get(store_->ReadConfig("id")).updated_at, time) << time;
  }
}

TEST_P(StoreConformance, TheTimeOfARowKeepsEveryDigit) {
  int number = 0;
  for (const absl::Time time : ExtremeTimes()) {
    JournalRow row = MakeRow(1);
    row.config_id = std::to_string(++number);
    row.received_at = time;
    EXPECT_OK(store_->UpdateConfig(row.config_id, Always({std::nullopt, {row}})));
    EXPECT_EQ(Get(store_->ReadJournal(row.config_id)).at(0).received_at, time) << time;
  }
}

TEST_P(StoreConformance, TheEndOfARunKeepsEveryDigit) {
  int number = 0;
  for (const absl::Time time : ExtremeTimes()) {
    const std::string id = std::to_string(++number);
    EXPECT_OK(store_->EndRun(Begin(id, id), time, "ok", "{}"));
    EXPECT_EQ(Get(store_->FindRun(id)).finished_at, time) << time;
  }
}

TEST_P(StoreConformance, ADocumentMayHaveManyKeys) {
  ConfigDocument document = MakeDocument(1);
  document.keys.clear();
  document.file_fingerprints.clear();
  for (int i = 0; i < 500; ++i) {
    const std::string name = std::to_string(i * 7919 % 500);
    document.keys.push_back({name, i % 3 == 0 ? std::nullopt : std::optional(name), {1, 1, i}});
    document.file_fingerprints.emplace_back(name, "digest of " + name);
  }
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  EXPECT_TRUE(Get(store_->ReadConfig("id")) == document);
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(2), {}})));
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(2));
}

TEST_P(StoreConformance, ADocumentMayHaveNoKeyAnyMore) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {}})));
  ConfigDocument empty = MakeDocument(2);
  empty.keys.clear();
  empty.file_fingerprints.clear();
  EXPECT_OK(store_->UpdateConfig("id", Always({empty, {}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), empty);
  EXPECT_EQ(Get(store_->ReadConfig("id")).ToJson(), "{}");
}

TEST_P(StoreConformance, ABigValueAndABigPayloadFitTogether) {
  ConfigDocument document = MakeDocument(1);
  document.keys[1].value = '"' + std::string(4 << 20, 'v') + '"';
  JournalRow row = MakeRow(1);
  row.payload = "{\"api_key\":\"" + std::string(4 << 20, 'p') + "\"}";
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {row}})));
  Restart();
  EXPECT_TRUE(Get(store_->ReadConfig("id")) == document);
  EXPECT_TRUE(Get(store_->ReadJournal("id")).at(0) == row);
}

TEST_P(StoreConformance, ManyBigStatesFitInOneCommit) {
  const RunHandle run = Begin("a", "r1");
  std::vector<CheckpointWrite> writes;
  for (int i = 0; i < 20; ++i) {
    writes.push_back(
        StreamState("s" + std::to_string(i), std::string(500'000, static_cast<char>('a' + i))));
  }
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  Restart();
  const std::vector<StoredState> states = Get(store_->ReadCheckpoint("a"));
  ASSERT_EQ(states.size(), writes.size());
  for (const StoredState& state : states) EXPECT_EQ(state.blob.size(), 500'000u);
}

TEST_P(StoreConformance, ManyWritesOfOneLaneEndAtTheLast) {
  const RunHandle run = Begin("a", "r1");
  std::vector<CheckpointWrite> writes;
  for (int i = 0; i < 500; ++i) writes.push_back(StreamState("s", std::to_string(i)));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  EXPECT_EQ(Checkpoint("a"), std::vector<std::string>{"STREAM s 499"});
}

TEST_P(StoreConformance, ManyLanesCanBeReplacedAndRemoved) {
  const RunHandle run = Begin("a", "r1");
  std::vector<StoredState> states;
  std::vector<CheckpointWrite> gone;
  for (int i = 0; i < 500; ++i) {
    states.push_back({StateType::kStream, {std::to_string(i), {}}, "1"});
    if (i % 2 == 0) gone.push_back(StreamGone(std::to_string(i)));
  }
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, states));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, gone));
  EXPECT_EQ(Checkpoint("a").size(), 250u);
}

TEST_P(StoreConformance, ManyRunsAreListedAsAsked) {
  for (int i = 0; i < 60; ++i) {
    const std::string id = "run" + std::to_string(i);
    EXPECT_OK(store_->EndRun(Begin(i % 2 == 0 ? "even" : "odd", id), kNow, "ok", "{}"));
  }
  EXPECT_EQ(Get(store_->ListRuns("", 0)).size(), 60u);
  EXPECT_EQ(Get(store_->ListRuns("even", 0)).size(), 30u);
  const std::vector<RunRecord> newest = Get(store_->ListRuns("odd", 7));
  ASSERT_EQ(newest.size(), 7u);
  EXPECT_EQ(newest.front().handle.run_id, "run59");
  EXPECT_EQ(newest.back().handle.run_id, "run47");
}

}  // namespace
}  // namespace shunt
