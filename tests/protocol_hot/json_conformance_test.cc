// RFC 8259 by cases, in the spirit of JSONTestSuite. Each value is tried as a key's value inside
// `data`, inside arrays, and, when it is an object, as `data` itself; whole and byte by byte.
// Whatever the RFC leaves open passes (contract decision 3): we forward bytes and interpret none.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::testing {
namespace {

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}
std::string Quoted(const std::string& content) { return '"' + content + '"'; }

void ExpectAll(const std::vector<std::string>& values, const std::string& verdict) {
  Harness harness;
  for (const std::string& value : values) {
    SCOPED_TRACE("value: " + value);
    std::vector<std::string> lines = {
        RecordWithValue(value),
        RecordWithValue("[" + value + "]"),
        RecordWithValue("[0 , " + value + "\t]"),
        RecordWithValue("[[{\"k\":" + value + ",\"l\":\"m\"}],\"n\"]"),
        RecordWithValue(" " + value + " "),
        Join({R"({"type":"LOG","x":)", value, R"(,"log":{"y":)", value, "}}"}),
    };
    for (const std::string& line : lines) {
      const bool log = line.find("LOG") != std::string::npos;
      const std::string expected = verdict == "record" && log ? "log" : verdict;
      EXPECT_EQ(harness.Verdict(line), expected) << line;
      EXPECT_EQ(harness.LongVerdict(line), expected) << line;
    }
  }
}

TEST(JsonConformance, NumbersThatAreValid) {
  ExpectAll({"0",
             "-0",
             "1",
             "-1",
             "10",
             "123",
             "0.0",
             "0.5",
             "-0.5",
             "1.5",
             "10.01",
             "0e0",
             "0E0",
             "1e1",
             "1E1",
             "1e+1",
             "1e-1",
             "1E+10",
             "1.5e10",
             "1.5E-3",
             "-1.5e+03",
             "0e+00",
             "1e400",
             "-1e400",
             "0.1e-400",
             "1e-99999",
             "20e1",
             "9007199254740993",
             "123456789012345",
             "1234567890123456",
             "12345678901234567",
             "-1234567890123456",
             "1234567890123456789012345678901234567890",
             "1.234567890123",
             "1.2345678901234",
             "1.23456789012345",
             "1.234567890123456",
             "123456789012345.5",
             "1234567890123456.5",
             "0.12345678901234567890",
             "-9223372036854775809",
             "18446744073709551616",
             "1e00000000000000000000000000000000000000001",
             "1.7976931348623157e309"},
            "record");
}

TEST(JsonConformance, NumbersThatAreNot) {
  ExpectAll({"+1",
             "-",
             "--1",
             "01",
             "-01",
             "00",
             "1.",
             ".5",
             "-.5",
             "1.e1",
             "1e",
             "1e+",
             "1e-",
             "1E",
             "0e",
             "0.e1",
             "1.5.5",
             "1e1.5",
             "1e1e1",
             "1-1",
             "1+1",
             "0x1",
             "0b1",
             "1a",
             "1_000",
             "1 000",
             "1,000.",
             "NaN",
             "-NaN",
             "Infinity",
             "-Infinity",
             "inf",
             "1f",
             "1L",
             "١",
             "１",
             "- 1",
             "1/2",
             "0-",
             "-e1",
             "1234567890123456.",
             "123456789012345e",
             "12345678901234567.",
             "1234567890123456a",
             "123456789012345678-",
             "0.1234567890123456e",
             "1'000",
             "1\"",
             "1\\u0030",
             Bytes({'1', 0}),
             Bytes({'1', 0x0C}),
             Bytes({'1', 0x7F}),
             Bytes({'1', 0xE9}),
             "1\v",
             "1#",
             "1;",
             "1\xc2\xa0"},
            "malformed");
}

TEST(JsonConformance, Literals) {
  ExpectAll({"true", "false", "null"}, "record");
  ExpectAll({"True",
             "TRUE",
             "tru",
             "truee",
             "true1",
             "true\"x\"",
             "t",
             "fals",
             "falsee",
             "False",
             "nul",
             "nulll",
             "Null",
             "None",
             "nil",
             "undefined",
             "n",
             "yes",
             "true false",
             "null\xe9",
             "nu ll",
             "true\\n",
             "'true'",
             "@",
             "#",
             "/",
             "/**/1",
             "//",
             "\v",
             "\f",
             Bytes({0xEF, 0xBB, 0xBF, '1'}),
             Bytes({0}),
             Bytes({0, 0, 0, 0, 0, 0, 0, 0}),
             Bytes({0x1A}),
             Bytes({0x0C}),
             Bytes({0x1F}),
             Bytes({0x7F}),
             Bytes({0xC2, 0xA0}),
             "*",
             "$",
             "\\u0031"},
            "malformed");
  Harness harness;
  EXPECT_EQ(harness.Verdict(RecordWithValue("")), "malformed");
  EXPECT_EQ(harness.LongVerdict(RecordWithValue("")), "malformed");
}

TEST(JsonConformance, StringsThatAreValid) {
  ExpectAll({Quoted(""),
             Quoted("a"),
             Quoted(" "),
             Quoted("\\\""),
             Quoted("\\\\"),
             Quoted("\\/"),
             Quoted("\\b\\f\\n\\r\\t"),
             Quoted("\\u0000"),
             Quoted("\\u001f"),
             Quoted("\\uABCD"),
             Quoted("\\uabcd"),
             Quoted("\\u00e9\\u0301"),
             Quoted("\\ud83d\\ude00"),
             Quoted("\\ud800"),
             Quoted("\\udc00"),
             Quoted("\\udc00\\ud800"),
             Quoted("\\ud800\\n"),
             Quoted("\\uD800\\uD800\\n"),
             Quoted("\\ufffe"),
             Quoted("\\uffff"),
             Quoted("\\ufdd0"),
             Quoted("{}[],:"),
             Quoted("true"),
             Quoted("'"),
             Quoted("/"),
             Quoted("//"),
             Quoted("#"),
             Quoted("\x7f"),
             Quoted("\\\\\\\\"),
             Quoted("\\\\\\\""),
             Quoted("a\\\\"),
             Quoted("\\u2028"),
             Quoted("\xe2\x80\xa8"),
             Quoted("\xe2\x80\xa9"),
             Quoted("\xc2\x80"),
             Quoted("\xdf\xbf"),
             Quoted("\xe0\xa0\x80"),
             Quoted("\xed\x9f\xbf"),
             Quoted("\xee\x80\x80"),
             Quoted("\xef\xbf\xbf"),
             Quoted("\xef\xbb\xbf"),
             Quoted("\xf0\x90\x80\x80"),
             Quoted("\xf4\x8f\xbf\xbf"),
             Quoted("日本語"),
             Quoted("😀"),
             Quoted(std::string(15, 'x') + "\xc3\xa9"),
             Quoted(std::string(63, 'x') + "\\n"),
             Quoted(std::string(200, 'x')),
             Quoted(std::string(64, '\\'))},
            "record");
}

TEST(JsonConformance, StringsThatAreNot) {
  std::vector<std::string> values = {
      "\"",
      "\"a",
      "a\"",
      "'a'",
      "\"a\"\"b\"",
      "\"a\" \"b\"",
      "\"a\"b",
      "\"a\"1",
      Quoted("\""),
      "\"\\\"",
      Quoted("\\"),
      Quoted("\\a"),
      Quoted("\\v"),
      Quoted("\\0"),
      Quoted("\\x41"),
      Quoted("\\'"),
      Quoted("\\ "),
      Quoted("\\U0041"),
      Quoted("\\u"),
      Quoted("\\u1"),
      Quoted("\\u12"),
      Quoted("\\u123"),
      Quoted("\\u123g"),
      Quoted("\\u-123"),
      Quoted("\\u 123"),
      Quoted("\\u+041"),
      Quoted("\\ud83d\\"),
      Quoted("\\ud83d\\u"),
      Quoted("\\ud83d\\ude0"),
      Quoted("\\\\\\"),
      Quoted("\\\t"),
      Quoted("\\\xc3\xa9"),
      Quoted("\\\x80"),
      "\\u0022a\\u0022",
      "\"a\\u0022",
      Quoted("\\{"),
      Quoted("\\\r"),
      Quoted(Bytes({'\\', 0})),
  };
  for (int control = 0; control < 0x20; ++control) {
    if (control != '\n') values.push_back(Quoted(Bytes({'a', control, 'b'})));
  }
  ExpectAll(values, "malformed");
}

TEST(JsonConformance, Utf8ThatIsNot) {
  std::vector<std::string> values;
  for (const std::string& bytes : std::vector<std::string>{"\x80",
                                                           "\xbf",
                                                           "\xc0",
                                                           "\xc0\x80",
                                                           "\xc1\xbf",
                                                           "\xc2",
                                                           "\xc2\x41",
                                                           "\xc2\xc2",
                                                           "\xdf\xc0",
                                                           "\xe0",
                                                           "\xe0\x80\x80",
                                                           "\xe0\x9f\xbf",
                                                           "\xe0\xa0",
                                                           "\xe1\x80",
                                                           "\xe1\x80\x41",
                                                           "\xed\xa0\x80",
                                                           "\xed\xbf\xbf",
                                                           "\xed\xa0\xbd\xed\xb8\x80",
                                                           "\xef\xbf",
                                                           "\xf0",
                                                           "\xf0\x80\x80\x80",
                                                           "\xf0\x8f\xbf\xbf",
                                                           "\xf0\x90\x80",
                                                           "\xf0\x9f\x98",
                                                           "\xf4\x90\x80\x80",
                                                           "\xf5\x80\x80\x80",
                                                           "\xf8\x88\x80\x80\x80",
                                                           "\xfc\x84\x80\x80\x80\x80",
                                                           "\xfe",
                                                           "\xff",
                                                           "\xff\xfe",
                                                           "\xe9",
                                                           "caf\xe9 au lait",
                                                           "\xc3\x28",
                                                           "\xa0\xa1",
                                                           "\xe2\x28\xa1",
                                                           "\xe2\x82\x28",
                                                           "\xf0\x28\x8c\xbc",
                                                           "\xf0\x90\x28\xbc",
                                                           "\xf0\x28\x8c\x28",
                                                           "\xc3\xa9\xa9"}) {
    values.push_back(Quoted(bytes));
    values.push_back(Quoted(std::string(61, 'x') + bytes + std::string(5, 'y')));
    values.push_back("{" + Quoted(bytes) + ":1}");
  }
  ExpectAll(values, "malformed");
}

TEST(JsonConformance, ContainersThatAreValid) {
  ExpectAll({"[]",
             "[ ]",
             "{}",
             "{ }",
             "[[]]",
             "[[],[]]",
             "[{}]",
             "[1]",
             "[1,2]",
             "[1 , 2]",
             "[null]",
             "[\"\"]",
             "[[[[[[[[]]]]]]]]",
             "{\"a\":1}",
             "{\"a\":1,\"b\":2}",
             "{\"a\":1,\"a\":1}",
             "{\"a\":{\"a\":{\"a\":{}}}}",
             "{\"\":0}",
             "{\"\":\"\"}",
             "{\"a\":[]}",
             "{\"a\":[{\"b\":[]}]}",
             "{ \"a\" : 1 , \"b\" : [ ] }",
             "{\"\\u0061\":1}",
             "{\"a\\\"b\":1}",
             "[\t1\r]",
             "[1,\t\r 2]",
             "[true,false,null]",
             "[\"a\",1,{}]",
             "{\"日本\":\"語\"}",
             "[-0,0.0,1e1]",
             "{\"a\":\"b\",\"c\":\"d\"}"},
            "record");
}

TEST(JsonConformance, ContainersThatAreNot) {
  ExpectAll({"[",
             "]",
             "{",
             "}",
             "[1",
             "1]",
             "[1,",
             "[1,]",
             "[,1]",
             "[,]",
             "[,",
             "[1,,2]",
             "[1 2]",
             "[1:2]",
             "[\"a\":1]",
             "[}",
             "{]",
             "[1}",
             "{\"a\":1]",
             "[[]",
             "[]]",
             "[{]}",
             "{\"a\"}",
             "{\"a\":}",
             "{\"a\":1,}",
             "{,\"a\":1}",
             "{\"a\":1,,\"b\":2}",
             "{:1}",
             "{\"a\"::1}",
             "{\"a\",1}",
             "{\"a\" 1}",
             "{\"a\":1 \"b\":2}",
             "{\"a\":1:2}",
             "{a:1}",
             "{'a':1}",
             "{1:1}",
             "{null:1}",
             "{[]:1}",
             "{{}:1}",
             "{\"a\":1,\"b\"}",
             "{\"a\":1,\"b\":}",
             "{\"a\":1,b:2}",
             "{\"a\" \"b\"}",
             "{\"a\":\"b\",\"c\"",
             "[1],",
             ",[1]",
             "[1]1",
             "{}{}",
             "[][]",
             "1 2",
             ":",
             ",",
             "[:",
             "{,}",
             "[\"a\",",
             "[\"a\"",
             "{\"a\":\"b",
             "[1,\v2]",
             "[\xef\xbb\xbf]",
             "(1)",
             "[1;2]",
             "[*]",
             "{\"a\":/*x*/1}",
             "[1]//x",
             "[1\\n]",
             "[\\\"a\\\"]",
             "{\"a\":1}}",
             "]]]]",
             "[[[[",
             "{\"a\":[}",
             "{\"a\":{]}"},
            "malformed");
}

TEST(JsonConformance, DataItself) {
  Harness harness;
  for (const char* data : {"{}", "{ }", "{\"a\":1}", "{\"a\":{\"b\":[{}]}}", "{\"\":\"\"}"}) {
    EXPECT_EQ(harness.Verdict(RecordWithData(data)), "record") << data;
    EXPECT_EQ(harness.LongVerdict(RecordWithData(data)), "record") << data;
  }
  for (const char* data : {"", "[]", "1", "null", "true", "\"{}\"", "{", "}", "{{}}", "{}}", "{}{}",
                           "{\"a\"}", "{a}", "{,}", "[{}]", "{} {}", "{}1", "1{}"}) {
    EXPECT_EQ(harness.Verdict(RecordWithData(data)), "malformed") << data;
    EXPECT_EQ(harness.LongVerdict(RecordWithData(data)), "malformed") << data;
  }
}

// What only the envelope validation lets pass, and what it does not.
TEST(JsonConformance, TheGapOfEnvelopeValidation) {
  ClassifierOptions options;
  options.validation = Validation::kEnvelope;
  Harness harness(options);
  for (const char* value :
       {"01", "1.", "NaN", "tru", "undefined", "1 2", ",", "::", "[1,]", "[1 2]", "{\"a\"}",
        "{1:2}", "{,}", "", "a b", "(x)", "\f", "[\"a\" \"b\"]"}) {
    EXPECT_EQ(harness.Verdict(RecordWithValue(value)), "record") << value;
    EXPECT_EQ(harness.LongVerdict(RecordWithValue(value)), "record") << value;
  }
  for (const char* value :
       {"[", "]", "{", "[}", "{]", "\"", "\"\t\"", "\"\xe9\"", "\xe9", "é", "\\n", "\"\\x\"",
        "\"\\ud83\"", "1\"a\"", "x\"a\"", "\f\"a\"", "1\\n", "}}"}) {
    EXPECT_EQ(harness.Verdict(RecordWithValue(value)), "malformed") << value;
    EXPECT_EQ(harness.LongVerdict(RecordWithValue(value)), "malformed") << value;
  }
  // Outside of data the grammar is checked in full.
  EXPECT_EQ(harness.Verdict(R"({"type":"LOG","log":{"a":01}})"), "malformed");
  EXPECT_EQ(harness.LongVerdict(R"({"type":"LOG","log":{"a":01}})"), "malformed");
  EXPECT_EQ(harness.Verdict(R"({"type":"LOG","data":{"a":01}})"), "malformed");
  EXPECT_EQ(harness.Verdict(R"({"type":"RECORD","record":{"stream":"users","data":{},"x":01}})"),
            "malformed");
}

}  // namespace
}  // namespace shunt::testing
