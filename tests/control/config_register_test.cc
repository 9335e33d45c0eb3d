// What an update does to a stored config: contract decisions 7-10, edge rule 5; G25, G27; F57-F59,
// F64, F66, F69, F77.
#include "stages/config_register.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/control/config_test_support.h"

namespace shunt {
namespace {

using namespace testing_control;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kAnything = R"({"type":"object"})";

TEST(ConfigRegister, Decision8_ProtocolExampleKeepsStartDate) {
  ConfigDocument config = Stored(R"({"api_key":123,"start_date":"01-01-2022"})");
  const Judgement judgement = Apply(&config, Update(1, R"({"api_key":456})"));
  EXPECT_EQ(VerdictOf(judgement), Verdict::kApplied);
  EXPECT_EQ(config.ToJson(), R"({"api_key":456,"start_date":"01-01-2022"})");
  EXPECT_EQ(config.generation, 1);
  EXPECT_EQ(judgement.generation, 1);
  EXPECT_EQ(config.updated_at, kNow);
}

TEST(ConfigRegister, Decision8_MergeIsOfTopLevelKeys) {
  ConfigDocument config = Stored(R"({"credentials":{"token":"a","kind":"oauth"},"x":1})");
  Apply(&config, Update(1, R"({"credentials":{"token":"b"}})"));
  EXPECT_EQ(config.ToJson(), R"({"credentials":{"token":"b"},"x":1})");
}

TEST(ConfigRegister, Decision8_NullIsAValue) {
  ConfigDocument config = Stored(R"({"a":1})");
  Apply(&config, Update(1, R"({"a":null})"));
  EXPECT_EQ(config.ToJson(), R"({"a":null})");
}

TEST(ConfigRegister, Decision8_ReplaceTakesTheWholeDocument) {
  ConfigDocument config = Stored(R"({"api_key":123,"start_date":"01-01-2022"})");
  Apply(&config, Update(1, R"({"api_key":456})"), ConfigMode::kReplace);
  EXPECT_EQ(config.ToJson(), R"({"api_key":456})");
}

TEST(ConfigRegister, Decision8_ReplaceIsAFloorThatAnOlderMergeCannotCross) {
  ConfigDocument config = Stored(R"({"a":1,"b":1})");
  Apply(&config, Update(10, R"({"a":2})"), ConfigMode::kReplace);
  EXPECT_EQ(VerdictOf(Apply(&config, Update(9, R"({"b":9,"c":9})"))), Verdict::kSuperseded);
  EXPECT_EQ(config.ToJson(), R"({"a":2})");
  EXPECT_EQ(VerdictOf(Apply(&config, Update(11, R"({"b":11})"))), Verdict::kApplied);
  EXPECT_EQ(config.ToJson(), R"({"a":2,"b":11})");
}

TEST(ConfigRegister, Decision8_AnOlderReplaceLeavesNewerMergesAlone) {
  ConfigDocument config = Stored(R"({"a":1,"b":1})");
  Apply(&config, Update(10, R"({"a":10})"));
  EXPECT_EQ(VerdictOf(Apply(&config, Update(5, R"({"c":5})"), ConfigMode::kReplace)),
            Verdict::kApplied);
  EXPECT_EQ(config.ToJson(), R"({"a":10,"c":5})");
}

TEST(ConfigRegister, Decision8_ATombstoneHoldsAgainstOlderUpdatesOnly) {
  ConfigDocument config = Stored(R"({"a":1,"b":1})");
  ASSERT_TRUE(ConfigWriter(&config).Write("a", std::nullopt, {5, 1, 0}));
  EXPECT_EQ(VerdictOf(Apply(&config, Update(4, R"({"a":4})"))), Verdict::kSuperseded);
  EXPECT_EQ(config.ToJson(), R"({"b":1})");
  EXPECT_EQ(VerdictOf(Apply(&config, Update(6, R"({"a":6})"))), Verdict::kApplied);
  EXPECT_EQ(config.ToJson(), R"({"a":6,"b":1})");
}

TEST(ConfigRegister, Decision7_AnOlderUpdateNeverOverwritesFromWhicheverWorker) {
  ConfigDocument config = Stored(R"({"token":"file"})");
  Apply(&config, Update(200, R"({"token":"new"})", /*seq=*/1, /*epoch=*/1));
  // Another worker, started later, with a larger line number: its update is older all the same.
  EXPECT_EQ(VerdictOf(Apply(&config, Update(100, R"({"token":"old"})", 9, 2))),
            Verdict::kSuperseded);
  EXPECT_EQ(config.ToJson(), R"({"token":"new"})");
  EXPECT_EQ(config.generation, 1);
}

TEST(ConfigRegister, Decision7_FractionsOfAMillisecondDecide) {
  ConfigDocument config = Stored(R"({"token":"file"})");
  Apply(&config, Update(1732300000123.4567, R"({"token":"later"})", 1));
  Apply(&config, Update(1732300000123.4565, R"({"token":"earlier"})", 2));
  EXPECT_EQ(config.ToJson(), R"({"token":"later"})");
}

TEST(ConfigRegister, Decision7_ExactTiesGoToTheLaterRunThenTheLaterLine) {
  ConfigDocument config = Stored(R"({"token":"file"})");
  Apply(&config, Update(5, R"({"token":"line 2"})", 2, 1));
  Apply(&config, Update(5, R"({"token":"line 1"})", 1, 1));
  EXPECT_EQ(config.ToJson(), R"({"token":"line 2"})");
  Apply(&config, Update(5, R"({"token":"later run"})", 1, 2));
  Apply(&config, Update(5, R"({"token":"earlier run"})", 9, 1));
  EXPECT_EQ(config.ToJson(), R"({"token":"later run"})");
}

TEST(ConfigRegister, Decision7_AnyUpdateBeatsTheFileThatCameFirst) {
  ConfigDocument config = Stored(R"({"token":"file"})");
  Apply(&config, Update(0, R"({"token":"update"})"));
  EXPECT_EQ(config.ToJson(), R"({"token":"update"})");
}

TEST(ConfigRegister, Decision10_ADuplicateAdvancesTheOrderKeyNotTheGeneration) {
  ConfigDocument config = Stored(R"({"a":1,"b":2})");
  Apply(&config, Update(5, R"({"a":7})"));
  ASSERT_EQ(config.generation, 1);
  EXPECT_EQ(VerdictOf(Apply(&config, Update(9, R"({"a":7.0})"))), Verdict::kDuplicate);
  EXPECT_EQ(config.generation, 1);
  EXPECT_EQ(config.newest.effective_at_ms, 9);
  EXPECT_EQ(VerdictOf(Apply(&config, Update(8, R"({"a":8})"))), Verdict::kSuperseded)
      << "older than the duplicate";
}

TEST(ConfigRegister, EdgeRule5_VerdictsByKeysWon) {
  ConfigDocument config = Stored(R"({"a":1,"b":1})");
  Apply(&config, Update(10, R"({"a":10})"));
  EXPECT_EQ(VerdictOf(Apply(&config, Update(5, R"({"a":5,"b":5})", 2))), Verdict::kApplied)
      << "b won";
  EXPECT_EQ(config.ToJson(), R"({"a":10,"b":5})");
  EXPECT_EQ(VerdictOf(Apply(&config, Update(6, R"({"a":6,"b":5})", 3))), Verdict::kDuplicate)
      << "b won, unchanged";
  EXPECT_EQ(VerdictOf(Apply(&config, Update(4, R"({"a":4,"b":4})", 4))), Verdict::kSuperseded);
}

TEST(ConfigRegister, TheSameLineAgainChangesNothing) {
  ConfigDocument config = Stored(R"({"a":1})");
  Apply(&config, Update(5, R"({"a":2})"));
  const ConfigDocument before = config;
  const Judgement again = Apply(&config, Update(5, R"({"a":2})"));
  EXPECT_EQ(VerdictOf(again), Verdict::kDuplicate);
  EXPECT_EQ(config, before);
}

TEST(ConfigRegister, TheFirstUpdateOfAnUnknownConfigIsGenerationOne) {
  ConfigDocument config;
  EXPECT_EQ(VerdictOf(Apply(&config, Update(5, R"({"a":1})"))), Verdict::kApplied);
  EXPECT_EQ(config.generation, 1);
}

TEST(ConfigRegister, OfAKeyThatStandsTwiceTheLastValueCounts) {
  ConfigDocument config = Stored(R"({"a":1})");
  Apply(&config, Update(5, R"({"a":2,"b":3,"\u0061":4})"));
  EXPECT_EQ(config.ToJson(), R"({"a":4,"b":3})");
}

TEST(ConfigRegister, WhatIsNoObjectIsRefused) {
  for (const std::string_view text : {"[]", "1", "\"x\"", "null", "{", "", R"({"\ud800":1})"}) {
    EXPECT_FALSE(ReadConfigMembers(text).ok()) << text;
  }
}

// ---- Masked values (decision 8, F77)

TEST(ConfigRegister, Decision8_AMaskedValueIsFilledFromTheStoredConfig) {
  ConfigDocument config = Stored(R"({"secret":"s3cret","x":1})");
  const Judgement judgement = Apply(&config, Update(1, R"({"secret":"**********","x":2})"));
  EXPECT_EQ(VerdictOf(judgement), Verdict::kApplied);
  EXPECT_EQ(config.ToJson(), R"({"secret":"s3cret","x":2})");
}

TEST(ConfigRegister, Decision8_NestedMaskedValuesAreFilledToo) {
  ConfigDocument config = Stored(
      R"({"credentials":{"client_secret":"one","keys":[{"k":"two"},"three"],"token":"old"}})");
  Apply(&config, Update(1, R"({"credentials": {"client_secret" : "**********",)"
                           R"( "keys":[{"k":"**********"},"\u002a*********"], "token":"new"}})"));
  EXPECT_EQ(config.ToJson(), R"({"credentials":{"client_secret" : "one",)"
                             R"( "keys":[{"k":"two"},"three"], "token":"new"}})");
}

TEST(ConfigRegister, Decision8_AMaskIsFilledInReplaceModeToo) {
  ConfigDocument config = Stored(R"({"secret":"s3cret","x":1,"y":1})");
  Apply(&config, Update(1, R"({"secret":"**********","x":2})"), ConfigMode::kReplace);
  EXPECT_EQ(config.ToJson(), R"({"secret":"s3cret","x":2})");
}

TEST(ConfigRegister, Decision8_AMaskWithNothingToFillItIsRefused) {
  ConfigDocument config = Stored(R"({"list":["a","b"],"o":{}})");
  for (const auto& [text, path] : std::vector<std::pair<std::string, std::string>>{
           {R"({"secret":"**********"})", "/secret"},
           {R"({"o":{"a/b":"**********"}})", "/o/a~1b"},
           {R"({"list":["a","b","**********"]})", "/list/2"}}) {
    const Judgement judgement = Apply(&config, Update(1, text));
    EXPECT_TRUE(judgement.refused);
    EXPECT_TRUE(judgement.reason.ends_with(path)) << judgement.reason;
  }
}

TEST(ConfigRegister, Decision8_AMaskLeavesTheKeyToWhoeverWroteItLast) {
  ConfigDocument config = Stored(R"({"secret":"file"})");
  EXPECT_EQ(VerdictOf(Apply(&config, Update(10, R"({"secret":"**********"})", 2))),
            Verdict::kDuplicate);
  EXPECT_EQ(VerdictOf(Apply(&config, Update(5, R"({"secret":"rotated"})", 1))), Verdict::kApplied)
      << "the masked one never meant to undo this";
  EXPECT_EQ(config.ToJson(), R"({"secret":"rotated"})");
}

// ---- Validation (decision 9)

constexpr std::string_view kOauthSpec = R"({"type":"object","required":["token","user"],
  "properties":{"token":{"type":"string","airbyte_secret":true},"user":{"type":"string"},
                "start":{"type":"string","pattern":"^[0-9-]+$"}}})";

TEST(ConfigRegister, Decision9_TheResultNotTheUpdateMustConform) {
  const auto spec = Spec(kOauthSpec);
  ConfigDocument config = Stored(R"({"token":"a","user":"u"})");
  EXPECT_EQ(
      VerdictOf(Apply(&config, Update(1, R"({"token":"b"})"), ConfigMode::kMerge, spec.get())),
      Verdict::kApplied);
}

TEST(ConfigRegister, Decision9_ANonConformingUpdateIsRefusedWithPathsAndNoValues) {
  const auto spec = Spec(kOauthSpec);
  ConfigDocument config = Stored(R"({"token":"a","user":"u"})");
  const ConfigDocument before = config;
  const Judgement judgement = Apply(&config, Update(1, R"({"token":"n0w-secret","user":31337})"),
                                    ConfigMode::kMerge, spec.get());
  EXPECT_TRUE(judgement.refused);
  EXPECT_NE(judgement.reason.find("/user: type"), std::string::npos) << judgement.reason;
  EXPECT_EQ(judgement.reason.find("31337"), std::string::npos);
  EXPECT_EQ(judgement.reason.find("n0w-secret"), std::string::npos);
  EXPECT_EQ(config, before);
}

TEST(ConfigRegister, Decision9_OnlyNewViolationsRefuse) {
  const auto spec = Spec(kOauthSpec);
  ConfigDocument config = Stored(R"({"token":"a","user":"u","start":"bad"})");
  const Judgement judgement =
      Apply(&config, Update(1, R"({"token":"b"})"), ConfigMode::kMerge, spec.get());
  EXPECT_EQ(VerdictOf(judgement), Verdict::kApplied);
  EXPECT_FALSE(judgement.unvalidated);
  EXPECT_EQ(config.ToJson(), R"({"token":"b","user":"u","start":"bad"})");
}

// What was wrong before is no reason to throw away what the user wrote, even when the update alone
// conforms.
TEST(ConfigRegister, Decision9_OldViolationsDoNotMakeItReplace) {
  const auto spec = Spec(R"({"type":"object","required":["token"],
    "properties":{"start":{"type":"string"}}})");
  ConfigDocument config = Stored(R"({"token":"a","start":5})");
  const Judgement judgement =
      Apply(&config, Update(1, R"({"token":"b"})"), ConfigMode::kMerge, spec.get());
  EXPECT_FALSE(judgement.replaced);
  EXPECT_EQ(config.ToJson(), R"({"token":"b","start":5})");
}

constexpr std::string_view kEitherSpec = R"({"type":"object","oneOf":[
  {"required":["mode","password"],"additionalProperties":false,
   "properties":{"mode":{"const":"basic"},"password":{"type":"string"}}},
  {"required":["mode","token"],"additionalProperties":false,
   "properties":{"mode":{"const":"oauth"},"token":{"type":"string"}}}]})";

TEST(ConfigRegister, Decision9_IfMergedDoesNotConformButAloneDoesItReplaces) {
  const auto spec = Spec(kEitherSpec);
  ConfigDocument config = Stored(R"({"mode":"basic","password":"p"})");
  const Judgement judgement =
      Apply(&config, Update(7, R"({"mode":"oauth","token":"t"})"), ConfigMode::kMerge, spec.get());
  ASSERT_EQ(VerdictOf(judgement), Verdict::kApplied);
  EXPECT_TRUE(judgement.replaced);
  EXPECT_TRUE(judgement.reason.starts_with("replaced")) << "the journal says so";
  EXPECT_EQ(config.ToJson(), R"({"mode":"oauth","token":"t"})");
  EXPECT_EQ(config.floor.effective_at_ms, 7) << "a replace at its own order key";
}

TEST(ConfigRegister, EdgeRule5_ItReplacesOnlyWhenTheResultConforms) {
  const auto spec = Spec(kEitherSpec);
  ConfigDocument config = Stored(R"({"mode":"basic","password":"p"})");
  Apply(&config, Update(9, R"({"password":"newer"})"), ConfigMode::kMerge, spec.get());
  const ConfigDocument before = config;
  const Judgement judgement =
      Apply(&config, Update(7, R"({"mode":"oauth","token":"t"})"), ConfigMode::kMerge, spec.get());
  EXPECT_TRUE(judgement.refused) << "the newer password would stay";
  EXPECT_EQ(config, before);
}

TEST(ConfigRegister, Decision9_ReplaceModeValidatesTheReplacement) {
  const auto spec = Spec(kOauthSpec);
  ConfigDocument config = Stored(R"({"token":"a","user":"u"})");
  EXPECT_TRUE(
      Apply(&config, Update(1, R"({"token":"b"})"), ConfigMode::kReplace, spec.get()).refused);
  EXPECT_EQ(VerdictOf(Apply(&config, Update(1, R"({"token":"b","user":"v"})"), ConfigMode::kReplace,
                            spec.get())),
            Verdict::kApplied);
}

TEST(ConfigRegister, Decision9_WithoutASpecUpdatesAreAcceptedAndMarked) {
  ConfigDocument config = Stored(R"({"a":1})");
  EXPECT_TRUE(Apply(&config, Update(1, R"({"a":2})")).unvalidated);
  const auto spec = Spec(kAnything);
  EXPECT_FALSE(Apply(&config, Update(2, R"({"a":3})"), ConfigMode::kMerge, spec.get()).unvalidated);
}

TEST(ConfigRegister, AWrongFormatIsAWarningUnlessStrict) {
  constexpr std::string_view kDated = R"({"properties":{"since":{"format":"date"},"token":{}}})";
  const auto spec = Spec(kDated);
  ConfigDocument config = Stored(R"({"since":"2024-01-01","token":"a"})");
  const Judgement warned =
      Apply(&config, Update(1, R"({"since":"yesterday"})"), ConfigMode::kMerge, spec.get());
  EXPECT_EQ(VerdictOf(warned), Verdict::kApplied);
  EXPECT_EQ(warned.reason, "warning: /since: format (is no date)");
  const Judgement again =
      Apply(&config, Update(2, R"({"token":"b"})"), ConfigMode::kMerge, spec.get());
  EXPECT_EQ(again.reason, "") << "it was said when it came";

  const auto strict = ConnectorSpec::Compile(kDated, {.strict_formats = true});
  ASSERT_TRUE(strict.ok());
  ConfigDocument clean = Stored(R"({"since":"2024-01-01","token":"a"})");
  const Judgement refused =
      Apply(&clean, Update(1, R"({"since":"yesterday"})"), ConfigMode::kMerge, strict->get());
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(refused.reason, "/since: format (is no date)");
}

TEST(ConfigRegister, AnUpdateThatLosesEntirelyIsSupersededNotRefused) {
  const auto spec = Spec(kOauthSpec);
  ConfigDocument config = Stored(R"({"token":"a","user":"u"})");
  Apply(&config, Update(9, R"({"user":"v"})"), ConfigMode::kMerge, spec.get());
  EXPECT_EQ(VerdictOf(Apply(&config, Update(5, R"({"user":5})"), ConfigMode::kMerge, spec.get())),
            Verdict::kSuperseded);
}

// ---- Alerts (decision 7, F60)

TEST(ConfigRegister, Decision7_LosingASecretToAnEarlierLineOfTheSamePipeIsAnAlert) {
  ConfigDocument config = Stored(R"({"token":"file","n":1})");
  Apply(&config, Update(100, R"({"token":"first line"})", 1));
  const Judgement judgement = Apply(&config, Update(50, R"({"token":"second line"})", 2));
  EXPECT_EQ(VerdictOf(judgement), Verdict::kSuperseded);
  EXPECT_TRUE(judgement.verdicts[0].alert);
}

TEST(ConfigRegister, Decision7_NoAlertWithoutAnotherSecretOrFromAnotherPipe) {
  ConfigDocument config = Stored(R"({"token":"file","n":1})");
  Apply(&config, Update(100, R"({"token":"live","n":2})", 5, 3));
  const auto alert = [&](const ConfigUpdate& update) {
    ConfigDocument copy = config;
    return Apply(&copy, update).verdicts[0].alert;
  };
  EXPECT_FALSE(alert(Update(50, R"({"token":"live"})", 6, 3))) << "the same secret";
  EXPECT_FALSE(alert(Update(50, R"({"n":3})", 6, 3))) << "no secret";
  EXPECT_FALSE(alert(Update(50, R"({"token":"x"})", 4, 3))) << "it came earlier";
  EXPECT_FALSE(alert(Update(50, R"({"token":"x"})", 6, 2))) << "another run's";
  EXPECT_TRUE(alert(Update(50, R"({"token":"x"})", 6, 3)));
}

// A clock that is hours ahead wins for hours, in every run.
TEST(ConfigRegister, ALaterRunThatLosesASecretToAnEarlierOneIsAnAlert) {
  ConfigDocument config = Stored(R"({"token":"file","n":1})");
  Apply(&config, Update(100, R"({"token":"ahead","n":2})", 900, 3));
  ConfigDocument merged = config;
  const Judgement judgement = Apply(&merged, Update(50, R"({"token":"later","more":1})", 1, 4));
  EXPECT_EQ(VerdictOf(judgement), Verdict::kApplied) << "the other key won";
  EXPECT_TRUE(judgement.verdicts[0].alert) << "key by key";
  const Judgement replaced =
      Apply(&config, Update(50, R"({"token":"later"})", 1, 4), ConfigMode::kReplace);
  EXPECT_TRUE(replaced.verdicts[0].alert);
  // What a person put into the file came first as well.
  ConfigDocument edited = Stored(R"({"token":"file","n":1})");
  ConfigWriter(&edited).Write("token", "\"edited\"", {100, 4, 0});
  EXPECT_TRUE(Apply(&edited, Update(50, R"({"token":"later"})", 1, 4)).verdicts[0].alert);
}

TEST(ConfigRegister, Decision7_APartlyLosingUpdateAlertsForTheSecretItLost) {
  ConfigDocument config = Stored(R"({"token":"file","n":1})");
  Apply(&config, Update(100, R"({"token":"first"})", 1));
  const Judgement judgement = Apply(&config, Update(50, R"({"token":"second","n":2})", 2));
  EXPECT_EQ(VerdictOf(judgement), Verdict::kApplied);
  EXPECT_TRUE(judgement.verdicts[0].alert);
}

}  // namespace
}  // namespace shunt
