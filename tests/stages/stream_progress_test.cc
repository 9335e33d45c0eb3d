// What a source says about its streams, and what can be believed of it: run states, rate limits,
// estimates (airbyte-semantics 1.6, 2.8, 2.9).
#include "stages/stream_progress.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using State = StreamRunState;
using Status = TraceMessage::StreamStatus;

constexpr uint32_t kUsers = 0, kOrders = 1;

ConfiguredCatalog TwoStreams() {
  ConfiguredCatalog catalog;
  catalog.streams.push_back({.stream = {"users", std::nullopt}, .has_generation_id = false});
  catalog.streams.push_back({.stream = {"orders", "shop"}, .has_generation_id = false});
  return catalog;
}

TraceMessage StatusOf(TraceMessage::StreamStatus status) {
  TraceMessage trace;
  trace.type = TraceMessage::Type::kStreamStatus;
  trace.status = status;
  return trace;
}

struct Bench {
  std::string Status(uint32_t stream, TraceMessage::StreamStatus status) {
    TraceMessage trace = StatusOf(status);
    trace.stream = catalog.streams[stream].stream;
    return progress.OnTrace(trace, now()).text;
  }
  // RUNNING with a reason; `left` from now, if it is said.
  std::string Limit(uint32_t stream, std::optional<absl::Duration> left = std::nullopt) {
    TraceMessage trace = StatusOf(Status::kRunning);
    trace.rate_limited = true;
    trace.stream = catalog.streams[stream].stream;
    if (left) trace.quota_reset_ms = absl::ToUnixMillis(now().wall + *left);
    return progress.OnTrace(trace, now()).text;
  }
  std::string Expect(std::optional<uint32_t> stream, std::optional<int64_t> rows,
                     std::optional<int64_t> bytes = std::nullopt) {
    TraceMessage trace;
    trace.type = TraceMessage::Type::kEstimate;
    trace.estimate_is_sync = !stream;
    trace.row_estimate = rows;
    trace.byte_estimate = bytes;
    if (stream) trace.stream = catalog.streams[*stream].stream;
    return progress.OnTrace(trace, now()).text;
  }
  std::string Records(uint32_t stream, uint64_t records) {
    read[stream].records_read += records;
    return progress.watches_records() ? progress.OnRecords(stream, now()).text : "";
  }
  StreamProgress::Instant now() const { return {absl::FromUnixSeconds(1'000'000) + mono, mono}; }
  State state(uint32_t stream) const { return progress.streams()[stream].state; }

  absl::Duration mono = absl::Hours(7);
  ConfiguredCatalog catalog = TwoStreams();
  std::vector<StreamAccount> read{2};
  StreamProgress progress{catalog, read};
};

// --- run states --------------------------------------------------------------------------------

TEST(StreamRunStates, GoForwardAndAreFinalAtTheEnd) {
  Bench bench;
  EXPECT_EQ(bench.state(kUsers), State::kNone);
  bench.Status(kUsers, Status::kStarted);
  EXPECT_EQ(bench.state(kUsers), State::kStarted);
  bench.Status(kUsers, Status::kRunning);
  bench.Status(kUsers, Status::kStarted);  // late
  EXPECT_EQ(bench.state(kUsers), State::kRunning);
  bench.Status(kUsers, Status::kComplete);
  bench.Status(kUsers, Status::kRunning);
  bench.Status(kUsers, Status::kIncomplete);
  EXPECT_THAT(bench.Limit(kUsers), IsEmpty());
  EXPECT_EQ(bench.state(kUsers), State::kComplete);
  bench.Status(kOrders, Status::kIncomplete);  // at once
  bench.Status(kOrders, Status::kComplete);
  EXPECT_EQ(bench.state(kOrders), State::kIncomplete);
}

TEST(StreamRunStates, OfStreamsThatTheCatalogLacksDoNotCount) {
  Bench bench;
  TraceMessage trace = StatusOf(Status::kRunning);
  trace.stream = StreamDescriptor{"orders", std::nullopt};  // another namespace
  bench.progress.OnTrace(trace, bench.now());
  EXPECT_EQ(bench.state(kOrders), State::kNone);
}

// --- rate limits -------------------------------------------------------------------------------

TEST(RateLimit, IsToldOnceWhenItBeginsAndOnceWhenItEnds) {
  Bench bench;
  const std::string begun = bench.Limit(kOrders, absl::Minutes(90) + absl::Milliseconds(20));
  EXPECT_THAT(begun, HasSubstr("shop.orders is rate-limited for 1h30m, until 22:16:40 UTC"));
  bench.mono += absl::Minutes(1);
  EXPECT_THAT(bench.Limit(kOrders, absl::Minutes(89)), IsEmpty());
  EXPECT_EQ(bench.state(kOrders), State::kRateLimited);
  bench.mono += absl::Minutes(80);
  EXPECT_THAT(bench.Status(kOrders, Status::kRunning),
              HasSubstr("shop.orders is not rate-limited any more, after 1h21m"));
  EXPECT_EQ(bench.state(kOrders), State::kRunning);
  EXPECT_EQ(bench.progress.streams()[kOrders].rate_limits, 1u);
  EXPECT_EQ(bench.progress.RateLimitedFor(kOrders, bench.now().mono), absl::Minutes(81));
}

TEST(RateLimit, EndsWithARecord) {
  Bench bench;
  bench.Limit(kUsers);
  EXPECT_THAT(bench.Records(kOrders, 1), IsEmpty()) << "of another stream";
  EXPECT_EQ(bench.state(kUsers), State::kRateLimited);
  EXPECT_THAT(bench.Records(kUsers, 1), HasSubstr("not rate-limited any more"));
  EXPECT_EQ(bench.state(kUsers), State::kRunning);
  EXPECT_FALSE(bench.progress.watches_records());
}

TEST(RateLimit, TheSourceMayRestUntilTheLatestResetOfAStream) {
  Bench bench;
  EXPECT_EQ(bench.progress.source_resumes_at(), std::nullopt);
  bench.Limit(kUsers, absl::Hours(2));
  bench.Limit(kOrders, absl::Hours(1));
  EXPECT_THAT(bench.progress.source_resumes_at(), Optional(bench.mono + absl::Hours(2)));
  bench.Status(kUsers, Status::kComplete);
  EXPECT_THAT(bench.progress.source_resumes_at(), Optional(bench.mono + absl::Hours(1)));
  bench.Limit(kOrders, absl::Hours(3));  // later than it thought
  EXPECT_THAT(bench.progress.source_resumes_at(), Optional(bench.mono + absl::Hours(3)));
  bench.Records(kOrders, 1);
  EXPECT_EQ(bench.progress.source_resumes_at(), std::nullopt);
}

TEST(RateLimit, GivesNoTimeWithoutAResetThatIsAhead) {
  for (const std::optional<absl::Duration> left :
       {std::optional<absl::Duration>(), std::optional(absl::ZeroDuration()),
        std::optional(-absl::Hours(100))}) {
    Bench bench;
    EXPECT_THAT(bench.Limit(kUsers, left), ::testing::EndsWith("users is rate-limited"));
    EXPECT_THAT(bench.progress.source_resumes_at(), Optional(bench.mono));
    EXPECT_EQ(bench.progress.rate_limited_streams(), 1u);
  }
}

TEST(RateLimit, GivesADayAtMost) {
  Bench bench;
  EXPECT_THAT(bench.Limit(kUsers, absl::Hours(24 * 365 * 1000)), HasSubstr("for more than 24h"));
  EXPECT_THAT(bench.progress.source_resumes_at(), Optional(bench.mono + absl::Hours(24)));
}

TEST(RateLimit, ThatFlapsIsCountedAndNotToldForEver) {
  Bench bench;
  uint64_t told = 0;
  for (int i = 0; i < 5000; ++i) {
    told += bench.Limit(kUsers, absl::Seconds(1)).empty() ? 0 : 1;
    told += bench.Records(kUsers, 1).empty() ? 0 : 1;
  }
  EXPECT_EQ(told, kLimitNoticesMax);
  EXPECT_EQ(bench.progress.streams()[kUsers].rate_limits, 5000u);
}

// --- estimates ---------------------------------------------------------------------------------

TEST(Estimates, OfAllStreamsMakeOneOfTheSync) {
  Bench bench;
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt);
  bench.Expect(kUsers, 100, 5000);
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt) << "nobody knows of the other";
  bench.Expect(kOrders, 50);
  EXPECT_THAT(bench.progress.expected_records(), Optional(150u));
  EXPECT_THAT(bench.progress.total().records, Optional(150u));
  EXPECT_THAT(bench.progress.total().bytes, Optional(5000u));
}

TEST(Estimates, TheLastOneCountsWhole) {
  Bench bench;
  bench.Expect(kOrders, 1, 1);
  bench.Expect(kUsers, 100, 5000);
  bench.Expect(kUsers, 300);
  EXPECT_THAT(bench.progress.expected_records(), Optional(301u));
  EXPECT_EQ(bench.progress.streams()[kUsers].estimate->bytes, std::nullopt);
  bench.Expect(kUsers, std::nullopt, 7);
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt);
  bench.Expect(std::nullopt, 1);
  Bench sync;
  sync.Expect(std::nullopt, 10, 20);
  sync.Expect(std::nullopt, 30);
  EXPECT_THAT(sync.progress.expected_records(), Optional(30u));
  EXPECT_EQ(sync.progress.total().bytes, std::nullopt);
}

TEST(Estimates, OfBothKindsAreNone) {
  Bench bench;
  bench.Expect(kUsers, 100);
  bench.Expect(kOrders, 100);
  EXPECT_THAT(bench.Expect(std::nullopt, 1000), HasSubstr("neither can be used"));
  EXPECT_THAT(bench.Expect(std::nullopt, 1000), IsEmpty()) << "told once";
  EXPECT_THAT(bench.Expect(kUsers, 1), IsEmpty());
  EXPECT_EQ(bench.progress.kind(), StreamProgress::Kind::kMixed);
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt);
  EXPECT_EQ(bench.progress.total().records, std::nullopt);
  EXPECT_EQ(bench.progress.streams()[kUsers].estimate, std::nullopt);
}

TEST(Estimates, ThatWerePassedAreNoEstimatesUntilTheStreamEnds) {
  Bench bench;
  bench.Expect(kUsers, 10);
  bench.Expect(kOrders, 10);
  bench.Records(kUsers, 10);
  EXPECT_THAT(bench.progress.expected_records(), Optional(20u));
  bench.Records(kUsers, 1);
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt);
  bench.Records(kUsers, 4);
  bench.Status(kUsers, Status::kComplete);
  EXPECT_THAT(bench.progress.expected_records(), Optional(25u)) << "15 read, and 10 to come";
}

TEST(Estimates, AStreamThatEndsEarlyHasWhatWasRead) {
  Bench bench;
  bench.Records(kUsers, 3);
  bench.Status(kUsers, Status::kComplete);  // and never an estimate
  bench.Expect(kOrders, 10);
  EXPECT_THAT(bench.progress.expected_records(), Optional(13u));
  bench.Records(kOrders, 4);
  bench.Status(kOrders, Status::kIncomplete);
  EXPECT_THAT(bench.progress.expected_records(), Optional(7u));
}

TEST(Estimates, ThatNobodyCanMeanAreIgnored) {
  Bench bench;
  bench.Expect(kUsers, -5, -1);
  bench.Expect(kOrders, 10);
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt);
  bench.Expect(kUsers, INT64_MAX);
  bench.Expect(kOrders, INT64_MAX);
  EXPECT_EQ(bench.progress.expected_records(), std::nullopt);
  bench.Expect(kUsers, 1);
  bench.Expect(kOrders, 1);
  EXPECT_THAT(bench.progress.expected_records(), Optional(2u)) << "the sum is whole again";
}

}  // namespace
}  // namespace shunt
