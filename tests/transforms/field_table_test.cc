// Thousands of fields, found by keys as lines have them, against a map.
#include "transforms/field_table.h"

#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace shunt {
namespace {

TEST(FieldTableTest, AnEmptyTableFindsNothing) {
  const FieldTable table;
  EXPECT_EQ(table.Find(""), nullptr);
  EXPECT_EQ(table.Find("a"), nullptr);
}

TEST(FieldTableTest, FindsKeysInEverySpelling) {
  FieldTable table;
  ASSERT_TRUE(table.Select("grüße"));
  ASSERT_TRUE(table.Map("e\"q"));
  ASSERT_TRUE(table.Map("grüße"));
  ASSERT_TRUE(table.Select(""));
  for (const char* key : {"grüße", "gr\\u00fc\\u00DFe", "\\u0067rüße"}) {
    ASSERT_NE(table.Find(key), nullptr) << key;
    EXPECT_TRUE(table.Find(key)->selected && table.Find(key)->mapped) << key;
  }
  ASSERT_NE(table.Find("e\\\"q"), nullptr);
  EXPECT_FALSE(table.Find("e\\\"q")->selected);
  EXPECT_NE(table.Find(""), nullptr);
  for (const char* key : {"e\"q ", "Grüße", "gr", "\\ud800"}) {
    EXPECT_EQ(table.Find(key), nullptr) << key;
  }
}

TEST(FieldTableTest, IsWhatAMapIs) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 rng(kSeed);
  FieldTable table;
  std::map<std::string, int> flags;
  const auto name = [&] { return "f" + std::to_string(rng() % 20'000); };
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = name();
    const bool select = rng() % 2 == 0;
    ASSERT_TRUE(select ? table.Select(key) : table.Map(key));
    flags[key] |= select ? 1 : 2;
  }
  table.Shrink();
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = name();
    const FieldTable::Field* const field = table.Find(key);
    const auto known = flags.find(key);
    ASSERT_EQ(field != nullptr, known != flags.end()) << key;
    if (field == nullptr) continue;
    EXPECT_EQ(field->selected + 2 * field->mapped, known->second) << key;
  }
  EXPECT_LE(table.bytes(), flags.size() * (6 + 24) + 64) << "it is kept for every stream";
}

}  // namespace
}  // namespace shunt
