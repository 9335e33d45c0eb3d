// The two catalogs that come out of one: what each connector is told, and that nothing else
// changes.
#include "transforms/configured_catalog.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "transforms/stream_mappers.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCatalog[] = R"({ "x":1e400, "streams" : [
  {"stream":{"namespace":"public","name":"users","json_schema":{"properties":{"email":{}}}},
   "mappers":[{"name":"encryption","config":{"algorithm":"AES","targetField":"email","mode":"CBC",
     "padding":"PKCS5Padding","key":"000102030405060708090a0b0c0d0e0f"}}], "sync_mode":"full_refresh"},
  {"stream":{"name":"orders","namespace":null, "json_schema":{"name":"n"}},"mappers" :[] },
  {"m\u0061ppers":[],"stream":{"json_schema":{"namespace":"n"},"name":"lines"}}
] })";

StreamDescriptor Same(const StreamDescriptor& stream) { return stream; }

std::vector<std::string> Compiled(const std::string& catalog) {
  std::vector<std::string> streams;
  const auto elements = JsonElements(*JsonFind(*ParseJson(catalog), "streams"));
  for (const JsonSlice& element : *elements) {
    const auto mappers = StreamMappers::Compile(element, false);
    EXPECT_TRUE(mappers.ok()) << mappers.status();
    streams.push_back(mappers->ConfiguredStreamJson());
  }
  return streams;
}

TEST(SourceCatalogTest, HasNoMappersAndNoKeys) {
  const auto json = SourceCatalogJson(kCatalog);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json, R"({ "x":1e400, "streams" : [
  {"stream":{"namespace":"public","name":"users","json_schema":{"properties":{"email":{}}}}, "sync_mode":"full_refresh"},
  {"stream":{"name":"orders","namespace":null, "json_schema":{"name":"n"}} },
  {"stream":{"json_schema":{"namespace":"n"},"name":"lines"}}
] })");
}

TEST(SourceCatalogTest, WithoutMappersItIsTheFileByteForByte) {
  for (const std::string catalog :
       {R"({"streams":[]})", " { \"streams\" : [ {\"stream\":{\"name\":\"a\"} , \"b\":1.0} ] }\n",
        R"({"streams":[{"stream":{"name":"mappers","mappers":1}}],"mappers":[1]})"}) {
    const auto source = SourceCatalogJson(catalog);
    ASSERT_TRUE(source.ok());
    EXPECT_EQ(*source, catalog);
    const auto destination = DestinationCatalogJson(catalog, Compiled(catalog), Same);
    ASSERT_TRUE(destination.ok());
    EXPECT_EQ(*destination, catalog);
  }
}

TEST(DestinationCatalogTest, HasTheMappedNames) {
  const auto json =
      DestinationCatalogJson(kCatalog, Compiled(kCatalog), [](const StreamDescriptor& stream) {
        return StreamDescriptor{"p_" + stream.name, std::nullopt};
      });
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json, R"({ "x":1e400, "streams" : [
  {"stream":{"name":"p_users","json_schema":{"properties":{"email":{"type":"string"}}}}, "sync_mode":"full_refresh"},
  {"stream":{"name":"p_orders","namespace":null, "json_schema":{"name":"n"}} },
  {"stream":{"json_schema":{"namespace":"n"},"name":"p_lines"}}
] })");
}

TEST(DestinationCatalogTest, NamespacesAreReplacedOrAdded) {
  const auto json =
      DestinationCatalogJson(kCatalog, Compiled(kCatalog), [](const StreamDescriptor& stream) {
        return StreamDescriptor{stream.name, stream.name_space.value_or("") + "\"x"};
      });
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(*json, HasSubstr(R"({"namespace":"public\"x","name":"users",)"));
  EXPECT_THAT(*json, HasSubstr(R"({"name":"orders","namespace":"\"x", )"));
  EXPECT_THAT(*json, HasSubstr(R"("name":"lines","namespace":"\"x"})"));
  EXPECT_THAT(*json, Not(HasSubstr("0001020304")));
  EXPECT_TRUE(ParseJson(*json));
}

TEST(ConfiguredCatalogTest, WhatIsNoCatalogIsRefused) {
  for (const char* json : {"", "{", "[]", "{}", R"({"streams":{}})", R"({"streams":[1]})"}) {
    EXPECT_FALSE(SourceCatalogJson(json).ok()) << json;
    const std::vector<std::string> streams = {"1"};
    EXPECT_FALSE(DestinationCatalogJson(json, streams, Same).ok()) << json;
  }
}

}  // namespace
}  // namespace shunt
