// JSON that people look at, on a terminal.
#include "protocol/json_writer.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

TEST(JsonForEyes, WhatActsOnATerminalIsEscaped) {
  EXPECT_EQ(JsonForEyes("\"a\x7f\xc2\x9b\xc2\x80z\""), R"("a\u007f\u009b\u0080z")");
  EXPECT_EQ(JsonForEyes("[\"\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa\xe2\x80\xae\"]"),
            R"(["\u200e\u200f\u202a\u202e"])");
  EXPECT_EQ(JsonForEyes("{\"\xe2\x81\xa6\":\"\xe2\x81\xa9\xe2\x80\xa8\xd8\x9c\xef\xbb\xbf\"}"),
            R"({"\u2066":"\u2069\u2028\u061c\ufeff"})");
}

TEST(JsonForEyes, EverythingElseStays) {
  for (const std::string json :
       {"{\"caf\xc3\xa9\":\"\xf0\x9f\x94\x91 \xc2\xa0 \xe2\x82\xac \xe2\x80\x9c\"}",
        "[1,2.5e3,\"\"]", "\"\\u009b\""}) {
    EXPECT_EQ(JsonForEyes(json), json);
  }
}

TEST(JsonWriter, KeysValuesAndRawValuesAreSafeAndMeanTheSame) {
  JsonWriter json;
  json.BeginObject().Key("k\xc2\x9b").String("\xe2\x80\xae").Key("raw").Raw("{\"\x7f\":1}").End();
  const std::string text = json.text();
  for (const char* raw : {"\xc2\x9b", "\xe2\x80\xae", "\x7f"}) {
    EXPECT_EQ(text.find(raw), std::string::npos) << text;
  }
  const auto object = ParseJson(text);
  ASSERT_TRUE(object);
  EXPECT_EQ(JsonString(*JsonFind(*object, "k\xc2\x9b")), "\xe2\x80\xae");
}

}  // namespace
}  // namespace shunt
