// What a line of the control lane asks for: contract decisions 4, 7, 10, edge rule 5; F54-F56, F70,
// F72.
#include "stages/control_reader.h"

#include <optional>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;

const absl::Time kReceived = absl::FromUnixMillis(1'700'000'000'000);
constexpr double kReceivedMs = 1'700'000'000'000.0;

std::string Control(std::string_view emitted_at, std::string_view config) {
  return R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG",)" +
         (emitted_at.empty() ? "" : "\"emitted_at\":" + std::string(emitted_at) + ",") +
         R"("connectorConfig":{"config":)" + std::string(config) + "}}}";
}

class ControlReaderTest : public ::testing::Test {
 protected:
  std::optional<ControlArrival> Read(std::string_view line, uint64_t seq = 1) {
    return reader_.Read(line, seq, kReceived, watch_);
  }

  WallWatch watch_;
  ControlReader reader_{Origin::kSource, "orders/source", "run-1", 7};
};

TEST_F(ControlReaderTest, AnUpdateIsReadWhole) {
  const auto arrival = Read(Control("1699999999999.25", R"({ "b" : "\u0041", "a":1 })"), 42);
  ASSERT_TRUE(arrival);
  EXPECT_FALSE(arrival->hopeless);
  EXPECT_EQ(arrival->update.order, (OrderKey{1699999999999.25, 7, 42}));
  EXPECT_EQ(arrival->row.order, arrival->update.order);
  EXPECT_EQ(arrival->row.config_id, "orders/source");
  EXPECT_EQ(arrival->row.run_id, "run-1");
  EXPECT_EQ(arrival->row.writer, "source");
  EXPECT_EQ(arrival->row.emitted_at_text, "1699999999999.25");
  EXPECT_EQ(arrival->row.time_source, "connector");
  EXPECT_EQ(arrival->row.received_at, kReceived);
  EXPECT_EQ(arrival->row.verdict, Verdict::kPending);
  EXPECT_EQ(arrival->row.payload, R"({ "b" : "\u0041", "a":1 })");
  EXPECT_THAT(arrival->row.keys, ElementsAre("b", "a"));
}

TEST_F(ControlReaderTest, Decision7_UnusableEmittedAtIsReplacedAndTheJournalSaysSo) {
  for (const std::string_view text :
       {"", "null", "\"123\"", "true", "{}", "[1]", "-1", "1e400", "1e18", "253402300799000"}) {
    const auto arrival = Read(Control(text, R"({"a":1})"));
    ASSERT_TRUE(arrival) << text;
    EXPECT_FALSE(arrival->hopeless) << text;
    EXPECT_EQ(arrival->row.time_source, "router") << text;
    EXPECT_EQ(arrival->row.order.effective_at_ms, kReceivedMs) << text;
  }
  for (const std::string_view text : {"0", "-0", "1e3", "1700000000", "1700000000123.4567",
                                      "1699999999999.12345678901234567890"}) {
    EXPECT_EQ(Read(Control(text, R"({"a":1})"))->row.time_source, "connector") << text;
  }
}

TEST_F(ControlReaderTest, EdgeRule5_AConfigThatIsNoObjectIsQuarantinedAndRejected) {
  for (const std::string_view config : {"null", "[]", "\"x\"", "1"}) {
    const std::string line = Control("1", config);
    const auto arrival = Read(line);
    ASSERT_TRUE(arrival) << config;
    EXPECT_TRUE(arrival->hopeless && arrival->rejected) << config;
    EXPECT_EQ(arrival->row.payload, line) << "kept whole";
  }
  const auto without =
      Read(R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1}})");
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->hopeless && without->rejected);
}

TEST_F(ControlReaderTest, UnknownControlTypesAreOnlyCounted) {
  EXPECT_FALSE(Read(R"({"type":"CONTROL","control":{"type":"SHUTDOWN","emitted_at":1}})"));
  EXPECT_FALSE(Read(R"({"type":"CONTROL"})"));
}

TEST_F(ControlReaderTest, AnotherSpellingCountsAndTheJournalSaysSo) {
  const auto arrival =
      Read(R"({"type":"CONTROL","control":{"connectorConfig":{"config":{"token":"t"}}}})");
  ASSERT_TRUE(arrival);
  EXPECT_FALSE(arrival->hopeless);
  EXPECT_EQ(arrival->row.payload, R"({"token":"t"})");
  EXPECT_EQ(arrival->row.reason, "not spelled as the protocol has it: control without a type");
}

TEST_F(ControlReaderTest, AMessageThatNamesAConfigAndIsNoUpdateIsKeptWithAnAlert) {
  const std::string line =
      R"({"type":"CONTROL","control":{"connector_config":{"config":{"token":"t"}}}})";
  const auto arrival = Read(line);
  ASSERT_TRUE(arrival);
  EXPECT_TRUE(arrival->hopeless && arrival->row.alert);
  EXPECT_FALSE(arrival->rejected);
  EXPECT_EQ(arrival->row.payload, line);
}

TEST_F(ControlReaderTest, Decision4_OtherLinesThatMentionAConfigAreKeptAndNotRejected) {
  const std::string line = R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","conn)";
  const ControlArrival arrival = reader_.Quarantine(line, 3, kReceived);
  EXPECT_TRUE(arrival.hopeless && arrival.row.alert);
  EXPECT_FALSE(arrival.rejected);
  EXPECT_EQ(arrival.row.payload, line);
  EXPECT_EQ(arrival.row.order, (OrderKey{kReceivedMs, 7, 3}));
}

TEST_F(ControlReaderTest, NoTwoLinesShareTheirPlaceInTheJournal) {
  EXPECT_EQ(Read(Control("1", "{}"), 5)->row.order.seq, 5);
  EXPECT_EQ(Read(Control("1", "{}"), 5)->row.order.seq, 6);
  EXPECT_EQ(reader_.Quarantine("x", 2, kReceived).row.order.seq, 7);
  EXPECT_EQ(Read(Control("1", "{}"), 100)->row.order.seq, 100);
}

TEST_F(ControlReaderTest, F72_AHugeConfigIsQuarantined) {
  const std::string huge = R"({"a":")" + std::string(kConfigBytesMax, 'x') + "\"}";
  const auto arrival = Read(Control("1", huge));
  ASSERT_TRUE(arrival);
  EXPECT_TRUE(arrival->hopeless && arrival->rejected);
  EXPECT_EQ(arrival->row.payload.size(), huge.size());
}

TEST_F(ControlReaderTest, DestinationUpdatesAreTheDestinations) {
  ControlReader reader(Origin::kDestination, "orders/destination", "run-1", 7);
  const auto arrival = reader.Read(Control("1", R"({"a":1})"), 1, kReceived, watch_);
  EXPECT_EQ(arrival->row.writer, "destination");
  EXPECT_EQ(arrival->row.config_id, "orders/destination");
}

TEST(SecretsOfControl, AreKnownBeforeTheLineIsJudged) {
  EXPECT_THAT(SecretsOfControl(Control("1", R"({"access_token":"abc-def","n":1})"), nullptr),
              ElementsAre("abc-def"));
  EXPECT_THAT(SecretsOfControl("not a message", nullptr), ElementsAre());
}

}  // namespace
}  // namespace shunt
