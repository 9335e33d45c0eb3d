// A row is written as it came, but for what was changed.
#include "transforms/row.h"

#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace shunt {
namespace {

std::string After(std::string_view data, const std::function<void(Row&)>& change) {
  Row row;
  EXPECT_TRUE(row.Parse(data)) << data;
  change(row);
  std::string out;
  row.AppendTo(&out);
  return out;
}

std::string Without(std::string_view data, std::string_view key) {
  return After(data, [key](Row& row) {
    for (Row::Member& member : row.members()) {
      if (JsonKeyIs(member.raw_key, key)) row.Remove(member);
    }
  });
}

TEST(Row, UntouchedBytesStay) {
  for (const char* data :
       {R"({})", R"({ })", R"({"a":1})", R"({ "a" : 1.0 , "b":[1, 2 ],"a":1e400 })"}) {
    EXPECT_EQ(After(data, [](Row&) {}), data);
  }
}

TEST(Row, ARemovedMemberTakesOneCommaAlong) {
  EXPECT_EQ(Without(R"({"a":1,"b":2,"c":3})", "a"), R"({"b":2,"c":3})");
  EXPECT_EQ(Without(R"({"a":1,"b":2,"c":3})", "b"), R"({"a":1,"c":3})");
  EXPECT_EQ(Without(R"({"a":1,"b":2,"c":3})", "c"), R"({"a":1,"b":2})");
  EXPECT_EQ(Without(R"({"a":1})", "a"), R"({})");
  EXPECT_EQ(Without(R"({ "a" : 1 , "b" : 2 })", "a"), R"({ "b" : 2 })");
  EXPECT_EQ(Without(R"({ "a" : 1 , "b" : 2 })", "b"), R"({ "a" : 1 })");
}

TEST(Row, EveryOccurrenceOfAKeyIsAMember) {
  EXPECT_EQ(Without(R"({"a":1,"b":2,"\u0061":3,"a":{"a":4}})", "a"), R"({"b":2})");
}

TEST(Row, RenamesAndValues) {
  const auto change = [](Row& row) {
    row.Rename(row.members()[0], "x\"y");
    row.SetValue(row.members()[2], "null");
  };
  EXPECT_EQ(After(R"({"a": 1.50, "b" :2, "c":"long"})", change),
            R"({"x\"y":1.50, "b" :2, "c":null})");
}

TEST(Row, WhatIsNoObjectIsNoRow) {
  for (const char* data : {"", "[]", "1", R"({"a")", R"({"a":1)", R"({"a":1,})", R"({"a":nul})"}) {
    EXPECT_FALSE(Row().Parse(data)) << data;
  }
}

TEST(Row, ParseForgetsTheRowBefore) {
  Row row;
  ASSERT_TRUE(row.Parse(R"({"a":1})"));
  row.Remove(row.members()[0]);
  row.NoteChange({"a", "NULLED", "PLATFORM_SERIALIZATION_ERROR"});
  ASSERT_TRUE(row.Parse(R"({"b":1})"));
  EXPECT_FALSE(row.touched());
  EXPECT_TRUE(row.changes().empty());
}

}  // namespace
}  // namespace shunt
