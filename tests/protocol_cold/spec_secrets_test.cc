// Which values of a config are secret, and that masking them leaves every other byte alone.
#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "protocol/spec.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Below;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::OneIn;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const ConnectorSpec> Compile(const std::string& json) {
  auto spec = ConnectorSpec::Compile(json);
  EXPECT_TRUE(spec.ok()) << json << ": " << spec.status();
  return spec.ok() ? *spec : nullptr;
}

TEST(SecretsTest, AreWhereTheSpecMarksThem) {
  const auto spec = Compile(R"({"properties":{"key":{"type":"string","airbyte_secret":true},)"
                            R"("pin":{"type":"integer","airbyte_secret":true},)"
                            R"("host":{"type":"string"},"open":{"airbyte_secret":false}}})");
  const std::string config =
      R"({ "host":"h", "key" : "s\u0033cr\"et", "pin":1234, "open":"o", "other":"x" })";
  EXPECT_THAT(spec->SecretValues(config), ElementsAre("s3cr\"et", "1234"));
  EXPECT_EQ(spec->Mask(config),
            R"({ "host":"h", "key" : "**********", "pin":"**********", "open":"o", "other":"x" })");
}

TEST(SecretsTest, AreFoundThroughEveryWayASchemaApplies) {
  const std::string secret = R"({"properties":{"k":{"airbyte_secret":true}}})";
  for (const std::string& spec : {
           R"({"oneOf":[{"type":"null"},)" + secret + "]}",
           R"({"anyOf":[)" + secret + "]}",
           R"({"allOf":[{},)" + secret + "]}",
           R"({"not":)" + secret + "}",
           R"({"if":{},"then":true,"else":)" + secret + "}",
           R"({"if":)" + secret + "}",
           R"({"$ref":"#/definitions/d","definitions":{"d":)" + secret + "}}",
           R"({"dependencies":{"x":)" + secret + "}}",
           std::string(R"({"properties":{"k":{"$ref":"#/definitions/d","airbyte_secret":true}},)"
                       R"("definitions":{"d":{}}})"),
           std::string(R"({"properties":{"k":{"$ref":"#/definitions/d"}},"definitions":{"d":)"
                       R"({"$ref":"#/definitions/e","airbyte_secret":true},"e":{}}})"),
           std::string(R"({"patternProperties":{"^k$":{"airbyte_secret":true}}})"),
           std::string(R"({"patternProperties":{"^(?=k)k":{"airbyte_secret":true}}})"),
           std::string(R"({"additionalProperties":{"airbyte_secret":true}})"),
       }) {
    EXPECT_THAT(Compile(spec)->SecretValues(R"({"k":"s"})"), ElementsAre("s")) << spec;
  }
  for (const char* spec :
       {R"({"items":{"airbyte_secret":true}})", R"({"contains":{"airbyte_secret":true}})",
        R"({"items":[{"airbyte_secret":true}]})",
        R"({"items":[],"additionalItems":{"airbyte_secret":true}})"}) {
    EXPECT_THAT(Compile(spec)->SecretValues(R"(["s"])"), ElementsAre("s")) << spec;
  }
}

TEST(SecretsTest, OfAnyAlternativeAreSecret) {
  const auto spec = Compile(
      R"({"properties":{"auth":{"oneOf":[)"
      R"({"properties":{"type":{"const":"oauth"},"id":{"type":"string"},"token":{"airbyte_secret":true}}},)"
      R"({"properties":{"type":{"const":"key"},"id":{"airbyte_secret":true}}}]}}})");
  EXPECT_THAT(spec->SecretValues(R"({"auth":{"type":"oauth","id":"i","token":"t"}})"),
              ElementsAre("i", "t"));
}

TEST(SecretsTest, BelowAMarkedObjectEverythingIsSecret) {
  const auto spec = Compile(R"({"properties":{"key_file":{"type":"object","airbyte_secret":true},)"
                            R"("keys":{"type":"array","airbyte_secret":true}}})");
  EXPECT_EQ(spec->Mask(R"({"key_file":{"a":"x","b":{"c":true,"d":null}},"keys":[1,[],"y"],"z":1})"),
            R"({"key_file":{"a":"**********","b":{"c":"**********","d":null}},)"
            R"("keys":["**********",[],"**********"],"z":1})");
  EXPECT_THAT(
      spec->SecretValues(R"({"key_file":{"a":"x","b":{"c":true,"d":null}},"keys":["x","",2]})"),
      ElementsAre("x", "2"))
      << "distinct texts, none empty; words are no secrets to look for";
}

TEST(SecretsTest, OfRecursiveSchemasAreFound) {
  const auto spec = Compile(R"({"properties":{"next":{"$ref":"#"},"s":{"airbyte_secret":true}},)"
                            R"("allOf":[{"$ref":"#"}]})");
  EXPECT_THAT(spec->SecretValues(R"({"next":{"next":{"s":"deep"}}})"), ElementsAre("deep"));
}

TEST(SecretsTest, WhatCannotBeReadIsMaskedWhole) {
  EXPECT_EQ(Compile("{}")->Mask("{\"key\":\"s3cret"), "\"**********\"");
  EXPECT_THAT(Compile("{}")->SecretValues("{"), IsEmpty());
  EXPECT_EQ(MaskByName("nope"), "\"**********\"");
  EXPECT_THAT(SecretValuesByName(""), IsEmpty());
}

TEST(SecretsTest, ASearchThatRunsOutOfStepsTakesTheRest) {
  // Each level of the config doubles nothing, but visits every one of many alternatives.
  std::string spec = R"({"properties":{"list":{"items":{"anyOf":[)";
  for (int i = 0; i < 2000; ++i) spec += i == 0 ? R"({"minimum":0})" : R"(,{"minimum":0})";
  spec += R"(]}},"last":{}}})";
  std::string config = R"({"list":[0)";
  for (int i = 0; i < 2000; ++i) config += ",0";
  EXPECT_THAT(Compile(spec)->SecretValues(config + R"(],"last":"who knows"})"),
              ::testing::Contains("who knows"));
}

TEST(SecretsTest, AKeyThatIsATokenIsSecretItself) {
  const auto spec = Compile(R"({"properties":{"tokens":{"airbyte_secret":true}}})");
  const std::string config =
      R"({"tokens":{"ghp_01a2b3c4": {"scope":"read"},"x/y+z1234==":1},"client_x509_cert":{"oauth2":2},)"
      R"("by_key":{ "AKIA0123456789abcdef" : "n"}})";
  EXPECT_THAT(spec->SecretValues(config),
              ::testing::UnorderedElementsAre("read", "1", "ghp_01a2b3c4",
                                              "x/y+z1234==", "AKIA0123456789abcdef"));
  const std::string masked =
      R"({"tokens":{"**********": {"scope":"**********"},"**********":"**********"},)"
      R"("client_x509_cert":{"oauth2":2},"by_key":{ "**********" : "n"}})";
  EXPECT_EQ(spec->Mask(config), masked);
  EXPECT_EQ(MaskByName(config), masked);
  EXPECT_EQ(MaskByName(R"({"a\\\"AKIA0123456789abcdef":1})"), R"({"**********":1})");
}

TEST(SecretsTest, AKeyIsMarkedWhereverItStands) {
  const auto spec =
      Compile(R"({"oneOf":[{"properties":{"pin":{"$ref":"#/definitions/s"},"host":{}}}],)"
              R"("definitions":{"s":{"airbyte_secret":true}}})");
  EXPECT_TRUE(spec->MarksSecret("pin"));
  EXPECT_FALSE(spec->MarksSecret("host"));
  EXPECT_FALSE(spec->MarksSecret("other"));
}

TEST(SecretKeysTest, APropertyThatIsNoSchemaIsPassedOver) {
  const auto spec =
      ConnectorSpec::Compile(R"({"properties":{"a":null,"b":7,"token":{"airbyte_secret":true}}})");
  ASSERT_TRUE(spec.ok()) << spec.status();
}

TEST(SecretsByNameTest, SecretSoundingKeysAtAnyDepth) {
  EXPECT_THAT(
      SecretValuesByName(
          R"({"host":"h","Password":"a","db":{"API-Key":"b","user":"u","port":5432},)"
          R"("list":[{"refresh_token":"c"}],"credentials":{"id":"d","nested":["e"]},)"
          R"("private_key":12,"clientSecret":"f","\u0070wd":"g","token":null,"sshKey":true})"),
      ElementsAre("a", "b", "c", "d", "e", "12", "f", "g"));
  EXPECT_EQ(MaskByName(R"({"host":"h","credentials": {"id":1,"on":false} ,"token":null})"),
            R"({"host":"h","credentials": {"id":"**********","on":"**********"} ,"token":null})");
  EXPECT_EQ(MaskByName(R"({"user":"u","start_date":"2024","page_size":5,"keys":["k"]})"),
            R"({"user":"u","start_date":"2024","page_size":5,"keys":["k"]})");
}

// Puts marked values into random documents and checks the mask against a plain reconstruction.
TEST(SecretsPropertyTest, MaskingChangesTheSecretsAndNothingElse) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    std::string config = "{", masked = "{";
    for (std::size_t i = 0, n = 1 + Below(rng, 6); i < n; ++i) {
      const bool secret = OneIn(rng, 2);
      testing::Value value = RandomValue(rng, secret ? 0 : 3);
      const bool covered = secret && value.kind != testing::Value::Kind::kNull;
      const std::string text = Spell(rng, value);
      const std::string blank(Below(rng, 3), ' ');
      const std::string name = std::string(i == 0 ? "" : ",") + blank + "\"" +
                               (secret ? "s_" : "o_") + std::to_string(i) + "\":";
      const std::string_view core = ParseJson(text)->text;
      const auto begin = static_cast<std::size_t>(core.data() - text.data());
      config += name + text;
      masked += name + (covered ? text.substr(0, begin) + "\"**********\"" +
                                      text.substr(begin + core.size())
                                : text);
    }
    config += "}";
    masked += "}";
    const auto spec = Compile(R"({"patternProperties":{"^s_":{"airbyte_secret":true}}})");
    ASSERT_EQ(spec->Mask(config), masked) << config;
    ASSERT_EQ(spec->Mask(masked), masked) << "masking twice is masking once";
    for (const std::string& left : spec->SecretValues(masked)) EXPECT_EQ(left, kSecretMask);
  }
}

}  // namespace
}  // namespace shunt
