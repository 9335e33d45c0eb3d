// Which values are looked for in what people see.
#include "secrets/secret_values.h"

#include <memory>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kConfig[] =
    R"({"pin":"p1","host":"h","credentials":{"access_token":"a\u0031","auth_type":"oauth"},)"
    R"("list":[{"refresh_token":"r1","client_secret":7}]})";

TEST(SecretValues, BySpecAndWhatOAuthWrites) {
  const auto spec = ConnectorSpec::Compile(R"({"properties":{"pin":{"airbyte_secret":true}}})");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_THAT(SecretValuesOf(kConfig, spec->get()), UnorderedElementsAre("p1", "a1", "r1"));
  EXPECT_THAT(SecretValuesOf("no json", spec->get()), IsEmpty());
}

TEST(SecretValues, ByNamesWithoutASpec) {
  EXPECT_THAT(SecretValuesOf(kConfig, nullptr), UnorderedElementsAre("a1", "oauth", "r1", "7"));
}

TEST(SecretValues, OfWhatCannotBeRead) {
  const auto spec = ConnectorSpec::Compile(R"({"properties":{"pin":{"airbyte_secret":true}}})");
  ASSERT_TRUE(spec.ok()) << spec.status();
  for (
      const std::string_view text : {
          R"({"type":"CONTROL","control":{"connectorConfig":{"config":{"pin":"s3cr\"et","host":"h"})",
          R"({"config":{"pin" : "s3cr\"et)",
          R"({"config":"{\"pin\":\"s3cr\\\"et\",\"host\":\"h\"}")",
          R"({'pin': 's3cr"et', 'host': 'h'})",
      }) {
    EXPECT_THAT(SecretsOfFragment(text, spec->get()), testing::Contains("s3cr\"et")) << text;
  }
  for (const std::string_view text :
       {"access_token: abc-123, x", "refresh_token=abc-123&x=y", "{api_key => abc-123}",
        "CONNECTOR_CONFIG {\"credentials\":{\"client_secret\":\"abc-123"}) {
    EXPECT_THAT(SecretsOfFragment(text, nullptr), ElementsAre("abc-123")) << text;
  }
  EXPECT_THAT(SecretsOfFragment(
                  R"({"host":"h","start_date":"2024-01-01","token":null,"tokens":[]})", nullptr),
              ElementsAre("null"));
  std::string flood;
  for (int i = 0; i < 10'000; ++i) flood += "token=" + std::to_string(1000 + i) + " ";
  EXPECT_LE(SecretsOfFragment(flood, nullptr).size(), kFragmentValuesMax + 2);
}

TEST(SecretValues, OfVariables) {
  EXPECT_THAT(SecretsOfVariables({{"API_TOKEN", "t\"1"}, {"LANG", "C"}}), ElementsAre("t\"1"));
}

TEST(SecretValues, OfAUrl) {
  EXPECT_THAT(SecretsOfUrl("postgresql://user:p%40ss@host:5432/db?x=y@z"), ElementsAre("p@ss"));
  EXPECT_THAT(SecretsOfUrl("postgresql://user:p@ss@host/db"), ElementsAre("p@ss"));
  for (const char* url : {"sqlite:/a@b:c", "memory:", "postgresql://user@host:5432/db",
                          "postgresql://host:5432/db"}) {
    EXPECT_THAT(SecretsOfUrl(url), IsEmpty()) << url;
  }
}

}  // namespace
}  // namespace shunt
