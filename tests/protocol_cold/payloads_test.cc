// TRACE, LOG, SPEC and CONNECTION_STATUS as the router reads them.
#include "protocol/payloads.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::Rng;
using ::testing::Optional;

std::string Trace(const std::string& members) {
  return R"({"type":"TRACE","trace":{)" + members + "}}";
}

TraceMessage ParsedTrace(const std::string& members) {
  const absl::StatusOr<TraceMessage> trace = ParseTrace(Trace(members));
  EXPECT_TRUE(trace.ok()) << members << ": " << trace.status();
  return trace.ok() ? *trace : TraceMessage{};
}

TEST(ParseTraceTest, ReadsAnError) {
  const TraceMessage trace = ParsedTrace(
      R"("type":"ERROR","emitted_at":5.5,"error":{"message":"no\nluck","internal_message":"i",)"
      R"("stack_trace":"s\ud800","failure_type":"config_error",)"
      R"("stream_descriptor":{"name":"users","namespace":"n"}})");
  EXPECT_EQ(trace.type, TraceMessage::Type::kError);
  EXPECT_THAT(trace.emitted_at_ms, Optional(5.5));
  EXPECT_EQ(trace.message, "no\nluck");
  EXPECT_EQ(trace.internal_message, "i");
  EXPECT_EQ(trace.stack_trace, "s\xEF\xBF\xBD") << "shown, so never lost to a lone surrogate";
  EXPECT_EQ(trace.failure_type, "config_error");
  EXPECT_THAT(trace.stream, Optional(StreamDescriptor{"users", "n"}));
}

TEST(ParseTraceTest, AnErrorIsAnErrorWhateverIsMissing) {
  for (const char* members : {R"("type":"ERROR")", R"("type":"ERROR","error":null)",
                              R"("type":"ERROR","error":{"message":5,"stream_descriptor":{}})",
                              R"("type":"ERROR","error":{"failure_type":"cosmic_ray"})"}) {
    const TraceMessage trace = ParsedTrace(members);
    EXPECT_EQ(trace.type, TraceMessage::Type::kError) << members;
    EXPECT_EQ(trace.message, "");
    EXPECT_EQ(trace.failure_type, "system_error");
    EXPECT_FALSE(trace.stream);
  }
}

TEST(ParseTraceTest, LongTextsAreCutBetweenCharacters) {
  std::string plain, escaped;
  for (int i = 0; i < 140'000; ++i) plain += "\xC3\xA9";
  for (int i = 0; i < 140'000; ++i) escaped += "\\u0041";
  const TraceMessage trace =
      ParsedTrace(R"("type":"ERROR","error":{"message":"x)" + plain + R"(","internal_message":")" +
                  escaped + R"(","stack_trace":")" + std::string(140'000, 's') + "\"}");
  EXPECT_EQ(trace.message, "x" + plain.substr(0, kTraceTextBytesMax - 2));
  EXPECT_EQ(trace.internal_message, std::string(kTraceTextBytesMax, 'A'));
  EXPECT_EQ(trace.stack_trace, std::string(kTraceTextBytesMax, 's'));
}

TEST(ParseTraceTest, ReadsAStreamStatus) {
  using Status = TraceMessage::StreamStatus;
  const auto status_of = [](const std::string& status) {
    const TraceMessage trace = ParsedTrace(
        R"("type":"STREAM_STATUS","emitted_at":1,"stream_status":{"stream_descriptor":{"name":"a"},)"
        R"("status":")" +
        status + "\"}");
    EXPECT_EQ(trace.type, TraceMessage::Type::kStreamStatus);
    EXPECT_THAT(trace.stream, Optional(StreamDescriptor{"a", std::nullopt}));
    EXPECT_FALSE(trace.rate_limited);
    return trace.status;
  };
  EXPECT_EQ(status_of("STARTED"), Status::kStarted);
  EXPECT_EQ(status_of("RUNNING"), Status::kRunning);
  EXPECT_EQ(status_of("COMPLETE"), Status::kComplete);
  EXPECT_EQ(status_of("INCOMPLETE"), Status::kIncomplete);
  EXPECT_EQ(status_of("PAUSED"), Status::kOther);

  const TraceMessage limited = ParsedTrace(
      R"("type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"},"status":"RUNNING",)"
      R"("reasons":[5,{"type":"NEW"},{"type":"RATE_LIMITED","rate_limited":{"quota_reset":1.7e12}}]})");
  EXPECT_TRUE(limited.rate_limited);
  EXPECT_THAT(limited.quota_reset_ms, Optional(1'700'000'000'000));
  const auto reset = [](const std::string& number) {
    return ParsedTrace(
               R"("type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"},)"
               R"("status":"RUNNING","reasons":[{"type":"RATE_LIMITED","rate_limited":)"
               R"({"quota_reset":)" +
               number + "}}]}")
        .quota_reset_ms;
  };
  EXPECT_THAT(reset("1668613492681.509"), Optional(1'668'613'492'681)) << "a fraction is dropped";
  EXPECT_EQ(reset("1e300"), std::nullopt);
  EXPECT_EQ(reset("1e400"), std::nullopt);
  EXPECT_EQ(reset("\"5\""), std::nullopt);
}

TEST(ParseTraceTest, ReadsEstimates) {
  const TraceMessage stream = ParsedTrace(
      R"("type":"ESTIMATE","estimate":{"type":"STREAM","name":"a","namespace":"n","row_estimate":12,)"
      R"("byte_estimate":1e3})");
  EXPECT_FALSE(stream.estimate_is_sync);
  EXPECT_THAT(stream.stream, Optional(StreamDescriptor{"a", "n"}));
  EXPECT_THAT(stream.row_estimate, Optional(12));
  EXPECT_THAT(stream.byte_estimate, Optional(1000));
  const TraceMessage sync = ParsedTrace(R"("type":"ESTIMATE","estimate":{"type":"SYNC"})");
  EXPECT_TRUE(sync.estimate_is_sync);
  EXPECT_FALSE(sync.stream || sync.row_estimate || sync.byte_estimate);
}

TEST(ParseTraceTest, OtherTypesPass) {
  EXPECT_EQ(ParsedTrace(R"("type":"ANALYTICS","analytics":{"type":"x"})").type,
            TraceMessage::Type::kAnalytics);
  EXPECT_EQ(ParsedTrace(R"("type":"SOMETHING_NEW")").type, TraceMessage::Type::kOther);
}

TEST(ParseTraceTest, RefusesWhatLacksARequiredMember) {
  for (const char* members : {
           "",
           R"("type":1)",
           R"("type":"ESTIMATE")",
           R"("type":"ESTIMATE","estimate":{})",
           R"("type":"ESTIMATE","estimate":{"type":"STREAM"})",
           R"("type":"ESTIMATE","estimate":{"type":"OTHER","name":"a"})",
           R"("type":"STREAM_STATUS")",
           R"("type":"STREAM_STATUS","stream_status":{"status":"RUNNING"})",
           R"("type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"}})",
       }) {
    EXPECT_EQ(ParseTrace(Trace(members)).status().code(), absl::StatusCode::kInvalidArgument)
        << members;
  }
}

TEST(ParseLogTest, ReadsLevelMessageAndStack) {
  const auto log = ParseLog(R"({"type":"LOG","log":{"level":"ERROR","message":"a\u00e9\ud800",)"
                            R"("stack_trace":"at x"}})");
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->level, "ERROR");
  EXPECT_EQ(log->message, "a\xC3\xA9\xEF\xBF\xBD");
  EXPECT_EQ(log->stack_trace, "at x");
}

TEST(ParseLogTest, AnUnknownLevelReadsAsInfo) {
  const auto level = [](const std::string& member) {
    const auto log = ParseLog(R"({"type":"LOG","log":{"message":"")" + member + "}}");
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? log->level : "";
  };
  for (const char* name : {"FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"}) {
    EXPECT_EQ(level(std::string(R"(,"level":")") + name + "\""), name);
  }
  EXPECT_EQ(level(R"(,"level":"warn")"), "WARN");
  EXPECT_EQ(level(R"(,"level":"SHOUT")"), "INFO");
  EXPECT_EQ(level(R"(,"level":3)"), "INFO");
  EXPECT_EQ(level(""), "INFO");
  EXPECT_FALSE(ParseLog(R"({"type":"LOG","log":{"level":"INFO"}})").ok());
  EXPECT_FALSE(ParseLog(R"({"type":"LOG","log":null})").ok());
}

TEST(ParseSpecMessageTest, ReturnsTheSchemaText) {
  const auto spec = ParseSpecMessage(
      R"({"type":"SPEC","spec":{"connectionSpecification":{ "type" : "object" },"x":1}})");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(*spec, R"({ "type" : "object" })");
  EXPECT_FALSE(ParseSpecMessage(R"({"type":"SPEC","spec":{}})").ok());
  EXPECT_FALSE(ParseSpecMessage(R"({"type":"LOG","spec":{"connectionSpecification":{}}})").ok());
  EXPECT_FALSE(ParseSpecMessage("starting up").ok());
}

TEST(ParseConnectionStatusTest, ReadsTheVerdict) {
  const auto failed = ParseConnectionStatus(
      R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no route"}})");
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_FALSE(failed->succeeded);
  EXPECT_EQ(failed->message, "no route");
  const auto succeeded = ParseConnectionStatus(
      R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}})");
  ASSERT_TRUE(succeeded.ok());
  EXPECT_TRUE(succeeded->succeeded);
  EXPECT_FALSE(
      ParseConnectionStatus(R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"MAYBE"}})")
          .ok());
  EXPECT_FALSE(ParseConnectionStatus(R"({"type":"CONNECTION_STATUS"})").ok());
  EXPECT_FALSE(
      ParseConnectionStatus(R"({"type":"LOG","connectionStatus":{"status":"SUCCEEDED"}})").ok());
}

TEST(PayloadsPropertyTest, DamagedLinesAreHarmless) {
  const std::vector<std::string> lines = {
      Trace(R"("type":"ERROR","error":{"message":"a\u00e9","stream_descriptor":{"name":"s"}})"),
      Trace(R"("type":"ESTIMATE","estimate":{"type":"STREAM","name":"a","row_estimate":12})"),
      Trace(R"("type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"},)"
            R"("status":"RUNNING","reasons":[{"type":"RATE_LIMITED"}]})"),
      R"({"type":"LOG","log":{"level":"INFO","message":"a\\b"}})",
      R"({"type":"SPEC","spec":{"connectionSpecification":{}}})",
      R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}})"};
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string line = Damage(rng, lines[seed % lines.size()]);
    const bool parsed = ParseTrace(line).ok() || ParseLog(line).ok() ||
                        ParseSpecMessage(line).ok() || ParseConnectionStatus(line).ok();
    EXPECT_TRUE(!parsed || ParseJson(line)) << line;
  }
}

}  // namespace
}  // namespace shunt
