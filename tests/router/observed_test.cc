// What a source says of itself, through a whole run on a clock that the test moves: rate limits and
// the deadline of a silent source, estimates, analytics, and what of it is in the report.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A source that has said what `said` holds, and is silent until it says more.
class Talker final : public Connector {
 public:
  std::string said;
  bool ended = false;

  IoResult ReadOutput(std::span<char> buffer) override {
    if (said.empty()) return {ended ? IoState::kEnd : IoState::kBlocked, 0, 0};
    const std::size_t bytes = said.copy(buffer.data(), buffer.size());
    said.erase(0, bytes);
    return {IoState::kBytes, bytes, 0};
  }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  std::optional<ExitStatus> Exit() override {
    if (!ended || !said.empty()) return std::nullopt;
    return ExitStatus{.code = terminated ? 1 : 0};
  }
  void Terminate() override { ended = terminated = true; }
  void Kill() override { Terminate(); }
  bool terminated = false;
};

struct Lines final : public EventSink {
  void Log(Origin origin, LogLevel level, std::string_view text) override {
    lines.push_back(absl::StrCat(std::string(OriginName(origin)), " ",
                                 std::string(LogLevelName(level)), " ", std::string(text)));
  }
  std::vector<std::string> lines;
};

struct Bench {
  Bench() {
    RouterOptions options = OptionsFor(*store, {"s0", "s1"}, Threads::kInline, clock);
    options.source_timeout = absl::Minutes(1);
    router = *Router::Create(options, {source, destination, *store, events, clock});
  }
  // Until nothing happens any more at this moment.
  void Settle() {
    for (int idle = 0; idle < 20 && !done;) {
      const Step step = *router->RunOnce();
      done = step == Step::kDone;
      idle = step == Step::kBusy ? 0 : idle + 1;
    }
  }
  void Say(const std::string& line) {
    source.said += line + "\n";
    Settle();
  }
  // As time passes while nobody says anything.
  void Pass(absl::Duration time) {
    constexpr absl::Duration kStep = absl::Seconds(20);
    for (; time > absl::ZeroDuration() && !done; time -= kStep) {
      clock.Advance(std::min(time, kStep));
      Settle();
    }
  }
  Report End() {
    source.ended = true;
    for (int i = 0; i < 1000 && !done; ++i) {
      clock.Advance(absl::Milliseconds(100));
      Settle();
    }
    EXPECT_TRUE(done);
    return router->TakeReport();
  }

  ManualClock clock{absl::FromUnixSeconds(1'700'000'000)};
  Talker source;
  MemoryDestination destination;
  std::unique_ptr<Store> store = *OpenStore("memory:");
  Lines events;
  std::unique_ptr<Router> router;
  bool done = false;
};

std::string Status(absl::string_view stream, absl::string_view rest) {
  return absl::StrCat(
      R"({"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{)",
      R"("stream_descriptor":{"name":")", stream, R"("},"status":)", rest, "}}}");
}

std::string Limited(absl::string_view stream, absl::string_view rate_limited) {
  return Status(stream,
                absl::StrCat(R"("RUNNING","reasons":[{"type":"RATE_LIMITED")", rate_limited, "}]"));
}

std::string Limited(absl::string_view stream, absl::Time until) {
  return Limited(
      stream, absl::StrCat(R"(,"rate_limited":{"quota_reset":)", absl::ToUnixMillis(until), "}"));
}

std::string EstimateOf(absl::string_view fields) {
  return absl::StrCat(R"({"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"estimate":{)",
                      fields, "}}}");
}

// --- rate limits -------------------------------------------------------------------------------

TEST(Observed, ASourceThatWaitsForItsQuotaIsAliveUntilThen) {
  Bench bench;
  bench.Say(RecordOf(0, 1));
  bench.Say(Limited("s0", bench.clock.WallNow() + absl::Hours(3) - absl::Minutes(1)));
  bench.Pass(absl::Hours(3) - absl::Minutes(1));
  ASSERT_FALSE(bench.done);
  EXPECT_EQ(bench.router->stats().rate_limited_streams, 1u);
  bench.Pass(absl::Seconds(59));  // and then as long as any source may be silent
  ASSERT_FALSE(bench.done);
  bench.Say(RecordOf(0, 1));
  EXPECT_EQ(bench.router->stats().rate_limited_streams, 0u);
  const Report report = bench.End();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_THAT(bench.events.lines, Contains(HasSubstr("WARN source: stream s0 is rate-limited for "
                                                     "2h59m, until ")));
  EXPECT_THAT(bench.events.lines,
              Contains(HasSubstr("INFO source: stream s0 is not rate-limited any more")));
  const auto json = nlohmann::json::parse(report.ToJson());
  EXPECT_EQ(json["streams"][0]["run_state"], "running");
  EXPECT_EQ(json["streams"][0]["rate_limited"]["times"], 1);
  EXPECT_NEAR(json["streams"][0]["rate_limited"]["seconds"].get<double>(), 3 * 3600 - 1, 1);
  EXPECT_TRUE(json["streams"][1]["run_state"].is_null());
  EXPECT_FALSE(json["streams"][1].contains("rate_limited"));
}

TEST(Observed, AfterItsQuotaItHasNoMoreTimeThanAnyOther) {
  for (const absl::Duration rest : {absl::Minutes(30), absl::Hours(24), absl::Hours(10'000)}) {
    Bench bench;
    bench.Say(Limited("s1", bench.clock.WallNow() + rest));
    const absl::Duration until = std::min(rest, absl::Hours(24));
    bench.Pass(until + absl::Seconds(50));
    ASSERT_FALSE(bench.done) << rest;
    EXPECT_THAT(bench.events.lines, Not(Contains(HasSubstr("silent"))));
    EXPECT_FALSE(bench.source.terminated) << rest;
    bench.Pass(absl::Seconds(30));
    EXPECT_TRUE(bench.source.terminated) << rest;
    EXPECT_EQ(bench.End().exit_code, 7) << rest;
  }
}

TEST(Observed, WithoutAQuotaThatIsAheadItHasNoMoreEither) {
  for (const std::string& limit :
       {Limited("s1", ""), Limited("s1", absl::FromUnixSeconds(1'600'000'000)),
        Limited("unknown", absl::InfiniteFuture())}) {
    Bench bench;
    bench.Say(limit);
    bench.Pass(absl::Seconds(80));
    EXPECT_TRUE(bench.source.terminated) << limit;
    EXPECT_EQ(bench.End().exit_code, 7) << limit;
  }
}

// --- estimates and analytics -------------------------------------------------------------------

TEST(Observed, EstimatesAreInTheCountersAndInTheReport) {
  Bench bench;
  EXPECT_EQ(bench.router->stats().records_expected, -1);
  bench.Say(EstimateOf(R"("name":"s0","type":"STREAM","row_estimate":10,"byte_estimate":400)"));
  bench.Say(EstimateOf(R"("name":"s1","type":"STREAM","row_estimate":5)"));
  for (int i = 0; i < 3; ++i) bench.Say(RecordOf(0, 1));
  bench.Say(RecordOf(7, 1));  // of a stream that nobody asked for
  EXPECT_EQ(bench.router->stats().records_expected, 15);
  EXPECT_EQ(bench.router->stats().catalog_records_read, 3u);
  bench.Say(Status("s0", R"("COMPLETE")"));
  EXPECT_EQ(bench.router->stats().records_expected, 8);
  const auto json = nlohmann::json::parse(bench.End().ToJson());
  EXPECT_EQ(json["streams"][0]["estimate"].dump(), R"({"bytes":400,"records":10})");
  EXPECT_EQ(json["streams"][0]["run_state"], "complete");
  EXPECT_EQ(json["streams"][1]["estimate"].dump(), R"({"bytes":null,"records":5})");
  EXPECT_EQ(json["totals"]["estimate"].dump(), R"({"bytes":400,"of":"stream","records":15})");
}

TEST(Observed, EstimatesOfBothKindsAreVoidAndOneIsToldOf) {
  Bench bench;
  bench.Say(EstimateOf(R"("name":"s0","type":"STREAM","row_estimate":10)"));
  bench.Say(EstimateOf(R"("name":"sync","type":"SYNC","row_estimate":10)"));
  EXPECT_THAT(bench.events.lines, Contains(HasSubstr("neither can be used")));
  const auto json = nlohmann::json::parse(bench.End().ToJson());
  EXPECT_TRUE(json["streams"][0]["estimate"].is_null());
  EXPECT_EQ(json["totals"]["estimate"].dump(), R"({"bytes":null,"of":"mixed","records":null})");
}

TEST(Observed, AnalyticsAreCountedByTypeAndNeverKept) {
  Bench bench;
  const auto event = [](int type) {
    return absl::StrCat(
        R"({"type":"TRACE","trace":{"type":"ANALYTICS","emitted_at":1,"analytics":{"type":"t)",
        type, R"(","value":"whose-value"}}})");
  };
  for (int i = 0; i < 150; ++i) bench.Say(event(i));
  for (int i = 0; i < 9; ++i) bench.Say(event(7));
  const std::string report = bench.End().ToJson();
  EXPECT_THAT(report, Not(HasSubstr("whose-value")));
  const auto analytics = nlohmann::json::parse(report)["analytics"];
  ASSERT_EQ(analytics.size(), 100u + 1);
  EXPECT_THAT(analytics,
              Contains(nlohmann::json{{"origin", "source"}, {"type", "t7"}, {"count", 10}}));
  EXPECT_THAT(analytics,
              Contains(nlohmann::json{{"origin", "source"}, {"type", "(other)"}, {"count", 50}}));
}

// --- logs --------------------------------------------------------------------------------------

TEST(Observed, AFloodOfLogLinesIsCountedAndItsErrorsAreShown) {
  Bench bench;
  std::string flood;
  for (int i = 0; i < 20'000; ++i) {
    const bool error = i % 1000 == 999;
    absl::StrAppend(&flood, R"({"type":"LOG","log":{"level":")", error ? "ERROR" : "INFO",
                    R"(","message":"no. )", i, "\"}}\n");
  }
  bench.source.said = flood;
  bench.Settle();
  EXPECT_EQ(bench.End().lines[LineKind::kLog], 20'000u);
  uint64_t shown = 0, errors = 0;
  for (const std::string& line : bench.events.lines) {
    shown += line.find("no. ") != std::string::npos ? 1 : 0;
    errors += line.find("ERROR no. ") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(errors, 20u);
  EXPECT_LT(shown, 2'000u);
  EXPECT_THAT(bench.events.lines,
              Contains(HasSubstr(absl::StrCat(20'000 - shown, " more lines of the source's log"))));
}

}  // namespace
}  // namespace shunt::testing
