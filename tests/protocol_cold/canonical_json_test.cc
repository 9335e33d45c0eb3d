// Equality of JSON values: invariant under every spelling, broken by every change of meaning.
#include "protocol/canonical_json.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_number.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::Mutate;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;
using ::testing::Optional;

// The two forms of equality must agree; so every comparison here asks both.
bool Equal(std::string_view a, std::string_view b) {
  const auto digest_a = CanonicalDigest(a);
  const auto digest_b = CanonicalDigest(b);
  EXPECT_TRUE(digest_a && digest_b) << a << " " << b;
  EXPECT_EQ(CanonicalJson(a) == CanonicalJson(b), digest_a == digest_b) << a << " " << b;
  return digest_a == digest_b;
}

TEST(CanonicalJsonTest, SpellingDoesNotMatter) {
  EXPECT_TRUE(Equal(R"({"a":1,"b":[2,3]})", R"( { "b" : [2, 3] , "a" : 1 } )"));
  EXPECT_TRUE(Equal(R"("é/\n")", R"("\u00E9\/\u000a")"));
  EXPECT_TRUE(Equal(R"("\ud83d\ude00")", "\"\xF0\x9F\x98\x80\""));
  EXPECT_TRUE(Equal(R"({"\u0061":1})", R"({"a":1})"));
}

TEST(CanonicalJsonTest, NumbersCompareByExactValue) {
  const std::vector<std::vector<std::string>> classes = {
      {"0", "-0", "0.000", "-0e99", "0e99999999999999999999999"},
      {"1", "1.0", "10e-1", "0.1e1", "1E0", "1e+00"},
      {"-1", "-1.0"},
      {"1000", "1e3", "1.000E3", "1000.000"},
      {"1001"},
      {"1e400", "10e399", "0.1e401"},
      {"1e401"},
      {"1e-400", "0.1e-399"},
      {"12345678901234567890", "1.2345678901234567890e19"},
      {"12345678901234567891"},
      {"0.1", "1e-1"},
      {"0.1000000000000000055511151231257827"},
      {"1e999999999999999999", "0.1e1000000000000000000", "10e999999999999999998"},
      {"1e1000000000000000000", "10e999999999999999999", "0.01e1000000000000000002"},
      {"1e-1000000000000000000", "0.1e-999999999999999999"},
      {"1e99999999999999999999999", "10e99999999999999999999998", "0.1e100000000000000000000000"},
      {"1e-99999999999999999999999", "0.1e-99999999999999999999998"},
  };
  for (std::size_t i = 0; i < classes.size(); ++i) {
    for (std::size_t j = 0; j < classes.size(); ++j) {
      for (const std::string& a : classes[i]) {
        for (const std::string& b : classes[j]) EXPECT_EQ(Equal(a, b), i == j) << a << " " << b;
      }
    }
  }
}

TEST(CanonicalJsonTest, DifferentValuesDiffer) {
  const std::vector<std::string> values = {
      "null",
      "true",
      "false",
      "0",
      "1",
      R"("")",
      R"("1")",
      R"("null")",
      "[]",
      "{}",
      "[null]",
      "[[]]",
      "[{}]",
      R"({"a":null})",
      R"({"a":{}})",
      R"({"a":[]})",
      R"({"":null})",
      "[1,2]",
      "[2,1]",
      "[1,[2]]",
      "[[1],2]",
      "[[1,2]]",
      "[12]",
      R"(["1",2])",
      R"({"a":1,"b":2})",
      R"({"a":2,"b":1})",
      R"({"a":1})",
      R"({"a":{"b":1},"c":2})",
      R"({"a":{"b":1,"c":2}})",
      R"("\ud800")",
      R"("\udc00")",
      R"("\ufffd")",
      R"("\udc00\ud800")",
      R"("\ud800\udc00")",
      R"("\\ud800")",
      R"("a")",
      R"("a\u0000")",
      R"(["a","b"])",
      R"(["a\",\"b"])",
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      EXPECT_EQ(Equal(values[i], values[j]), i == j) << values[i] << " " << values[j];
    }
  }
}

TEST(CanonicalJsonTest, EveryDuplicateKeyCounts) {
  EXPECT_FALSE(Equal(R"({"a":1,"a":1})", R"({"a":1})"));
  EXPECT_FALSE(Equal(R"({"a":1,"a":2})", R"({"a":2})"));
  EXPECT_TRUE(Equal(R"({"a":1,"a":2,"b":0})", R"({"a":2,"b":0,"a":1})"));
  EXPECT_FALSE(Equal(R"({"a":1,"b":2,"a":2,"b":1})", R"({"a":1,"a":1,"b":2,"b":2})"));
}

TEST(CanonicalJsonTest, TheTextIsSortedShortAndStable) {
  EXPECT_THAT(CanonicalJson(R"( { "b" : "\u0041\u0009\u007f\/" , "a" : [ 1.50 , -0 , 1e2 ] } )"),
              Optional(std::string("{\"a\":[1.5,0,100],\"b\":\"A\\t\x7f/\"}")));
  EXPECT_THAT(
      CanonicalJson(R"(["\uD800x", 0.0001, 1e30, 12345678901234567890123, 1e-9, 12.5e-30])"),
      Optional(
          std::string(R"(["\ud800x",0.0001,0.1e31,12345678901234567890123,0.1e-8,0.125e-28])")));
}

TEST(CanonicalJsonTest, OnlyWellFormedTextHasAForm) {
  for (const char* text : {"", "{", "[1,]", "1 2", "{\"a\"}", "\"\x80\"", "]", "\"\\x\"", "01"}) {
    EXPECT_FALSE(CanonicalDigest(text)) << text;
    EXPECT_FALSE(CanonicalJson(text)) << text;
  }
  JsonCursor at_end_of_array("[]");
  at_end_of_array.Next();
  EXPECT_FALSE(ReadCanonicalDigest(at_end_of_array));
}

TEST(CanonicalJsonTest, LongStringsAndNumbersAreTheirContent) {
  const std::string plain(100'000, 'a');
  std::string escaped = "\"\\u0061" + plain.substr(1) + "\"";
  EXPECT_TRUE(Equal("\"" + plain + "\"", escaped));
  const std::string digits(5000, '7');
  EXPECT_TRUE(Equal(digits, digits.substr(0, 1) + "." + digits.substr(1) + "e4999"));
}

TEST(ObjectDigestTest, BuildsTheDigestOfAnObject) {
  ObjectDigest object;
  object.Add("b", *CanonicalDigest("[1]"));
  object.Add(R"(\u0061)", *CanonicalDigest("null"));
  EXPECT_EQ(object.Finish(), CanonicalDigest(R"({"a":null,"b":[1]})"));
}

TEST(CanonicalJsonPropertyTest, InvariantUnderSpellingAndBrokenByMutation) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    testing::Value value = RandomValue(rng, 4);
    const std::string one = Spell(rng, value);
    const std::string other = Spell(rng, value);
    ASSERT_TRUE(Equal(one, other)) << one << "\n" << other;
    const auto canonical = CanonicalJson(one);
    ASSERT_TRUE(Equal(one, *canonical)) << "the canonical text is the same value";
    ASSERT_EQ(CanonicalJson(*canonical), canonical) << "and its own canonical text";
    Mutate(rng, &value);
    const std::string mutated = Spell(rng, value);
    ASSERT_FALSE(Equal(one, mutated)) << one << "\n" << mutated;
  }
}

TEST(CanonicalJsonPropertyTest, DamagedTextIsHarmless) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string text = Damage(rng, Spell(rng, RandomValue(rng, 3)));
    const bool legal = ParseJson(text).has_value();
    EXPECT_EQ(CanonicalDigest(text).has_value(), legal) << text;
    EXPECT_EQ(CanonicalJson(text).has_value(), legal) << text;
  }
}

TEST(DecimalTest, OrdersExactly) {
  const std::vector<std::string> ascending = {"-1e99999999999999999999",
                                              "-1e9999999999999999999",
                                              "-1e400",
                                              "-2",
                                              "-1.5",
                                              "-1",
                                              "-1e-400",
                                              "-1e-99999999999999999999",
                                              "0",
                                              "1e-99999999999999999999",
                                              "1e-400",
                                              "0.09999",
                                              "0.1",
                                              "0.10000000000000000001",
                                              "1",
                                              "1.5",
                                              "9.99",
                                              "10",
                                              "12345678901234567890",
                                              "12345678901234567891",
                                              "1e400",
                                              "1e9999999999999999999",
                                              "1e99999999999999999999"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(CompareDecimals(*ParseDecimal(ascending[i]), *ParseDecimal(ascending[j])), i <=> j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(DecimalTest, MultiplesAreExact) {
  const auto multiple = [](const char* value, const char* divisor) {
    return IsMultipleOf(*ParseDecimal(value), *ParseDecimal(divisor));
  };
  EXPECT_THAT(multiple("0.3", "0.1"), Optional(true)) << "in doubles it is not";
  EXPECT_THAT(multiple("4.02", "0.01"), Optional(true));
  EXPECT_THAT(multiple("1e308", "1e-300"), Optional(true));
  EXPECT_THAT(multiple("1e400", "7"), Optional(false));
  EXPECT_THAT(multiple("1e400", "64"), Optional(true));
  EXPECT_THAT(multiple("1e99999999999999999999", "3"), Optional(false));
  EXPECT_THAT(multiple("7.5", "2"), Optional(false));
  EXPECT_THAT(multiple("-6", "1.5"), Optional(true));
  EXPECT_THAT(multiple("0", "7"), Optional(true));
  EXPECT_THAT(multiple("15", "1e1"), Optional(false));
  EXPECT_THAT(multiple("30", "1e1"), Optional(true));
  EXPECT_FALSE(multiple("1", "0"));
  EXPECT_FALSE(multiple("1", "1234567890123456789.5"));
}

}  // namespace
}  // namespace shunt
