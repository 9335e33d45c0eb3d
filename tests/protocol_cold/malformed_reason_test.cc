// MalformedReason: where a line breaks, in words that help and that show nothing of the line.
#include "protocol/malformed_reason.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace shunt {
namespace {

std::string RecordOf(std::string_view value) {
  return R"({"type":"RECORD","record":{"stream":"s","data":{"a":)" + std::string(value) + "}}}\n";
}

// The byte of RecordOf() at which its value begins, counted from 1.
constexpr int kValue = 53;

TEST(MalformedReasonTest, NamesWhatPythonWritesForFloatsThatJsonLacks) {
  EXPECT_EQ(MalformedReason(RecordOf("Infinity")),
            "JSON has neither Infinity nor NaN, byte " + std::to_string(kValue));
  EXPECT_EQ(MalformedReason(RecordOf("NaN")),
            "JSON has neither Infinity nor NaN, byte " + std::to_string(kValue));
  EXPECT_EQ(MalformedReason(RecordOf("-Infinity")),
            "JSON has neither Infinity nor NaN, byte " + std::to_string(kValue + 1));
}

TEST(MalformedReasonTest, SaysWhereTheJsonBreaks) {
  EXPECT_EQ(MalformedReason(RecordOf("01")),
            "the JSON breaks at byte " + std::to_string(kValue + 1));
  EXPECT_EQ(MalformedReason(RecordOf("\"\x80\"")),
            "the JSON breaks at byte " + std::to_string(kValue + 1));
  EXPECT_EQ(MalformedReason("  {]"), "the JSON breaks at byte 4");
}

TEST(MalformedReasonTest, ShowsNothingOfTheLine) {
  for (const char* value : {"'hunter2'", "hunter2", "\"hunter2", "Infinityhunter2", "1hunter2"}) {
    const std::string reason = MalformedReason(RecordOf(value));
    EXPECT_FALSE(reason.empty()) << value;
    EXPECT_EQ(reason.find("hunter2"), std::string::npos) << value;
  }
}

TEST(MalformedReasonTest, KnowsALineThatWasCutOff) {
  const std::string record = RecordOf("1");
  const std::size_t length = record.size() - 1;  // without the newline
  for (std::size_t end = 1; end < length; ++end) {
    EXPECT_EQ(MalformedReason(record.substr(0, end)), "it ends inside its JSON") << end;
  }
}

TEST(MalformedReasonTest, KnowsSoundJsonWithABadEnvelope) {
  for (const char* line : {R"({"type":"RECORD","type":"RECORD","record":{}})", "{}",
                           R"({"type":"RECORD","record":{"stream":"s"}})"}) {
    EXPECT_NE(MalformedReason(line).find("envelope"), std::string::npos) << line;
  }
}

TEST(MalformedReasonTest, IsSilentWhereALineCanBeReadInSeveralWays) {
  for (const char* line : {"", " \n", "text {\"type\":", "{}{\"type\":", "[1,2"}) {
    EXPECT_EQ(MalformedReason(line), "") << line;
  }
}

}  // namespace
}  // namespace shunt
