// What bursts and failing stores must not change: how lines are grouped into transactions, and
// which commits fail or get lost, leaves config and journal the same (G21, G22, G26, G27). Random
// updates, valid, half-updated and broken; the seed is printed on failure.
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "platform/clock.h"
#include "stages/control_sequencer.h"
#include "stages/control_stage.h"
#include "tests/control/config_test_support.h"
#include "tests/control/flaky_store.h"

namespace shunt {
namespace {

using namespace testing_control;  // NOLINT(google-build-using-namespace)

constexpr uint64_t kSeeds = 150;
constexpr std::string_view kStored = R"({"a":1,"b":1})";
// Both or none of c and d; numbers.
constexpr std::string_view kSpec = R"({"type":"object","dependencies":{"c":["d"],"d":["c"]},
  "additionalProperties":{"type":"integer"}})";

class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

  std::string Config() {
    std::string config = "{";
    for (const char* key : {"a", "b", "c", "d"}) {
      if (OneIn(2)) continue;
      const std::string value = OneIn(8) ? "\"bad\"" : std::to_string(Below(3));
      config += std::string(config.size() > 1 ? "," : "") + "\"" + key + "\":" + value;
    }
    return config + "}";
  }

 private:
  std::mt19937_64 random_;
};

struct Line {
  uint64_t emitted_at = 0;
  std::string config;
};

std::vector<Line> RandomLines(Chance* chance) {
  std::vector<Line> lines(1 + chance->Below(12));
  for (Line& line : lines) line = {chance->Below(20), chance->Config()};
  return lines;
}

struct Outcome {
  std::string config;
  int64_t generation = 0;
  std::map<int64_t, Verdict> journal;
  bool operator==(const Outcome&) const = default;
  friend void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << outcome.config << " generation " << outcome.generation;
    for (const auto& [seq, verdict] : outcome.journal)
      *out << " " << seq << ":" << VerdictName(verdict);
  }
};

// All within one burst; cut into transactions by chance.
Outcome Sequence(const std::vector<Line>& lines, const std::shared_ptr<const ConnectorSpec>& spec,
                 Chance* cuts) {
  ControlSequencer sequencer(Origin::kSource, ConfigMode::kMerge, spec);
  ConfigDocument config = Stored(kStored);
  Outcome outcome;
  const auto step = [&](const std::vector<ControlArrivalPtr>& arrivals, absl::Duration now) {
    const ControlPlan plan = sequencer.Plan(config, arrivals, now, kNow);
    if (plan.change.document) config = *plan.change.document;
    EXPECT_TRUE(spec->Validate(config.ToJson())->empty()) << "G27: " << config.ToJson();
    for (const JournalRow& row : plan.change.rows) outcome.journal[row.order.seq] = row.verdict;
    sequencer.Commit(plan);
  };
  std::vector<ControlArrivalPtr> arrivals;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto arrival = std::make_shared<ControlArrival>();
    arrival->update = Update(static_cast<double>(lines[i].emitted_at), lines[i].config,
                             static_cast<int64_t>(i) + 1);
    arrival->row.order = arrival->update.order;
    arrival->wait_ends = kBurstWait;
    arrivals.push_back(std::move(arrival));
    if (cuts != nullptr && !cuts->OneIn(3)) continue;
    step(arrivals, absl::ZeroDuration());
    arrivals.clear();
  }
  step(arrivals, absl::InfiniteDuration());
  outcome.config = config.ToJson();
  outcome.generation = config.generation;
  return outcome;
}

TEST(ControlSequencerProperty, G22_HowABurstIsCutIntoTransactionsDoesNotMatter) {
  const auto spec = Spec(kSpec);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chance chance(seed);
    const std::vector<Line> lines = RandomLines(&chance);
    const Outcome expected = Sequence(lines, spec, nullptr);
    ASSERT_EQ(expected.journal.size(), lines.size()) << "G21: every line is in the journal";
    for (const auto& [seq, verdict] : expected.journal) EXPECT_NE(verdict, Verdict::kPending);
    for (int round = 0; round < 5; ++round) ASSERT_EQ(Sequence(lines, spec, &chance), expected);
  }
}

class Inbox final : public ControlInbox {
 public:
  bool Next(ControlFact* fact) override {
    if (!facts.empty()) {
      *fact = std::move(facts.front());
      facts.pop_front();
      return true;
    }
    closed_ = ended;
    return false;
  }
  bool closed() const override { return closed_; }
  std::deque<ControlFact> facts;
  bool ended = false;

 private:
  bool closed_ = false;
};

// Announcements, each checked against the store at the moment it is made.
class Announcements final : public ControlEvents {
 public:
  explicit Announcements(FlakyStore* store) : store_(store) {}
  void OnSecrets(Origin, const std::vector<std::string>&) override {}
  void OnIgnored(Origin) override { ADD_FAILURE() << "nothing to ignore"; }
  void OnVerdict(const ControlVerdict& verdict) override {
    EXPECT_TRUE(verdicts.try_emplace(verdict.seq, verdict.verdict).second) << "announced twice";
    EXPECT_GE(store_->ReadConfig("c/source")->generation, verdict.generation) << "G20";
  }
  void OnRejected(Origin, std::string_view) override {}
  void OnStoreTrouble(const absl::Status&, const absl::Status&) override {}
  void OnStoreFailed(const StoreFailure& failure) override {
    ADD_FAILURE() << "it was given up: " << failure.status;
  }
  std::map<int64_t, Verdict> verdicts;

 private:
  FlakyStore* const store_;
};

// All lines at once through a stage whose store fails by chance, before or after the commit.
Outcome RunStage(const std::vector<Line>& lines, const std::shared_ptr<const ConnectorSpec>& spec,
                 Chance* faults) {
  ManualClock clock(absl::FromUnixMillis(1000));
  FlakyStore store;
  EXPECT_TRUE(store
                  .UpdateConfig("c/source",
                                [](const ConfigDocument&) -> absl::StatusOr<ConfigChange> {
                                  return ConfigChange{Stored(kStored), {}};
                                })
                  .ok());
  Inbox inbox;
  Announcements events(&store);
  ControlOptions options;
  options.run = {"c", "run-1", 1};
  options.source = {"c/source", spec};
  options.destination.config_id = "c/destination";
  ControlStage stage(options, {inbox, events, store, clock});

  std::size_t sent = 0;
  for (int step = 0; step < 10'000; ++step) {
    while (sent < lines.size() && (faults == nullptr || faults->OneIn(3))) {
      ControlFact fact;
      fact.seq = ++sent;
      fact.received_at = clock.WallNow();
      fact.line = R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)" +
                  std::to_string(lines[sent - 1].emitted_at) + R"(,"connectorConfig":{"config":)" +
                  lines[sent - 1].config + "}}}";
      inbox.facts.push_back(std::move(fact));
    }
    inbox.ended = sent == lines.size();
    using Fault = FlakyStore::Fault;
    const uint64_t fault = faults == nullptr || step > 60 ? 9 : faults->Below(4);
    store.fault = fault == 0   ? Fault::kNothingHappens
                  : fault == 1 ? Fault::kEverythingHappens
                               : Fault::kNone;
    if (*stage.Run() == Step::kDone) break;
    // A wait of a burst never ends here: the end of the lines ends it.
    if (faults != nullptr) clock.Advance(absl::Microseconds(300));
    if (step > 100) clock.Advance(absl::Seconds(1));
  }
  Outcome outcome;
  const ConfigDocument config = *store.ReadConfig("c/source");
  const std::vector<JournalRow> rows = *store.ReadJournal("c/source");
  outcome.config = config.ToJson();
  outcome.generation = config.generation;
  for (const JournalRow& row : rows) outcome.journal[row.order.seq] = row.verdict;
  EXPECT_EQ(events.verdicts, outcome.journal) << "what was announced is what is stored";
  EXPECT_EQ(rows.size(), lines.size());
  return outcome;
}

TEST(ControlStageProperty, G26_FailingAndLostCommitsHaveNoEffectOfTheirOwn) {
  const auto spec = Spec(kSpec);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chance chance(seed);
    const std::vector<Line> lines = RandomLines(&chance);
    const Outcome expected = RunStage(lines, spec, nullptr);
    for (int round = 0; round < 5; ++round) ASSERT_EQ(RunStage(lines, spec, &chance), expected);
  }
}

}  // namespace
}  // namespace shunt
