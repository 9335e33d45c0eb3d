// Which streams a reset is about, and what its destination is told of them.
#include "cli/reset/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt {
namespace {

using ::testing::HasSubstr;

constexpr char kCatalog[] = R"({"streams":[
  {"stream":{"name":"users","json_schema":{"x":1.0}},"sync_mode":"incremental","destination_sync_mode":"append","generation_id":7,"minimum_generation_id":0,"odd":[1e400]},
  {"stream":{"name":"orders","namespace":"a"},"sync_mode":"full_refresh","destination_sync_mode":"overwrite"},
  {"stream":{"name":"orders","namespace":"b"},"sync_mode":"full_refresh","destination_sync_mode":"overwrite"},
  {"stream":{"name":"b.orders"}}]})";

std::string Streams(const std::vector<std::string>& names) {
  const auto reset = MakeResetCatalog(kCatalog, names);
  return reset.ok() ? reset->json : std::string(reset.status().message());
}

TEST(ResetCatalog, KeepsWhatItIsNotAbout) {
  const auto reset = MakeResetCatalog(kCatalog, {"users"});
  ASSERT_TRUE(reset.ok()) << reset.status();
  EXPECT_EQ(reset->json, R"({"streams":[
{"sync_mode":"full_refresh","destination_sync_mode":"overwrite","stream":{"name":"users","json_schema":{"x":1.0}},"odd":[1e400],"generation_id":8,"minimum_generation_id":8}
]}
)");
  EXPECT_FALSE(reset->all);
  EXPECT_TRUE(reset->has_generations);
}

TEST(ResetCatalog, IsAboutAllStreamsUnlessSomeAreNamed) {
  const auto reset = MakeResetCatalog(kCatalog, {});
  ASSERT_TRUE(reset.ok()) << reset.status();
  EXPECT_TRUE(reset->all);
  EXPECT_TRUE(MakeResetCatalog(kCatalog, {"users", "a.orders", "users"})->has_generations);
  EXPECT_FALSE(MakeResetCatalog(kCatalog, {"a.orders"})->has_generations);
}

TEST(ResetCatalog, ANameMeansOneStreamOrNone) {
  EXPECT_THAT(Streams({"a.orders"}), HasSubstr(R"("namespace":"a")"));
  EXPECT_THAT(Streams({"orders"}), HasSubstr("say NAMESPACE.NAME"));
  EXPECT_THAT(Streams({"b.orders"}), HasSubstr("more than one stream"));
  EXPECT_THAT(Streams({"user"}), HasSubstr("no stream 'user'"));
  EXPECT_THAT(Streams({"users", "user"}), HasSubstr("no stream 'user'"));
}

}  // namespace
}  // namespace shunt
