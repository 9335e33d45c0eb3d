// JsonCursor and the functions above it: what is JSON, what its parts are, and that nothing else
// gets through.
#include "protocol/json_cursor.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_text.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Below;
using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;
using ::testing::ElementsAre;
using ::testing::Optional;

std::string Nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(ParseJsonTest, TakesWhatRfc8259Allows) {
  for (const char* text : {
           "null",
           "true",
           "false",
           "0",
           "-0",
           "-1.5e+10",
           "1E400",
           "1e-400",
           "0.0000",
           "123456789012345678901234567890",
           R"("")",
           R"("\"\\\/\b\f\n\r\t\u00e9")",
           R"("\ud800")",
           R"("\udc00\ud800")",
           R"("\ud83d\ude00")",
           "\"\x7f\"",
           "\"\xE2\x80\xA8\"",
           "\"\xF4\x8F\xBF\xBF\"",
           "[]",
           "{}",
           "[ ]",
           "{ }",
           "[1,[2,{}],{\"a\":[]}]",
           R"({"a":1,"a":2,"":{"b":null}})",
           " \t\r\n1 \n",
       }) {
    EXPECT_TRUE(ParseJson(text)) << text;
  }
}

TEST(ParseJsonTest, RefusesWhatItDoesNotAllow) {
  for (const char* text : {
           "",
           " ",
           "nul",
           "nulll",
           "True",
           "NaN",
           "Infinity",
           "-",
           "+1",
           "01",
           "-01",
           "1.",
           ".5",
           "1e",
           "1e+",
           "0x10",
           "1 2",
           "\"",
           "\"a",
           R"("\x")",
           R"("\u12g4")",
           R"("\u123")",
           R"("\")",
           "\"\n\"",
           "\"\t\"",
           "'a'",
           "[",
           "]",
           "[1",
           "[1,]",
           "[,1]",
           "[1 2]",
           "[1}",
           "{",
           "}",
           "{]",
           R"({"a"})",
           R"({"a":})",
           R"({"a":1,})",
           R"({,"a":1})",
           R"({a:1})",
           R"({1:2})",
           R"({"a" 1})",
           R"({"a":1 "b":2})",
           R"({"a":1}{)",
           R"({"a":1}x)",
           "[]]",
           "/**/1",
           "\xEF\xBB\xBF{}",
           "\"\x80\"",
           "\"\xC0\x80\"",
           "\"\xE0\x80\x80\"",
           "\"\xED\xA0\x80\"",
           "\"\xF4\x90\x80\x80\"",
           "\"\xF8\x88\x80\x80\x80\"",
           "\"\xE2\x80\"",
       }) {
    EXPECT_FALSE(ParseJson(text)) << text;
  }
  using std::string_literals::operator""s;
  EXPECT_FALSE(ParseJson("\"\0\""s));
  EXPECT_FALSE(ParseJson("1\0"s));
  EXPECT_FALSE(ParseJson(R"("\)"s + "\0\""s));
}

TEST(ParseJsonTest, NestingIsBounded) {
  EXPECT_TRUE(ParseJson(Nested(kDepthMax)));
  EXPECT_FALSE(ParseJson(Nested(kDepthMax + 1)));
  EXPECT_FALSE(ParseJson(std::string(10'000'000, '[')));
}

TEST(ParseJsonTest, TheSliceIsTheTextWithoutBlanks) {
  const std::string text = " \n{ \"a\" : [ 1 , 2 ] } \r\n";
  const auto slice = ParseJson(text);
  ASSERT_TRUE(slice);
  EXPECT_TRUE(slice->is_object());
  EXPECT_EQ(slice->text, R"({ "a" : [ 1 , 2 ] })");
  EXPECT_EQ(JsonFind(*slice, "a")->text, "[ 1 , 2 ]");
}

TEST(JsonPartsTest, MembersAndElementsKeepOrderAndDuplicates) {
  const auto members = JsonMembers(*ParseJson(R"({"b":1,"\u0061":[2],"b":"x"})"));
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[1].raw_key, R"(\u0061)");
  EXPECT_TRUE((*members)[1].value.is_array());
  EXPECT_EQ((*members)[2].value.text, R"("x")");
  const auto elements = JsonElements(*ParseJson(R"([ 1 , {} , [] ])"));
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 3u);
  EXPECT_TRUE((*elements)[1].is_object());
  EXPECT_TRUE(JsonElements(*ParseJson("[]"))->empty());
  EXPECT_FALSE(JsonElements(*ParseJson("{}")));
  EXPECT_FALSE(JsonMembers(*ParseJson("[]")));
  EXPECT_FALSE(JsonMembers({JsonType::kObject, R"({"a":1)"}));
}

TEST(JsonPartsTest, FindComparesUnescapedKeysAndTakesTheFirst) {
  const auto object = *ParseJson(R"({"x":0,"\u0061\ud83d\ude00":1,"a":2,"a":3})");
  EXPECT_EQ(JsonFind(object, "a\xF0\x9F\x98\x80")->text, "1");
  EXPECT_EQ(JsonFind(object, "a")->text, "2");
  EXPECT_FALSE(JsonFind(object, "b"));
  EXPECT_FALSE(JsonFind(*ParseJson("[1]"), "a"));
  EXPECT_TRUE(JsonKeyIs(R"(\u0061b)", "ab"));
  EXPECT_FALSE(JsonKeyIs(R"(\u0061b)", "abc"));
  EXPECT_FALSE(JsonKeyIs(R"(\u0061bc)", "ab"));
  EXPECT_FALSE(JsonKeyIs(R"(ab\)", "ab"));
}

TEST(JsonPartsTest, StringsUnescape) {
  EXPECT_THAT(JsonString(*ParseJson(R"("a\u00e9\n\ud83d\ude00\/")")),
              Optional(std::string("a\xC3\xA9\n\xF0\x9F\x98\x80/")));
  EXPECT_FALSE(JsonString(*ParseJson(R"("\ud83dx")"))) << "a lone surrogate has no UTF-8";
  EXPECT_FALSE(JsonString(*ParseJson("1")));
  EXPECT_FALSE(JsonString({JsonType::kString, "\""}));
}

TEST(JsonPartsTest, QuoteIsTheInverseOfUnescape) {
  using std::string_literals::operator""s;
  EXPECT_EQ(JsonQuote("a\"\\/\n\x01\xC3\xA9"), R"("a\"\\/\n\u0001)"
                                               "\xC3\xA9\"");
  EXPECT_EQ(JsonQuote("\x80_\xED\xA0\x80"), "\"\xEF\xBF\xBD_\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"")
      << "what is not UTF-8 is replaced, so that the result is JSON";
  const std::string text = "\0\x1f\x7f\"\\ \xF0\x9F\x98\x80"s;
  EXPECT_THAT(JsonString(*ParseJson(JsonQuote(text))), Optional(text));
}

TEST(JsonPartsTest, Utf8PrefixesEndBetweenCharacters) {
  const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80";
  const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 3, 7, 7};
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(Utf8PrefixLength(text, i), expected[i]) << i;
  }
}

TEST(JsonNumberTest, DoublesAreFiniteOrAbsent) {
  const auto number = [](const char* text) { return JsonDouble(*ParseJson(text)); };
  EXPECT_THAT(number("1.5e3"), Optional(1500.0));
  EXPECT_THAT(number("-0"), Optional(0.0));
  EXPECT_THAT(number("1e-400"), Optional(0.0)) << "underflow is zero";
  EXPECT_THAT(number("0e999999999999"), Optional(0.0));
  EXPECT_FALSE(number("1e400"));
  EXPECT_FALSE(number("-1e400"));
  EXPECT_FALSE(number("\"1\""));
  EXPECT_THAT(number("1700000000123.4567"), Optional(1700000000123.4567));
}

TEST(JsonNumberTest, IntegersAreExact) {
  const auto number = [](const char* text) { return JsonInt64(*ParseJson(text)); };
  EXPECT_THAT(number("12"), Optional(12));
  EXPECT_THAT(number("-12.0"), Optional(-12));
  EXPECT_THAT(number("1.2e1"), Optional(12));
  EXPECT_THAT(number("-0"), Optional(0));
  EXPECT_THAT(number("9223372036854775807"), Optional(INT64_MAX));
  EXPECT_THAT(number("-9223372036854775808"), Optional(INT64_MIN));
  EXPECT_FALSE(number("9223372036854775808"));
  EXPECT_FALSE(number("1e19"));
  EXPECT_FALSE(number("1e99999999999999999999"));
  EXPECT_FALSE(number("1.5"));
  EXPECT_FALSE(number("true"));
}

TEST(JsonCursorTest, YieldsTheEventsInOrder) {
  using Event = JsonCursor::Event;
  JsonCursor cursor(R"( {"a":[1,"x\n"],"b":{}} )");
  std::vector<Event> events;
  do events.push_back(cursor.Next());
  while (events.back() != Event::kEnd && events.back() != Event::kError);
  EXPECT_THAT(events, ElementsAre(Event::kObject, Event::kKey, Event::kArray, Event::kScalar,
                                  Event::kScalar, Event::kArrayEnd, Event::kKey, Event::kObject,
                                  Event::kObjectEnd, Event::kObjectEnd, Event::kEnd));
}

TEST(JsonCursorTest, AnErrorIsForEver) {
  JsonCursor cursor("[1,x,2]");
  for (int i = 0; i < 2; ++i) cursor.Next();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cursor.Next(), JsonCursor::Event::kError);
  EXPECT_FALSE(cursor.ok());
  EXPECT_FALSE(cursor.Rest());
}

TEST(JsonCursorTest, WantedMembersMustBeUnique) {
  const auto read = [](const char* text) {
    std::optional<JsonSlice> a;
    JsonCursor cursor(text);
    return cursor.Next() == JsonCursor::Event::kObject && ReadMembers(cursor, {{"a", &a}}) && a;
  };
  EXPECT_TRUE(read(R"({"b":1,"a":2,"b":3})"));
  EXPECT_TRUE(read(R"({"\u0061":2})"));
  EXPECT_FALSE(read(R"({"a":2,"\u0061":2})"));
  EXPECT_FALSE(read(R"({"a":2)"));
}

// Every spelling of every value is JSON, and a text cut anywhere is not (numbers apart).
TEST(JsonCursorPropertyTest, SpellingsParseAndPrefixesDoNot) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    testing::Value value = RandomValue(rng, 4);
    const std::string text = Spell(rng, value);
    const auto slice = ParseJson(text);
    ASSERT_TRUE(slice) << text;
    if (slice->is_number()) continue;
    const auto begin = static_cast<std::size_t>(slice->text.data() - text.data());
    const std::size_t cut = begin + Below(rng, slice->text.size());
    EXPECT_FALSE(ParseJson(std::string_view(text).substr(0, cut))) << text << " cut at " << cut;
  }
}

// Whatever does not parse makes no function misbehave (the sanitizer builds watch), and the parts
// of whatever does are there to be found.
TEST(JsonCursorPropertyTest, DamagedTextIsHarmless) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string text = Damage(rng, Spell(rng, RandomValue(rng, 3)));
    const auto slice = ParseJson(text);
    for (const JsonType type :
         {JsonType::kObject, JsonType::kArray, JsonType::kString, JsonType::kNumber}) {
      const JsonSlice guess{type, slice ? slice->text : text};
      JsonFind(guess, "a");
      JsonElements(guess);
      JsonString(guess);
      JsonDouble(guess);
      JsonInt64(guess);
      for (const JsonMember& member : JsonMembers(guess).value_or(std::vector<JsonMember>())) {
        const auto key = JsonUnescape(member.raw_key);
        ASSERT_TRUE(!key || !slice || JsonFind(guess, *key)) << text;
      }
    }
    if (!slice) continue;
    EXPECT_EQ(slice->is_object(), JsonMembers(*slice).has_value()) << text;
    EXPECT_EQ(slice->is_array(), JsonElements(*slice).has_value()) << text;
  }
}

}  // namespace
}  // namespace shunt
