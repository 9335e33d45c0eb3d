// What is said and kept of streams that the catalog lacks, and of messages that are not known.
#include "stages/unknown_streams.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "stages/unknown_types.h"

namespace shunt {
namespace {

ConfiguredCatalog Catalog(const std::vector<StreamDescriptor>& streams) {
  ConfiguredCatalog catalog;
  for (const StreamDescriptor& stream : streams) catalog.streams.push_back({.stream = stream});
  return catalog;
}

// What was meant by `stream`; "" when nothing is near.
std::string Meant(const ConfiguredCatalog& catalog, const StreamDescriptor& stream) {
  const std::string said = UnknownStreams(catalog).AddRecord(stream);
  const std::size_t begin = said.find("(did you mean ");
  if (begin == std::string::npos) return "";
  return said.substr(begin + 14, said.find("?)") - begin - 14);
}

TEST(UnknownStreamsTest, NamesTheNearestStream) {
  const ConfiguredCatalog catalog =
      Catalog({{"order", {}}, {"users", "shop"}, {"Invoices", {}}, {"a", "b"}});
  EXPECT_EQ(Meant(catalog, {"users", {}}), "shop.users") << "without its namespace";
  EXPECT_EQ(Meant(catalog, {"users", "store"}), "shop.users") << "with another one";
  EXPECT_EQ(Meant(catalog, {"shop.users", {}}), "shop.users") << "the namespace in the name";
  EXPECT_EQ(Meant(catalog, {"INVOICES", {}}), "Invoices");
  EXPECT_EQ(Meant(catalog, {"orders", {}}), "order") << "a slip";
  EXPECT_EQ(Meant(catalog, {"something_else", {}}), "");
  EXPECT_EQ(Meant(catalog, {"", {}}), "");
  EXPECT_EQ(Meant(catalog, {std::string(100'000, 'x'), {}}), "");
}

TEST(UnknownStreamsTest, IsSaidOnceOfEach) {
  const ConfiguredCatalog catalog = Catalog({{"users", {}}});
  UnknownStreams unknown(catalog);
  EXPECT_EQ(unknown.Summary(), "");
  EXPECT_NE(unknown.AddState({"x", {}}), "");
  EXPECT_EQ(unknown.AddRecord({"x", {}}), "");
  EXPECT_NE(unknown.AddRecord({"x", ""}), "") << "an empty namespace is another one";
  EXPECT_EQ(unknown.Summary(),
            "2 records and 1 state of streams that the catalog lacks were dropped: x, .x");
}

TEST(UnknownStreamsTest, KeepsNoMoreThanItsBounds) {
  const ConfiguredCatalog catalog = Catalog({{"users", {}}});
  UnknownStreams many(catalog);
  std::size_t said = 0;
  for (int i = 0; i < 3000; ++i) said += !many.AddState({absl::StrCat("s", i), {}}).empty();
  EXPECT_EQ(said, UnknownStreams::kStreamsMax + 1);
  EXPECT_EQ(many.streams().size(), UnknownStreams::kStreamsMax);
  EXPECT_EQ(many.others().states, 2000u);
  EXPECT_EQ(many.total().states, 3000u);
  UnknownStreams longs(catalog);
  for (int i = 0; i < 100; ++i) {
    const std::string news = longs.AddRecord({absl::StrCat(i, std::string(60'000, 'n')), {}});
    EXPECT_LT(news.size(), 1000u);
  }
  EXPECT_EQ(longs.streams().size(), 2u);
  EXPECT_EQ(longs.others().records, 98u);
}

TEST(UnknownTypesTest, ATypeWithoutALetterIsATypeOfItsOwn) {
  UnknownTypes types;
  EXPECT_EQ(types.Add(""), "messages of the type '' are not known and are not forwarded");
  EXPECT_EQ(types.Summary(), "'' (1)");
  EXPECT_EQ(types.others(), 0u);
}

TEST(UnknownTypesTest, NamesEachTypeOnce) {
  UnknownTypes types;
  EXPECT_EQ(types.Add("SPEC"), "");
  EXPECT_EQ(types.total(), 0u);
  EXPECT_EQ(types.Add("Record"),
            "messages of the type 'Record' are not known (did you mean 'RECORD'?) and are not "
            "forwarded");
  EXPECT_EQ(types.Add("Record"), "");
  for (int i = 0; i < 1000; ++i) types.Add(absl::StrCat("t", i, std::string(1000, 'x')));
  EXPECT_EQ(types.types().size(), UnknownTypes::kTypesMax);
  EXPECT_EQ(types.others(), 1000 - (UnknownTypes::kTypesMax - 1));
  EXPECT_EQ(types.total(), 1002u);
  EXPECT_LT(types.Summary().size(), 4000u);
}

}  // namespace
}  // namespace shunt
