// Floods of config updates: what each costs does not grow with how many came before, no transaction
// is long, and the journal and the config stay within their bounds. Counted in steps: keys and rows
// that are written, bytes of configs that are looked at.
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "platform/clock.h"
#include "stages/control_sequencer.h"
#include "stages/control_stage.h"
#include "stores/forwarding_store.h"
#include "stores/journal_retention.h"
#include "stores/store.h"
#include "tests/control/config_test_support.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using namespace testing_control;  // NOLINT(google-build-using-namespace)

constexpr int kFlood = 20'000;
constexpr std::string_view kId = "orders/source";
constexpr std::string_view kSpec =
    R"({"type":"object","properties":{"bad":{"type":"integer"},"token":{"type":"string",
        "airbyte_secret":true}}})";

// Counts what every transaction writes.
class CountingStore final : public ForwardingStore {
 public:
  explicit CountingStore(Store& inner) : ForwardingStore(inner) {}
  struct Transaction {
    std::size_t rows = 0, keys = 0;
  };
  std::vector<Transaction> transactions;

  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override {
    return ForwardingStore::UpdateConfig(
        config_id, [&](const ConfigDocument& stored) -> absl::StatusOr<ConfigChange> {
          absl::StatusOr<ConfigChange> change = decide(stored);
          if (change.ok()) {
            transactions.push_back({.rows = change->rows.size(),
                                    .keys = change->document ? change->document->keys.size() : 0});
          }
          return change;
        });
  }
};

class Inbox final : public ControlInbox {
 public:
  bool Next(ControlFact* fact) override {
    if (facts.empty()) return false;
    *fact = std::move(facts.front());
    facts.pop_front();
    return true;
  }
  bool closed() const override { return facts.empty(); }
  bool aborting() const override { return abort; }
  std::deque<ControlFact> facts;
  bool abort = false;
};

struct Events final : public ControlEvents {
  void OnSecrets(Origin, const std::vector<std::string>&) override {}
  void OnIgnored(Origin) override { ++ignored; }
  void OnVerdict(const ControlVerdict& verdict) override {
    ++verdicts[static_cast<std::size_t>(verdict.verdict)];
  }
  void OnRejected(Origin, std::string_view) override { ++rejected; }
  void OnStoreTrouble(const absl::Status& status, const absl::Status&) override {
    ADD_FAILURE() << status;
  }
  void OnStoreFailed(const StoreFailure& failure) override { ADD_FAILURE() << failure.status; }
  int Of(Verdict verdict) const { return verdicts[static_cast<std::size_t>(verdict)]; }
  int verdicts[5] = {};
  int ignored = 0, rejected = 0;
};

// A control stage on a real store, plain or sealed.
class ControlFlood : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    StoreOptions options;
    if (GetParam()) options.keys = *Keyring::Parse(std::string(64, '7'));
    store_ = *OpenStore("sqlite:" + dir_.path() + "/store.db", options);
    counted_ = std::make_unique<CountingStore>(*store_);
  }
  void Send(std::string_view config) {
    const int64_t seq = static_cast<int64_t>(++sent_);
    inbox_.facts.push_back(
        {.origin = Origin::kSource,
         .seq = sent_,
         .received_at = kNow,
         .line =
             absl::StrCat(R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)",
                          seq, R"(,"connectorConfig":{"config":)", std::string(config), "}}}")});
  }
  void Run(std::string_view spec = kSpec) {
    ControlOptions options;
    options.run = {"orders", "run-1", 1};
    options.source = {std::string(kId), Spec(spec)};
    options.destination = {"orders/destination", nullptr};
    ControlStage stage(options, ControlDeps{inbox_, events_, *counted_, SystemClock(), nullptr});
    for (int i = 0; i < 10 * kFlood; ++i) {
      const absl::StatusOr<Step> step = stage.Run();
      ASSERT_TRUE(step.ok());
      if (*step == Step::kDone) return;
    }
    FAIL() << "no end";
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<CountingStore> counted_;
  Inbox inbox_;
  Events events_;
  uint64_t sent_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Stores, ControlFlood, ::testing::Bool(), [](const auto& store) {
  return std::string(store.param ? "Sealed" : "Plain");
});

TEST_P(ControlFlood, OfUpdatesWithANewKeyEach) {
  for (int i = 0; i < kFlood; ++i) Send(absl::StrCat(R"({"key-)", i, R"(":"value"})"));
  Run();
  EXPECT_EQ(events_.Of(Verdict::kApplied), kFlood);
  EXPECT_EQ(store_->ReadConfig(kId)->keys.size(), static_cast<std::size_t>(kFlood));
  EXPECT_EQ(store_->ReadConfig(kId)->generation, kFlood);
  // The config is written once for each batch, not once for each update.
  EXPECT_EQ(counted_->transactions.size(), kFlood / kControlBatchMax + 1);
  for (const CountingStore::Transaction& transaction : counted_->transactions) {
    EXPECT_LE(transaction.rows, kControlBatchMax);
    EXPECT_LE(transaction.keys, static_cast<std::size_t>(kFlood));
  }
  EXPECT_LE(store_->ReadJournal(kId)->size(), kJournalRowsMax + kJournalRowsSlack);
}

TEST_P(ControlFlood, OfMalformedUpdatesOfMegabytesStaysWithinTheJournal) {
  const std::string huge = R"(["token",")" + std::string((4 << 20) - 100, 'x') + "\"]";
  for (int i = 0; i < 24; ++i) Send(huge);
  Send(R"({"token":"good"})");
  Run();
  EXPECT_EQ(events_.Of(Verdict::kQuarantined), 24);
  EXPECT_EQ(events_.Of(Verdict::kApplied), 1);
  std::size_t bytes = 0;
  const std::vector<JournalRow> journal = *store_->ReadJournal(kId);
  for (const JournalRow& row : journal) bytes += JournalBytes(row);
  EXPECT_LE(bytes, kJournalBytesMax);
  EXPECT_GT(bytes, kJournalBytesKept / 2);
  EXPECT_EQ(journal.back().verdict, Verdict::kApplied);
}

// What plans look at, without a store.
class PlanWork : public ::testing::Test {
 protected:
  ControlArrivalPtr Arrival(std::string_view config) {
    auto arrival = std::make_shared<ControlArrival>();
    ++seq_;
    arrival->update = Update(static_cast<double>(seq_), config, seq_);
    arrival->row.order = arrival->update.order;
    arrival->row.payload = std::string(config);
    return arrival;
  }
  int64_t seq_ = 0;
};

std::size_t BytesOf(const ConfigDocument& document) { return document.ToJson().size(); }

TEST_F(PlanWork, AGoodFloodIsValidatedOnceForABatch) {
  const ControlSequencer sequencer(Origin::kSource, ConfigMode::kMerge, Spec(kSpec));
  ConfigDocument config = Stored(R"({"token":"t"})");
  std::vector<ControlArrivalPtr> arrivals;
  for (int i = 0; i < 2000; ++i)
    arrivals.push_back(Arrival(absl::StrCat("{\"k", i, "\":", i, "}")));
  const ControlPlan plan = sequencer.Plan(config, arrivals, absl::ZeroDuration(), kNow);
  EXPECT_TRUE(plan.took_all);
  EXPECT_EQ(plan.verdicts.size(), 2000u);
  EXPECT_LE(plan.work, 2 * BytesOf(*plan.change.document));
}

TEST_F(PlanWork, ABadOneAmongThemIsFoundByHalves) {
  const ControlSequencer sequencer(Origin::kSource, ConfigMode::kMerge, Spec(kSpec));
  const ConfigDocument config = Stored(R"({"token":"t"})");
  std::vector<ControlArrivalPtr> arrivals;
  for (int i = 0; i < 2000; ++i) {
    arrivals.push_back(
        Arrival(i == 700 ? R"({"bad":"no number"})" : absl::StrCat("{\"k", i, "\":", i, "}")));
  }
  const ControlPlan plan = sequencer.Plan(config, arrivals, absl::InfiniteDuration(), kNow);
  int applied = 0, quarantined = 0;
  for (const ControlVerdict& verdict : plan.verdicts) {
    applied += verdict.verdict == Verdict::kApplied ? 1 : 0;
    quarantined += verdict.verdict == Verdict::kQuarantined ? 1 : 0;
  }
  EXPECT_EQ(applied, 1999);
  EXPECT_EQ(quarantined, 1);
  EXPECT_LE(plan.work, 100 * BytesOf(*plan.change.document)) << "not 2,000 times";
}

TEST_F(PlanWork, APlanEndsEarlyWhenItHasLookedAtEnough) {
  const ControlSequencer sequencer(Origin::kSource, ConfigMode::kMerge, Spec(kSpec));
  const ConfigDocument config =
      Stored(absl::StrCat(R"({"token":"t","large":")", std::string(4 << 20, 'x'), "\"}"));
  std::vector<ControlArrivalPtr> arrivals;
  for (int i = 0; i < 100; ++i) arrivals.push_back(Arrival(R"({"bad":"no number"})"));
  const ControlPlan plan = sequencer.Plan(config, arrivals, absl::InfiniteDuration(), kNow);
  EXPECT_FALSE(plan.took_all);
  EXPECT_GE(plan.taken, 1u);
  EXPECT_LE(plan.work, kPlanWorkMax + 4 * BytesOf(config));
}

TEST_F(PlanWork, AConfigDoesNotGrowBeyondItsBound) {
  ConfigDocument config;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const ConfigUpdate update =
        Update(i + 1, absl::StrCat("{\"k", i, "\":\"", std::string(1000 << 10, 'x'), "\"}"), i + 1);
    refused += Apply(&config, update).refused ? 1 : 0;
  }
  EXPECT_LE(BytesOf(config), kConfigDocumentBytesMax + 1000);
  EXPECT_EQ(refused, 4);
}

}  // namespace
}  // namespace shunt
