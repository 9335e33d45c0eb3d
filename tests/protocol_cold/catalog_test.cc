// The --catalog file, as far as the router reads it.
#include "protocol/catalog.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

TEST(CatalogTest, ReadsStreamsInOrder) {
  const auto catalog = ParseConfiguredCatalog(R"({"streams":[
      {"stream":{"name":"users","namespace":"public","json_schema":{"name":"x"},
                 "supported_sync_modes":["full_refresh"]},
       "sync_mode":"incremental","destination_sync_mode":"append"},
      {"stream":{"name":"users","namespace":null}},
      {"stream":{"name":"us\u0065rs","namespace":""}},
      {"stream":{"name":""}}],"other":1})");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  ASSERT_EQ(catalog->streams.size(), 4u);
  EXPECT_EQ(catalog->streams[0].stream, (StreamDescriptor{"users", "public"}));
  EXPECT_EQ(catalog->streams[1].stream, (StreamDescriptor{"users", std::nullopt}));
  EXPECT_EQ(catalog->streams[2].stream, (StreamDescriptor{"users", ""}))
      << "an empty namespace is not an absent one";
  EXPECT_EQ(catalog->streams[3].stream, (StreamDescriptor{"", std::nullopt}));
  EXPECT_FALSE(catalog->supports_refreshes());
}

TEST(CatalogTest, AGenerationIdMeansRefreshes) {
  const auto refreshes = [](const char* id) {
    const auto catalog = ParseConfiguredCatalog(
        std::string(R"({"streams":[{"stream":{"name":"a"}},{"stream":{"name":"b"})") + id + "}]}");
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    return catalog.ok() && catalog->supports_refreshes();
  };
  EXPECT_TRUE(refreshes(R"(,"generation_id":0)"));
  EXPECT_FALSE(refreshes(R"(,"generation_id":null)"));
  EXPECT_FALSE(refreshes(""));
}

TEST(CatalogTest, AnEmptyCatalogIsOne) {
  const auto catalog = ParseConfiguredCatalog(R"({"streams":[]})");
  ASSERT_TRUE(catalog.ok());
  EXPECT_TRUE(catalog->streams.empty());
}

TEST(CatalogTest, RefusesWhatIsNoCatalogAndSaysWhere) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"streams":{}})", R"({"streams":null})", R"({"streams":[1]})",
        R"({"streams":[{}]})", R"({"streams":[{"stream":{}}]})", R"({"streams":[{"stream":[]}]})",
        R"({"streams":[{"stream":{"name":1}}]})", R"({"streams":[{"stream":{"name":null}}]})",
        R"({"streams":[{"stream":{"name":"a","namespace":5}}]})",
        R"({"streams":[{"stream":{"name":"\udc00"}}]})",
        R"({"streams":[{"stream":{"name":"a","name":"b"}}]})"}) {
    EXPECT_EQ(ParseConfiguredCatalog(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  const auto twice = ParseConfiguredCatalog(
      R"({"streams":[{"stream":{"name":"a"}},{"stream":{"name":"a","namespace":null}}]})");
  EXPECT_EQ(twice.status().message(), "catalog stream 1: the same stream occurs twice");
}

// Readers of JSON take the last of two, mostly. Whoever wrote it meant one of them.
TEST(CatalogTest, AKeyThatStandsThereTwiceIsRefused) {
  const auto message = [](const char* text) {
    return std::string(ParseConfiguredCatalog(text).status().message());
  };
  for (const char* text : {R"({"streams":[],"streams":[{"stream":{"name":"a"}}]})",
                           R"({"streams":[{"stream":{"name":"a"}}],"str\u0065ams":[]})"}) {
    EXPECT_EQ(message(text), "the catalog has `streams` twice");
  }
  for (const char* key :
       {"stream", "generation_id", "sync_mode", "primary_key", "cursor_field", "mappers"}) {
    const std::string member = absl::StrCat("\"", key, R"(":{"name":"a"})");
    EXPECT_EQ(
        message(absl::StrCat(R"({"streams":[{"stream":{"name":"a"},)", member, ",", member, "}]}")
                    .c_str()),
        "catalog stream 0: not an object, or a key twice")
        << key;
  }
  for (const char* key :
       {"is_resumable", "json_schema", "default_cursor_field", "source_defined_primary_key"}) {
    const std::string member = absl::StrCat("\"", key, "\":null");
    EXPECT_EQ(
        message(absl::StrCat(R"({"streams":[{"stream":{"name":"a",)", member, ",", member, "}}]}")
                    .c_str()),
        "catalog stream 0: its `stream` has a key twice")
        << key;
  }
  // What nobody here reads is the connectors' business.
  EXPECT_EQ(message(R"({"x":1,"x":2,"streams":[{"stream":{"name":"a","y":1,"y":2},"z":1,"z":2}]})"),
            "");
}

}  // namespace
}  // namespace shunt
