// What a message says about a connector's config, however it is spelled.
#include "protocol/control_message.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::Optional;
using Kind = ControlMessage::Kind;

std::string Control(const std::string& members) {
  return R"({"type":"CONTROL","control":{)" + members + "}}\n";
}

TEST(ControlMessage, ReadsAConfigUpdate) {
  const std::string line = Control(R"("type":"CONNECTOR_CONFIG","emitted_at":1700000000123.4567,)"
                                   R"("connectorConfig":{"config":{"api_key": "x"},"note":1})");
  const ControlMessage control = ReadControlMessage(line);
  EXPECT_EQ(control.kind, Kind::kUpdate);
  EXPECT_THAT(control.emitted_at_ms, Optional(1700000000123.4567))
      << "sub-millisecond digits count";
  EXPECT_EQ(control.emitted_at_text, "1700000000123.4567");
  ASSERT_TRUE(control.config);
  EXPECT_EQ(control.config->text, R"({"api_key": "x"})");
  EXPECT_EQ(control.spelling, "");
}

TEST(ControlMessage, ReadsItsOtherSpellings) {
  struct Case {
    std::string line, spelling;
  };
  for (const Case& test : std::vector<Case>{
           {Control(R"("type":"ORCHESTRATOR","emitted_at":5,"connectorConfig":{"config":{"a":1}})"),
            "a type of control that is not known"},
           {Control(R"("emitted_at":5,"connectorConfig":{"config":{"a":1}})"),
            "control without a type"},
           {Control(R"("type":"CONNECTOR_CONFIG","connectorConfig":{"config":{"a":1},)"
                    R"("emitted_at":5})"),
            "emitted_at inside connectorConfig"},
           {R"({"type":"ORCHESTRATOR","connectorConfig":{"config":{"a":1},"emitted_at":5}})",
            "type ORCHESTRATOR, connectorConfig at the top, emitted_at inside connectorConfig"},
           {R"({"type":"CONNECTOR_CONFIG","emitted_at":5,"connectorConfig":{"config":{"a":1}}})",
            "type CONNECTOR_CONFIG, connectorConfig at the top"},
           {R"({"type":"CONFIG","control":{"type":"CONNECTOR_CONFIG","emitted_at":5,)"
            R"("connectorConfig":{"config":{"a":1}}}})",
            "a type that is not known"},
           {R"({"type":"control","emitted_at":5,"control":{"type":"connector_config",)"
            R"("connectorConfig":{"config":{"a":1}}}})",
            "a type that is not known, a type of control that is not known, emitted_at at the top"},
           {R"({"type":"ORCHESTRATOR","orchestrator":{"emitted_at":5,)"
            R"("connectorConfig":{"config":{"a":1}}}})",
            "type ORCHESTRATOR, connectorConfig outside of control"},
       }) {
    const ControlMessage message = ReadControlMessage(test.line);
    EXPECT_EQ(message.kind, Kind::kUpdate) << test.line;
    EXPECT_THAT(message.emitted_at_ms, Optional(5.0)) << test.line;
    ASSERT_TRUE(message.config) << test.line;
    EXPECT_EQ(message.config->text, R"({"a":1})");
    EXPECT_EQ(message.spelling, test.spelling);
    EXPECT_TRUE(SpeaksOfConfig(test.line));
  }
}

TEST(ControlMessage, WhatNamesAConfigAndIsNoUpdateIsTold) {
  for (const char* line : {
           R"({"type":"CONTROL","control":{"connector_config":{"config":{}}}})",
           R"({"type":"PING","text":"CONNECTOR_CONFIG"})",
           R"({"type":"PING","deep":{"deeper":{"connectorConfig":{"config":{}}}}})",
           R"({"type":"PING","deep":{"connector\u0043onfig":[]}})",
           R"({"type":"X","connectorConfig":{"config":{}},"control":{"connectorConfig":{}}})",
           R"({"type":"ORCHESTRATOR","connectorConfig":{"a":1}})",
           R"({"type":"LOG","log":{"message":""},"connectorConfig":{"config":{}}})",
           R"({"type":"STATE","control":{"connectorConfig":{"config":{}}}})",
           R"({"type":"LOG","log":{"message":"{\"connectorConfig\":{}}"}})",
       }) {
    EXPECT_EQ(ReadControlMessage(line).kind, Kind::kNamed) << line;
    EXPECT_TRUE(SpeaksOfConfig(line)) << line;
  }
}

TEST(ControlMessage, AConnectorConfigWithoutOneConfigIsBroken) {
  for (const char* members :
       {"", R"(,"connectorConfig":null)", R"(,"connectorConfig":{})", R"(,"connectorConfig":[])",
        R"(,"connectorConfig":{"config":null})", R"(,"connectorConfig":{"config":"{}"})",
        R"(,"connectorConfig":{"config":{},"config":{}})"}) {
    const std::string line =
        Control(R"("type":"CONNECTOR_CONFIG","emitted_at":1)" + std::string(members));
    const ControlMessage control = ReadControlMessage(line);
    EXPECT_EQ(control.kind, Kind::kBroken) << members;
    EXPECT_EQ(control.emitted_at_text, "1");
    EXPECT_FALSE(control.config) << members;
  }
  EXPECT_EQ(ReadControlMessage(R"({"type":"CONNECTOR_CONFIG"})").kind, Kind::kBroken);
  EXPECT_EQ(ReadControlMessage(R"({"type":"CONTROL","control":{"connectorConfig":{"conf)").kind,
            Kind::kBroken)
      << "cut";
}

TEST(ControlMessage, OtherMessagesMaySpeakOfAnything) {
  for (const char* line : {
           R"({"type":"LOG","log":{"level":"INFO","message":"wrote connectorConfig"}})",
           R"({"type":"TRACE","trace":{"type":"ERROR","error":{"message":"connectorConfig"}}})",
           R"({"type":"CATALOG","catalog":{"streams":[{"name":"connectorConfig"}]}})",
           R"({"type":"CATALOG","catalog":{"streams":[{"name":"connectorConfig"},)",
           R"({"type":"SPEC","spec":{"connectorConfig":{"config":{}}}})",
           R"({"type":"PING"})",
       }) {
    EXPECT_EQ(ReadControlMessage(line).kind, Kind::kOther) << line;
    EXPECT_FALSE(SpeaksOfConfig(line)) << line;
  }
  for (const char* line :
       {R"({"type":"CONTROL"})", R"({"type":"CONTROL","control":"hunter2"})",
        R"({"type":"CONTROL","control":{}})", R"({"type":"CONTROL","control":{"type":["x"]}})",
        R"({"type":"CONTROL","control":{"type":"SOMETHING_NEW","emitted_at":1}})"}) {
    EXPECT_EQ(ReadControlMessage(line).kind, Kind::kUnknown) << line;
  }
}

struct EmittedAtCase {
  std::string json;
  std::optional<double> ms;
  std::string text;
};

// What is no finite number is no time. Judging the values is config_order's part.
TEST(ControlMessage, OnlyFiniteNumbersAreTimes) {
  const std::string long_number = "1" + std::string(100, '0');
  for (const EmittedAtCase& test : std::vector<EmittedAtCase>{
           {R"(,"emitted_at":0)", 0.0, "0"},
           {R"(,"emitted_at":-1)", -1.0, "-1"},
           {R"(,"emitted_at":1e18)", 1e18, "1e18"},
           {R"(,"emitted_at":)" + long_number, 1e100, long_number.substr(0, 64)},
           {R"(,"emitted_at":1e400)", std::nullopt, "1e400"},
           {R"(,"emitted_at":null)", std::nullopt, "null"},
           {R"(,"emitted_at":true)", std::nullopt, "true"},
           {R"(,"emitted_at":"123")", std::nullopt, "string"},
           {R"(,"emitted_at":{})", std::nullopt, "object"},
           {R"(,"emitted_at":[1])", std::nullopt, "array"},
           {"", std::nullopt, ""},
       }) {
    const std::string line =
        Control(R"("type":"CONNECTOR_CONFIG")" + test.json + R"(,"connectorConfig":{"config":{}})");
    const ControlMessage control = ReadControlMessage(line);
    EXPECT_EQ(control.emitted_at_ms, test.ms) << test.json;
    EXPECT_EQ(control.emitted_at_text, test.text) << test.json;
    EXPECT_EQ(control.spelling, "");
  }
  const ControlMessage control =
      ReadControlMessage(Control(R"("type":"CONNECTOR_CONFIG","emitted_at":-0.0)"));
  EXPECT_FALSE(std::signbit(*control.emitted_at_ms)) << "-0 is 0";
}

TEST(MentionsConfig, FindsTheUsualSpellingsInLinesThatAreNoMessages) {
  for (const char* text : {"x CONNECTOR_CONFIG", "connectorConfig=", R"({"connector_config":{)",
                           R"({"ConnectorConfig")", R"({"connectorconfig")"}) {
    EXPECT_TRUE(MentionsConfig(text)) << text;
  }
  for (const char* text : {"", "connector", "loading connector_config.py", "connector config"}) {
    EXPECT_FALSE(MentionsConfig(text)) << text;
  }
}

}  // namespace
}  // namespace shunt
