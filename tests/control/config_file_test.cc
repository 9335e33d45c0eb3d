// The config file beside a stored config: contract decision 11, edge rule 5; G30.
#include "stages/config_file.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stages/config_register.h"
#include "tests/control/config_test_support.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace testing_control;  // NOLINT(google-build-using-namespace)

// A user's file over several runs, with the connector's updates in between.
class ConfigFileTest : public ::testing::Test {
 protected:
  // A run starts and reads the file. The journal row, or an empty one.
  JournalRow Start(std::string_view json) {
    now_ += absl::Seconds(1);
    const auto change = Adopt(json);
    EXPECT_TRUE(change.ok()) << change.status();
    if (change->document) config_ = *change->document;
    EXPECT_LE(change->rows.size(), 1u);
    return change->rows.empty() ? JournalRow{} : change->rows[0];
  }
  absl::StatusOr<ConfigChange> Adopt(std::string_view json) {
    return AdoptConfigFile(config_, {"orders/source", "run-1", ++epoch_, json, now_, "salt"});
  }
  // The connector emits an update now.
  void Emit(std::string_view config) {
    now_ += absl::Seconds(1);
    Apply(&config_, Update(static_cast<double>(absl::ToUnixMillis(now_)), config, 1, epoch_));
  }

  ConfigDocument config_;
  absl::Time now_ = kNow;
  int64_t epoch_ = 0;
};

TEST_F(ConfigFileTest, Decision11_AtFirstSightTheFileIsGenerationZero) {
  const JournalRow row = Start(R"({"token":"t0","start":"2022"})");
  EXPECT_EQ(config_.generation, 0);
  EXPECT_EQ(config_.ToJson(), R"({"token":"t0","start":"2022"})");
  EXPECT_EQ(config_.keys[0].order, OrderKey{}) << "the lowest order key";
  EXPECT_EQ(row.writer, "file");
  EXPECT_EQ(row.verdict, Verdict::kApplied);
  EXPECT_EQ(row.generation, 0);
  EXPECT_THAT(row.keys, ElementsAre("token", "start"));
}

TEST_F(ConfigFileTest, Decision11_AFileWithoutKeysIsGenerationZeroToo) {
  Start("{}");
  EXPECT_EQ(config_.generation, 0);
}

TEST_F(ConfigFileTest, Decision11_AnUnchangedFileDoesNotBringBackTheOldToken) {
  Start(R"({"token":"t0","start":"2022"})");
  Emit(R"({"token":"t1"})");
  const ConfigDocument rotated = config_;
  EXPECT_EQ(Start(R"({ "start":"2022", "token":"t\u0030" })").writer, "") << "no edit, no row";
  EXPECT_EQ(config_, rotated);
}

TEST_F(ConfigFileTest, Decision11_OnlyEditedKeysEnter) {
  Start(R"({"token":"t0","start":"2022"})");
  Emit(R"({"token":"t1"})");
  const JournalRow row = Start(R"({"token":"t0","start":"2023"})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"t1","start":"2023"})");
  EXPECT_EQ(config_.generation, 2);
  EXPECT_THAT(row.keys, ElementsAre("start"));
  EXPECT_EQ(row.payload, R"({"start":"2023"})");
  EXPECT_EQ(row.order, (OrderKey{static_cast<double>(absl::ToUnixMillis(now_)), epoch_, 0}));
}

TEST_F(ConfigFileTest, Decision11_AnEditBeatsOlderUpdatesAndLosesToNewerOnes) {
  Start(R"({"token":"t0"})");
  Emit(R"({"token":"t1"})");
  Start(R"({"token":"by hand"})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"by hand"})");
  Emit(R"({"token":"t2"})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"t2"})");
  Start(R"({"token":"by hand"})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"t2"})");
}

// The user writes into the file what the store holds: it differs from the file's own past, so it is
// an edit, and one without an effect.
TEST_F(ConfigFileTest, Decision11_AnEditIsAgainstTheFilesOwnPast) {
  Start(R"({"token":"t0"})");
  Emit(R"({"token":"t1"})");
  EXPECT_EQ(Start(R"({"token":"t1"})").verdict, Verdict::kDuplicate);
  EXPECT_EQ(config_.generation, 1);
  EXPECT_EQ(config_.newest.epoch, epoch_) << "a duplicate advances the order key";
}

TEST_F(ConfigFileTest, Decision11_ANewKeyEntersAndARemovedOneIsRemoved) {
  Start(R"({"a":1,"b":1})");
  const JournalRow row = Start(R"({"b":1,"c":1})");
  EXPECT_EQ(config_.ToJson(), R"({"b":1,"c":1})");
  EXPECT_THAT(row.keys, ElementsAre("c", "a"));
  EXPECT_THAT(row.reason, HasSubstr("removed from the file: a"));
}

TEST_F(ConfigFileTest, EdgeRule5_ARemovedKeyLeavesATombstoneWithTheTimeItWasSeen) {
  Start(R"({"a":1,"b":1})");
  Emit(R"({"a":2})");
  Start(R"({"b":1})");
  EXPECT_EQ(config_.ToJson(), R"({"b":1})") << "also when an update had changed it";
  const double seen = static_cast<double>(absl::ToUnixMillis(now_));
  Apply(&config_, Update(seen - 1, R"({"a":3})", 2));
  EXPECT_EQ(config_.ToJson(), R"({"b":1})");
  Apply(&config_, Update(seen + 1, R"({"a":4})", 3));
  EXPECT_EQ(config_.ToJson(), R"({"b":1,"a":4})");
}

TEST_F(ConfigFileTest, Decision11_AKeyThatComesBackIsAnEdit) {
  Start(R"({"a":1,"b":1})");
  Start(R"({"b":1})");
  Start(R"({"a":1,"b":1})");
  EXPECT_EQ(config_.ToJson(), R"({"a":1,"b":1})");
}

TEST_F(ConfigFileTest, UpdatesThatCameBeforeTheFileWasEverSeenBeatIt) {
  Emit(R"({"token":"t1"})");
  Start(R"({"token":"t0","start":"2022"})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"t1","start":"2022"})");
  EXPECT_EQ(config_.generation, 2);
}

TEST_F(ConfigFileTest, AMaskedValueInTheFileStandsForTheStoredOne) {
  Start(R"({"token":"t0","nested":{"secret":"s","n":1}})");
  Emit(R"({"token":"t1"})");
  // As `config export` prints it, with one edit.
  Start(R"({"token":"**********","nested":{"secret":"**********","n":2}})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"t1","nested":{"secret":"s","n":2}})");
  Start(R"({"token":"t0","nested":{"secret":"**********","n":2}})");
  EXPECT_EQ(config_.ToJson(), R"({"token":"t0","nested":{"secret":"s","n":2}})")
      << "putting a real value there is an edit";
}

TEST_F(ConfigFileTest, AMaskedValueThatNothingFillsIsTheUsersMistake) {
  const auto change = Adopt(R"({"token":"**********"})");
  EXPECT_EQ(change.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(change.status().message()), HasSubstr("/token"));
}

TEST_F(ConfigFileTest, WhatIsNoObjectIsRefused) {
  for (const std::string_view text : {"[]", "", "{", "null", "{} {}"}) {
    EXPECT_EQ(Adopt(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST_F(ConfigFileTest, FingerprintsTellNothingOfTheValues) {
  Start(R"({"token":"s3cret"})");
  for (const auto& [key, fingerprint] : config_.file_fingerprints) {
    EXPECT_EQ(fingerprint.size(), 32u);
    EXPECT_THAT(fingerprint, Not(HasSubstr("s3cret")));
  }
  const std::string salted = config_.file_fingerprints[0].second;
  const auto other = AdoptConfigFile(
      {}, {"orders/source", "run-1", 1, R"({"token":"s3cret"})", now_, "another salt"});
  EXPECT_NE(other->document->file_fingerprints[0].second, salted);
}

TEST_F(ConfigFileTest, KeysComeInTheFilesOrder) {
  Start(R"({"z":1,"a":1,"m":1})");
  Emit(R"({"extra2":1,"extra1":1,"a":2})");
  EXPECT_EQ(config_.ToJson(), R"({"z":1,"a":2,"m":1,"extra1":1,"extra2":1})");
}

}  // namespace
}  // namespace shunt
