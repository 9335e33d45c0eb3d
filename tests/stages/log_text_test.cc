// Guesses about lines of text: their level, and whether they quote a record. The examples are what
// real loggers print.
#include "stages/log_text.h"

#include <gtest/gtest.h>

#include <string>

namespace shunt {
namespace {

TEST(GuessLogLevel, FindsItWhereLoggersPutIt) {
  const struct {
    LogLevel level;
    std::string_view text;
  } examples[] = {
      // Python's logging: basicConfig, a usual format, warnings, exceptions
      {LogLevel::kWarn, "WARNING:root:watch out"},
      {LogLevel::kError, "ERROR:airbyte:stream users failed"},
      {LogLevel::kFatal, "CRITICAL:root:gone"},
      {LogLevel::kInfo, "2024-05-06 07:08:09,123 - airbyte - INFO - started"},
      {LogLevel::kWarn, "/usr/lib/x.py:7: DeprecationWarning: old"},
      {LogLevel::kWarn, "DeprecationWarning: old"},
      {LogLevel::kError, "Traceback (most recent call last):"},
      {LogLevel::kError, "requests.exceptions.HTTPError: 401"},
      {LogLevel::kError, "KeyError: 'id'"},
      // log4j, logback, java.util.logging
      {LogLevel::kInfo, "2024-05-06 07:08:09 [main] INFO i.a.i.s.Source(read):41 - reading"},
      {LogLevel::kError, "2024-05-06T07:08:09.123Z  ERROR 1 --- [pool-1] c.e.Writer : failed"},
      {LogLevel::kDebug, "[DEBUG] query"},
      {LogLevel::kTrace, "07:08:09.123 [main] TRACE a.B - x"},
      {LogLevel::kError, "SEVERE: cannot connect"},
      {LogLevel::kError, "Exception in thread \"main\" java.lang.OutOfMemoryError"},
      {LogLevel::kError, "Caused by: java.io.IOException: x"},
      {LogLevel::kError, "java.io.IOException: Stream closed"},
      // Node, Go, Rust, shells
      {LogLevel::kError, "error: no such file"},
      {LogLevel::kWarn, "warning: slow"},
      {LogLevel::kError, "TypeError: x is not a function"},
      {LogLevel::kInfo, R"({"time":"2024","level":"info","msg":"hi"})"},
      {LogLevel::kWarn, R"({ "level" : "WARN", "msg":"hi"})"},
      {LogLevel::kError, R"({"severity":"ERROR","message":"no"})"},
      {LogLevel::kInfo, "[2024-05-06T07:08:09Z INFO  my_crate] hi"},
      {LogLevel::kFatal, "panic: runtime error"},
      {LogLevel::kError, "  ERROR indented"},
  };
  for (const auto& [level, text] : examples) {
    const auto guessed = GuessLogLevel(text);
    // A path in front of a warning is more than a guess can know.
    if (text.starts_with('/')) {
      EXPECT_FALSE(guessed) << text;
      continue;
    }
    ASSERT_TRUE(guessed) << text;
    EXPECT_EQ(LogLevelName(*guessed), LogLevelName(level)) << text;
  }
}

TEST(GuessLogLevel, FindsNoneInProse) {
  for (const std::string_view text :
       {"", "   ", "plain words", "There was an ERROR somewhere", "the INFO table is empty",
        "INFORMATION about it", "ERROR_COUNT=7", "http://example.com/x: no", "users: 7 rows",
        R"({"level":40,"msg":"pino"})", R"({"msg":"no level"})", "12 errors, 3 warnings",
        "Picked up JAVA_TOOL_OPTIONS: -Xmx1g"}) {
    EXPECT_FALSE(GuessLogLevel(text)) << text;
  }
}

TEST(GuessLogLevel, LooksAtTheBeginningOnly) {
  const std::string far = "2024-05-06 " + std::string(100'000, '.') + " ERROR x";
  EXPECT_FALSE(GuessLogLevel(far));
}

TEST(PeekLogLevel, FindsTheLevelOfAMessage) {
  EXPECT_EQ(PeekLogLevel(R"({"type":"LOG","log":{"level":"ERROR","message":"x"}})"),
            LogLevel::kError);
  EXPECT_EQ(PeekLogLevel(R"({"type": "LOG", "log": {"message": "x", "level" : "DEBUG"}})"),
            LogLevel::kDebug);
  // A message that speaks of levels does not count as one.
  EXPECT_EQ(PeekLogLevel(R"({"log":{"message":"a \"level\":\"FATAL\" b","level":"INFO"}})"),
            LogLevel::kInfo);
  for (const std::string_view unusual :
       {R"({"log":{"level":"Error"}})", R"({"log":{"level":7}})", R"({"log":{}})",
        R"({"log":{"level":"IN\u0046O"}})", R"({"log":{"level":"INFO)", R"({"log":{"level")"}) {
    EXPECT_FALSE(PeekLogLevel(unusual)) << unusual;
  }
}

TEST(QuotesRecord, InWhateverQuotes) {
  for (const std::string_view text : {
           R"({"type":"RECORD","record":{"stream":"users","data":{}}})",
           R"(bad line: {"type": "RECORD", "record")",
           R"(bad line: {"record" : {"stream")",
           R"(value "{\"type\":\"RECORD\",\"record\":{\"stream\":1}}" refused)",
           R"({'type': 'RECORD', 'record': {'stream': 'users'}})",
           R"({"msg":"{\"record\":{\"data\":{}}}"})",
       }) {
    EXPECT_TRUE(QuotesRecord(text)) << text;
  }
  for (const std::string_view text : {
           "",
           "read 7 records",
           "RECORD of users",
           R"(a "record" of it)",
           R"({"records":[]})",
           R"(no "RECORD" here)",
           R"("record": 7)",
           "\"record",
           "RECORD",
           "\"RECORD\"",
       }) {
    EXPECT_FALSE(QuotesRecord(text)) << text;
  }
}

}  // namespace
}  // namespace shunt
