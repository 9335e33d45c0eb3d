// What connectors say beside the data, for either of them alike: where it goes, and what happens
// when there is no room.

#include "stages/asides.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

constexpr char kSecret[] = "a-token-that-nobody-may-read-0123456789";

struct Bench {
  explicit Bench(Origin connector, std::size_t log_bytes = 1 << 20)
      : logs(16, log_bytes),
        control_in(control),
        logs_in(logs),
        faults_in(faults),
        asides(connector, SecretGate{&masker, nullptr}, control, logs, faults, answers, run) {
    masker.AddSecrets({kSecret});
  }
  Masker masker;
  RunState run;
  ControlLane control{2, 1000};
  LogLane logs;
  FaultLane faults{16, 1 << 20};
  ControlLane::Receiver control_in;
  LogLane::Receiver logs_in;
  FaultLane::Receiver faults_in;
  AnswerTypes answers;
  Asides asides;
};

std::string Error(const std::string& text) {
  return absl::StrCat(R"({"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{)",
                      R"("message":")", text, R"(","internal_message":")", text,
                      R"(","stack_trace":")", text, R"("}}})");
}

TEST(Asides, MaskErrorsBeforeTheyAreCut) {
  // Wherever a secret stands, the place where the text is cut included, no part of it is left.
  for (const std::size_t before :
       {kShownTextBytesMax - sizeof(kSecret) - 10, kShownTextBytesMax - sizeof(kSecret) / 2,
        kShownTextBytesMax - 7, kShownTextBytesMax + 1}) {
    Bench bench(Origin::kSource);
    std::string padding;
    while (padding.size() < before) padding += ". ";
    bench.asides.OnTrace(Error(padding + kSecret + std::string(300, '.')), 1);
    Fault fault;
    ASSERT_TRUE(bench.faults_in.Receive(&fault));
    for (const std::string& text :
         {fault.failure.message, fault.failure.internal_message, fault.failure.stack_trace}) {
      EXPECT_EQ(text.find("a-tok"), std::string::npos) << before;
      EXPECT_LE(text.size(), kShownTextBytesMax);
      EXPECT_GT(text.size(), kShownTextBytesMax - sizeof(kSecret));
    }
    LogFact log;
    ASSERT_TRUE(bench.logs_in.Receive(&log));
    EXPECT_EQ(log.text, fault.failure.message);
  }
}

TEST(Asides, TellWhoseErrorItIs) {
  for (const auto& [connector, code] :
       {std::pair(Origin::kSource, ExitCode::kSourceFailed),
        std::pair(Origin::kDestination, ExitCode::kDestinationFailed)}) {
    Bench bench(connector);
    bench.asides.OnTrace(Error("x"), 1);
    bench.asides.OnOther(
        R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no"}})", 2);
    bench.asides.OnOther(
        R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"again"}})",
        3);
    Fault fault;
    for (const char* message : {"x", "no"}) {
      ASSERT_TRUE(bench.faults_in.Receive(&fault));
      EXPECT_EQ(fault.exit_code, static_cast<int>(code));
      EXPECT_EQ(fault.failure.origin, connector);
      EXPECT_EQ(fault.failure.message, message);
    }
    EXPECT_FALSE(bench.faults_in.Receive(&fault)) << "a failed check is reported once";
  }
}

TEST(Asides, KeepTheFirstAnswerOfTheTypesThatWereAskedFor) {
  const std::string spec = R"({"type":"SPEC","spec":{}})";
  const std::string first = R"({"x":[1],"catalog":{"streams":[]},"type":"CATALOG"})";
  const std::string second = R"({"type":"CATALOG","catalog":{"streams":[2]}})";
  Bench bench(Origin::kSource), nothing_asked(Origin::kSource);
  bench.answers = {"CONNECTION_STATUS", "CATALOG"};
  for (const std::string& line : {spec, first, second}) {
    bench.asides.OnOther(line, 1);
    nothing_asked.asides.OnOther(line, 1);
  }
  EXPECT_EQ(bench.asides.answer(), first);
  EXPECT_EQ(nothing_asked.asides.answer(), "");
}

TEST(Asides, KeepTheStatusesOfASourceOnly) {
  const std::string line =
      R"({"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":)"
      R"({"stream_descriptor":{"name":"users"},"status":"COMPLETE"}}})";
  const StreamDescriptor users{.name = "users", .name_space = {}};
  Bench source(Origin::kSource), destination(Origin::kDestination);
  source.asides.OnTrace(line, 1);
  destination.asides.OnTrace(line, 1);
  EXPECT_EQ(source.asides.traces().StatusOf(users), TraceMessage::StreamStatus::kComplete);
  EXPECT_EQ(destination.asides.traces().StatusOf(users), std::nullopt);
}

TEST(Asides, HoldAConfigUpdateBackUntilThereIsRoom) {
  Bench bench(Origin::kDestination);
  const absl::Time now = absl::FromUnixSeconds(1);
  EXPECT_TRUE(bench.asides.OnControl("one", 7, now, false));
  EXPECT_TRUE(bench.asides.OnControl("two", 7, now, true));  // a piece of the same line
  EXPECT_FALSE(bench.asides.OnControl("three", 8, now, false));
  ControlFact fact;
  ASSERT_TRUE(bench.control_in.Receive(&fact));
  EXPECT_EQ(fact.line, "one");
  EXPECT_EQ(fact.origin, Origin::kDestination);
  EXPECT_EQ(fact.seq, 7u);
  EXPECT_TRUE(bench.asides.OnControl("three", 8, now, false));
  for (const auto& [line, seq] : {std::pair("two", 8u), std::pair("three", 9u)}) {
    ASSERT_TRUE(bench.control_in.Receive(&fact));
    EXPECT_EQ(fact.line, line);
    EXPECT_EQ(fact.seq, seq) << "numbers grow, whatever is glued";
  }
}

TEST(Asides, CountTheLogLinesForWhichThereIsNoRoom) {
  Bench bench(Origin::kSource, 10);
  bench.asides.OnText("12345678");
  bench.asides.OnText("too much");
  bench.asides.Warn("too much");
  EXPECT_EQ(bench.run.log_lines_lost.Get(), 2u);
  LogFact log;
  ASSERT_TRUE(bench.logs_in.Receive(&log));
  EXPECT_EQ(log.text, "12345678");
  EXPECT_FALSE(bench.logs_in.Receive(&log));
}

}  // namespace
}  // namespace shunt
