// Configs that a person puts in: above everything that is stored, below what comes later.
#include "stages/config_by_hand.h"

#include <limits>

#include "gtest/gtest.h"
#include "stages/config_order.h"
#include "tests/control/config_test_support.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

const absl::Time kNow = absl::FromUnixMillis(1'732'300'000'000);

ConfigDocument StoredAt(double at) {
  ConfigDocument document;
  document.generation = 4;
  document.newest = {at, 9, 9};
  document.keys = {{"a", "1", document.newest}, {"token", R"("t0")", document.newest}};
  return document;
}

ConfigByHand ByHand(std::string_view json) {
  ConfigByHand config;
  config.config_id = "id";
  config.run_id = "hand";
  config.writer = "import";
  config.reason = "because";
  config.json = json;
  config.now = kNow;
  return config;
}

std::string Result(const ConfigDocument& stored, const ConfigByHand& config) {
  const absl::StatusOr<ConfigChange> change = PutConfigByHand(stored, config);
  EXPECT_TRUE(change.ok()) << change.status();
  EXPECT_TRUE(change->document.has_value());
  return change->document->ToJson();
}

TEST(PutConfigByHand, WinsOverWhatIsStoredEvenOverAClockThatIsAhead) {
  const double ahead = ToUnixMillisDouble(kNow + absl::Hours(12));
  for (const double at : {0.0, ToUnixMillisDouble(kNow), ahead, 1e300}) {
    EXPECT_EQ(Result(StoredAt(at), ByHand(R"({"token":"t1"})")), R"({"token":"t1"})") << at;
  }
}

TEST(PutConfigByHand, LosesToWhatTheConnectorSaysLater) {
  const ConfigDocument stored =
      *PutConfigByHand(StoredAt(0), ByHand(R"({"token":"t1"})"))->document;
  const ConfigUpdate later = {{ToUnixMillisDouble(kNow + absl::Milliseconds(1)), 10, 1},
                              {{"token", R"("t2")"}}};
  const ConfigUpdate* const updates[] = {&later};
  const Judgement judgement = JudgeUpdates(stored, updates, ConfigMode::kMerge, nullptr, kNow);
  EXPECT_EQ(judgement.verdicts.front().verdict, Verdict::kApplied);
}

TEST(PutConfigByHand, MergesWhenAsked) {
  ConfigByHand config = ByHand(R"({"token":"t1"})");
  config.mode = ConfigMode::kMerge;
  EXPECT_EQ(Result(StoredAt(5), config), R"({"a":1,"token":"t1"})");
}

TEST(PutConfigByHand, IsJournaledWithItsReason) {
  const absl::StatusOr<ConfigChange> change =
      PutConfigByHand(StoredAt(5), ByHand(R"({"token":"t1"})"));
  ASSERT_EQ(change->rows.size(), 1u);
  const JournalRow& row = change->rows[0];
  EXPECT_EQ(row.writer, "import");
  EXPECT_EQ(row.reason, "because");
  EXPECT_EQ(row.verdict, Verdict::kApplied);
  EXPECT_EQ(row.generation, 5);
  EXPECT_TRUE(row.unvalidated);
  EXPECT_EQ(row.payload, R"({"token":"t1"})");
}

TEST(PutConfigByHand, RefusesWhatItsSpecRefuses) {
  ConfigByHand config = ByHand(R"({"token":1})");
  const auto spec = testing_control::Spec(R"({"properties":{"token":{"type":"string"}}})");
  config.spec = spec.get();
  const absl::Status status = PutConfigByHand(StoredAt(5), config).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("/token"), absl::string_view::npos) << status;
}

TEST(PutConfigByHand, FillsMasksAndRefusesThoseWithNothingBehindThem) {
  EXPECT_EQ(Result(StoredAt(5), ByHand(R"({"token":"**********","a":2})")),
            R"({"a":2,"token":"t0"})");
  EXPECT_EQ(PutConfigByHand(StoredAt(5), ByHand(R"({"b":"**********"})")).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(JournalReference, NamesOneRowByTheBeginningOfItsRun) {
  JournalRow a, b;
  a.run_id = "aaaabbbbccccdddd";
  b.run_id = "aaaaeeeeffff0000";
  a.order.seq = b.order.seq = 7;
  const std::vector<JournalRow> journal = {a, b};
  EXPECT_EQ(JournalReference(a), "aaaabbbbcccc/7");
  EXPECT_EQ(FindJournalRow(journal, "aaaabbbbcccc/7")->run_id, a.run_id);
  EXPECT_EQ(FindJournalRow(journal, "aaaae/7")->run_id, b.run_id);
  EXPECT_EQ(FindJournalRow(journal, "aaaa/7").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(FindJournalRow(journal, "aaaab/8").status().code(), StatusCode::kNotFound);
  for (const char* bad : {"", "/7", "7", "aaaab/", "aaaab/x"}) {
    EXPECT_EQ(FindJournalRow(journal, bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace shunt
