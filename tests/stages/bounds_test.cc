// Whatever a connector sends, no table grows beyond its bound and no step grows with what was there
// before: what is kept, and what is looked at, is counted.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "stages/checkpoint_ledger.h"
#include "stages/commit.h"
#include "stages/log_throttle.h"
#include "stages/stream_progress.h"
#include "stages/trace_log.h"

namespace shunt {
namespace {

constexpr int kFlood = 100'000;

ConfiguredCatalog CatalogOf(int streams) {
  ConfiguredCatalog catalog;
  for (int i = 0; i < streams; ++i) {
    catalog.streams.push_back(
        {.stream = {.name = absl::StrCat("s", i), .name_space = std::nullopt}});
  }
  return catalog;
}

TraceMessage StatusOf(std::string name) {
  TraceMessage trace;
  trace.type = TraceMessage::Type::kStreamStatus;
  trace.stream = StreamDescriptor{.name = std::move(name), .name_space = std::nullopt};
  trace.status = TraceMessage::StreamStatus::kStarted;
  return trace;
}

TEST(BoundsTest, StatusesAndErrorsOfForeignStreamsLeaveNothing) {
  const ConfiguredCatalog catalog = CatalogOf(3);
  const std::vector<StreamAccount> read(3);
  StreamProgress progress(catalog, read);
  TraceLog log(Origin::kSource);
  for (int i = 0; i < kFlood; ++i) {
    TraceMessage trace = StatusOf(absl::StrCat("s", i));
    const bool known = progress.Knows(*trace.stream);
    EXPECT_EQ(known, i < 3);
    progress.OnTrace(trace, {});
    log.Add(trace, known);
    trace.type = TraceMessage::Type::kError;
    log.Add(trace, known);
  }
  EXPECT_EQ(log.streams(), 6u);
  EXPECT_EQ(progress.streams().size(), 3u);
  EXPECT_FALSE(log.error_without_stream());
}

TEST(BoundsTest, ADestinationsErrorsLeaveNoStreams) {
  TraceLog log(Origin::kDestination);
  int faults = 0;
  for (int i = 0; i < kFlood; ++i) {
    TraceMessage trace = StatusOf(absl::StrCat("s", i));
    trace.type = TraceMessage::Type::kError;
    if (log.Add(trace)) ++faults;
  }
  EXPECT_EQ(log.streams(), 0u);
  EXPECT_EQ(faults, static_cast<int>(kTraceErrorsMax));
}

TEST(BoundsTest, AnErrorWithALongNameIsCut) {
  TraceLog log(Origin::kSource);
  TraceMessage trace = StatusOf(std::string(1'000'000, 'n'));
  trace.type = TraceMessage::Type::kError;
  const auto fault = log.Add(trace, false);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->failure.stream->name.size(), kShownTextBytesMax);
}

TEST(BoundsTest, AnalyticsAreCountedTogetherBeyondTheirTypes) {
  TraceLog log(Origin::kSource);
  for (int i = 0; i < kFlood; ++i) {
    TraceMessage trace;
    trace.type = TraceMessage::Type::kAnalytics;
    trace.analytics_type = absl::StrCat("t", i);
    log.Add(trace);
  }
  EXPECT_EQ(log.analytics().size(), kAnalyticsTypesMax + 1);
}

TEST(BoundsTest, AStateOfOneLaneCostsTheSameHoweverManyLanesThereAre) {
  const auto reads_of = [](int lanes) {
    CheckpointLedger ledger;
    CoveredSum covered;
    uint64_t number = 0;
    const auto key = [](int lane) {
      return LaneKey{StateType::kStream, {absl::StrCat("s", lane), std::nullopt}};
    };
    const JsonDigest digest{.high = 7, .low = 7};
    for (int lane = 0; lane < lanes; ++lane) {
      OutstandingState state;
      state.number = ++number;
      state.digest = digest;
      EXPECT_TRUE(ledger.Announce(key(lane), state, "{}").ok());
    }
    const uint64_t before = ledger.states_read();
    EXPECT_EQ(ledger.Acknowledge(key(lanes / 2), digest, &covered)->covered, 1u);
    return ledger.states_read() - before;
  };
  EXPECT_LE(reads_of(20'000), reads_of(200) + 2);
}

TEST(BoundsTest, ABatchOfAcknowledgedStatesIsFullWithItsBytes) {
  CommitBatch batch;
  EXPECT_FALSE(batch.full());
  batch.bytes = kCommitBatchBytes;
  EXPECT_TRUE(batch.full());
}

TEST(BoundsTest, AFloodOfLogLinesIsLetThroughForASecondsWorth) {
  LogThrottle throttle;
  uint64_t admitted = 0;
  for (int i = 0; i < 100 * kFlood; ++i) {
    if (throttle.Admit(absl::ZeroDuration(), LogLevel::kError, 100)) ++admitted;
  }
  EXPECT_LE(admitted, kLogLinesPerSecond + kLogLinesPerSecond / 5);
}

}  // namespace
}  // namespace shunt
