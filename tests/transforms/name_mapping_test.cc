// The names that a connection gives to streams (airbyte-semantics 2.10): null is not "".
#include "transforms/name_mapping.h"

#include <optional>

#include "gtest/gtest.h"

namespace shunt {
namespace {

using Definition = NamespaceDefinition;

StreamDescriptor Stream(std::string name, std::optional<std::string> name_space = std::nullopt) {
  return {.name = std::move(name), .name_space = std::move(name_space)};
}

TEST(NameMapping, TheDefaultChangesNothing) {
  const NameMapping names;
  EXPECT_TRUE(names.identity());
  for (const auto& stream : {Stream("a"), Stream("a", ""), Stream("a", "n"), Stream("", " ")}) {
    EXPECT_EQ(names.Map(stream), stream);
  }
}

TEST(NameMapping, ABlankPrefixIsNone) {
  EXPECT_TRUE((NameMapping{.prefix = "  "}).identity());
  EXPECT_EQ((NameMapping{.prefix = "p_"}).Map(Stream("users", "public")),
            Stream("p_users", "public"));
}

TEST(NameMapping, DestinationMeansNoNamespace) {
  const NameMapping names{.definition = Definition::kDestination};
  EXPECT_FALSE(names.identity());
  EXPECT_EQ(names.Map(Stream("a", "n")), Stream("a"));
  EXPECT_EQ(names.Map(Stream("a", "")), Stream("a"));
  EXPECT_EQ(names.Map(Stream("a")), Stream("a"));
}

TEST(NameMapping, CustomFormat) {
  const auto map = [](std::string format, StreamDescriptor stream) {
    return NameMapping{.definition = Definition::kCustom, .format = std::move(format)}.Map(stream);
  };
  EXPECT_EQ(map("raw", Stream("a", "n")), Stream("a", "raw"));
  EXPECT_EQ(map("x_${SOURCE_NAMESPACE}_y", Stream("a", "n")), Stream("a", "x_n_y"));
  EXPECT_EQ(map("${SOURCE_NAMESPACE}${SOURCE_NAMESPACE}", Stream("a", "n")), Stream("a", "nn"));
  EXPECT_EQ(map("x_${SOURCE_NAMESPACE}", Stream("a")), Stream("a", "x_"));
  // A namespace that contains the placeholder is not expanded again.
  EXPECT_EQ(map("${SOURCE_NAMESPACE}", Stream("a", "${SOURCE_NAMESPACE}")),
            Stream("a", "${SOURCE_NAMESPACE}"));
}

TEST(NameMapping, ABlankNamespaceIsNone) {
  const NameMapping names{.definition = Definition::kCustom, .format = "${SOURCE_NAMESPACE}"};
  EXPECT_EQ(names.Map(Stream("a")), Stream("a"));
  EXPECT_EQ(names.Map(Stream("a", "")), Stream("a"));
  EXPECT_EQ(names.Map(Stream("a", "  ")), Stream("a"));
  EXPECT_EQ((NameMapping{.definition = Definition::kCustom, .format = ""}).Map(Stream("a", "n")),
            Stream("a"));
}

TEST(MappedNames, FindTheWayBack) {
  MappedNames back({.definition = Definition::kDestination, .prefix = "p_"});
  ASSERT_TRUE(back.Add(Stream("users", "public")).ok());
  ASSERT_TRUE(back.Add(Stream("users", "public")).ok()) << "the same stream again";
  EXPECT_EQ(back.Original(Stream("p_users")), Stream("users", "public"));
  EXPECT_EQ(back.Original(Stream("p_other")), Stream("p_other")) << "unknown ones stay";
}

TEST(MappedNames, RefuseTwoStreamsUnderOneName) {
  MappedNames back({.definition = Definition::kDestination});
  ConfiguredCatalog catalog;
  catalog.streams = {{.stream = Stream("users", "a")}, {.stream = Stream("users", "b")}};
  const absl::Status status = back.AddAll(catalog);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("a.users"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("b.users"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace shunt
