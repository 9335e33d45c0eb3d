// What people see: tables, the progress line, the summary. Foreign text cannot do anything to a
// terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/progress.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "router/eta.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TableTest, ColumnsAreAlignedByCharacters) {
  Table table({"STREAM", ">RECORDS", "NOTE"});
  table.AddRow({"żółw", "7", ""});
  table.AddRow({"orders", "1,234", "x"});
  EXPECT_EQ(table.ToString(),
            "STREAM  RECORDS  NOTE\n"
            "żółw          7  -\n"
            "orders    1,234  x\n");
  EXPECT_EQ(table.ToString(2).substr(0, 8), "  STREAM");
}

TEST(TableTest, ForeignTextIsMadeVisible) {
  Table table({"NAME"});
  table.AddRow({"a\x1b[2Jb\nc"});
  EXPECT_THAT(table.ToString(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(table.ToString(), Not(HasSubstr("b\nc")));
}

TEST(TableTest, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(Shorten("short", 5), "short");
  EXPECT_EQ(Shorten("longer", 5), "long…");
  EXPECT_EQ(Shorten("żółwie", 4), "żół…");
  EXPECT_EQ(Shorten("ab", 1), "…");
}

ProgressSample Sample() {
  ProgressSample sample;
  sample.elapsed = absl::Seconds(65);
  sample.interval = absl::Seconds(5);
  sample.before = {.bytes_read = 0, .records_forwarded = 1'000'000};
  sample.after = {.bytes_read = 500'000'000,
                  .records_forwarded = 2'234'565,
                  .states_committed = 1'234,
                  .blocked_on_destination_ms = 4'000};
  return sample;
}

TEST(ProgressTest, ALineSaysHowFastHowFarAndWhatLimits) {
  EXPECT_EQ(ProgressLine(Sample()),
            "1:05  2,234,565 records  246,913/s  100.0 MB/s  limit: destination  "
            "1,234 states committed");
}

TEST(ProgressTest, UpdatesAndMalformedLinesAreShownWhenThereAreAny) {
  ProgressSample sample = Sample();
  sample.after.config_updates_applied = 2;
  sample.after.malformed_lines = 1;
  EXPECT_THAT(ProgressLine(sample), HasSubstr("2 config updates  1 malformed lines"));
}

TEST(ProgressTest, TheJsonFormIsOneObjectOnOneLine) {
  EXPECT_EQ(
      ProgressJson(Sample()),
      R"({"type":"progress","elapsed_seconds":65.000,"records_read":0,"bytes_read":500000000,)"
      R"("records_forwarded":2234565,"records_per_second":246913,"bytes_per_second":100000000,)"
      R"("states_forwarded":0,"states_committed":1234,"config_updates_applied":0,)"
      R"("malformed_lines":0,"bottleneck":"destination","records_expected":null,"percent":null,)"
      R"("eta_seconds":null,"rate_limited_streams":0})");
}

// --- how far it is -----------------------------------------------------------------------------

TEST(ProgressTest, WhatTheSourceExpectsIsShownWhenItIsKnown) {
  ProgressSample sample = Sample();
  sample.after.records_expected = 2'240'000;
  sample.percent = 99.9;
  EXPECT_THAT(ProgressLine(sample), HasSubstr("2,234,565 records (99 %)  246,913/s"));
  sample.remaining = absl::Seconds(3);
  sample.after.rate_limited_streams = 2;
  EXPECT_THAT(ProgressLine(sample), HasSubstr("records (99 %, 0:03 left)  246,913/s"));
  EXPECT_THAT(ProgressLine(sample), HasSubstr("limit: destination (2 streams rate-limited)"));
  EXPECT_THAT(ProgressJson(sample),
              HasSubstr(R"("records_expected":2240000,"percent":99.9,"eta_seconds":3.0,)"
                        R"("rate_limited_streams":2})"));
}

RouterStats Read(uint64_t records, int64_t expected) {
  RouterStats stats;
  stats.catalog_records_read = records;
  stats.records_expected = expected;
  return stats;
}

TEST(EtaTest, FollowsTheSpeedOfTheLastHalfMinute) {
  Eta eta;
  eta.Add(absl::ZeroDuration(), Read(0, 10'000));
  for (int s = 1; s <= 60; ++s) eta.Add(absl::Seconds(s), Read(static_cast<uint64_t>(s), 10'000));
  EXPECT_NEAR(absl::ToDoubleSeconds(*eta.remaining()), 9'940, 1e-3);
  EXPECT_NEAR(*eta.percent(), 0.6, 1e-9);
  // A hundred times as fast: half a minute later only that counts.
  for (int s = 61; s <= 91; ++s) {
    eta.Add(absl::Seconds(s), Read(static_cast<uint64_t>(60 + (s - 60) * 100), 10'000));
  }
  EXPECT_NEAR(absl::ToDoubleSeconds(*eta.remaining()), (10'000.0 - 3'160) / 100, 1e-3);
}

TEST(EtaTest, SaysNothingThatItDoesNotKnow) {
  Eta eta;
  EXPECT_FALSE(eta.percent());
  eta.Add(absl::ZeroDuration(), Read(0, -1));
  eta.Add(absl::Seconds(10), Read(1000, -1));
  EXPECT_FALSE(eta.percent()) << "no estimate";
  EXPECT_FALSE(eta.remaining());
  eta.Add(absl::Seconds(11), Read(1100, 1099));
  EXPECT_FALSE(eta.percent()) << "more than expected";
  EXPECT_FALSE(eta.remaining());
  eta.Add(absl::Seconds(12), Read(1200, 0));
  EXPECT_FALSE(eta.percent()) << "nothing expected";
  eta.Add(absl::Seconds(13), Read(1200, 2400));
  EXPECT_EQ(eta.percent(), 50);
  EXPECT_TRUE(eta.remaining());
  for (int s = 14; s < 60; ++s) eta.Add(absl::Seconds(s), Read(1200, 2400));
  EXPECT_EQ(eta.percent(), 50);
  EXPECT_FALSE(eta.remaining()) << "nothing moves";
}

TEST(EtaTest, ATimeThatIsTooShortOrTooLongTellsNothing) {
  Eta eta;
  eta.Add(absl::ZeroDuration(), Read(0, 100));
  eta.Add(absl::Seconds(1), Read(50, 100));
  EXPECT_EQ(eta.percent(), 50);
  EXPECT_FALSE(eta.remaining());
  eta.Add(absl::Seconds(2), Read(51, INT64_MAX));
  EXPECT_FALSE(eta.remaining()) << "for millions of years";
  EXPECT_TRUE(eta.percent());
  eta.Add(absl::Seconds(3), Read(51, 51));
  EXPECT_EQ(eta.remaining(), absl::ZeroDuration());
  EXPECT_EQ(eta.percent(), 100);
}

TEST(ProgressTest, TheBottleneckIsWhoWasWaitedForMostOfTheTime) {
  const RouterStats before = {.blocked_on_source_ms = 100, .blocked_on_destination_ms = 100};
  const auto after = [](int64_t source_ms, int64_t destination_ms) {
    return RouterStats{.bytes_read = 1,
                       .blocked_on_source_ms = 100 + source_ms,
                       .blocked_on_destination_ms = 100 + destination_ms};
  };
  EXPECT_EQ(BottleneckOf(before, after(900, 50), absl::Seconds(1)), "source");
  EXPECT_EQ(BottleneckOf(before, after(50, 900), absl::Seconds(1)), "destination");
  EXPECT_EQ(BottleneckOf(before, after(200, 300), absl::Seconds(1)), "shunt");
  EXPECT_EQ(BottleneckOf(before, before, absl::Seconds(1)), "starting") << "nothing was read yet";
}

Report SmallReport() {
  Report report;
  report.connection = "shop";
  report.run_id = "0123456789abcdef";
  report.duration = absl::Milliseconds(410);
  report.source.lines = 12;
  StreamReport orders;
  orders.stream = {"orders", "sales"};
  orders.status = "complete";
  orders.records_forwarded = 1'200;
  orders.records_committed = 1'000;
  orders.bytes_read = 540'000;
  orders.states_committed = 2;
  report.streams = {orders};
  report.states.read = 3;
  report.states.committed = 2;
  report.states.explained = 1;
  report.control.applied = 1;
  report.control.superseded = 2;
  return report;
}

TEST(SummaryTest, ShowsStreamsTotalsAndVerdict) {
  EXPECT_EQ(SummaryText(SmallReport()),
            "\n"
            "STREAM        STATUS    RECORDS     BYTES  COMMITTED  STATES\n"
            "sales.orders  complete    1,200  540.0 kB      1,000       2\n"
            "1,200 records · 540.0 kB · states 3 read, 2 committed, 1 explained · config updates "
            "1 applied, 2 superseded · 0.41 s\n"
            "ok: run 0123456789ab of 'shop'\n");
}

TEST(SummaryTest, ShowsWhoFailedAndTheCode) {
  Report report = SmallReport();
  report.exit_code = 3;
  report.streams[0].records_read = 1'300;
  Failure failure;
  failure.origin = Origin::kSource;
  failure.message = "the API\nsaid no";
  failure.stream = StreamDescriptor{"orders", std::nullopt};
  report.failures = {failure};
  report.control.alerts = {"a config update lost"};
  const std::string text = SummaryText(report);
  EXPECT_THAT(text, HasSubstr("source: the API\\nsaid no (stream orders)\n"));
  EXPECT_THAT(text, HasSubstr("ALERT: a config update lost\n"));
  EXPECT_THAT(text, HasSubstr("source_failed: exit code 3, run 0123456789ab of 'shop'\n"));
  EXPECT_THAT(text, HasSubstr("1,000 of 1,300 records are safe; the next run resumes there\n"));
  report.streams[0].records_committed = 0;
  EXPECT_THAT(SummaryText(report), HasSubstr("none of 1,300 records is safe yet; the next run "
                                             "starts where this one did\n"));
}

TEST(SummaryTest, TheEventForMachinesIsTheWholeReportOnOneLine) {
  Report report = SmallReport();
  report.exit_code = 3;
  report.failures.emplace_back().message = "two  blanks,\na line feed and \"quotes\"";
  const std::string event = EndedJson(report, true);
  EXPECT_THAT(event, Not(HasSubstr("\n")));
  EXPECT_THAT(event,
              HasSubstr(R"({"type":"ended","status":"source_failed","exit_code":3,"report":{)"));
  EXPECT_THAT(event, HasSubstr(R"("message": "two  blanks,\na line feed and \"quotes\"")"));
  EXPECT_THAT(EndedJson(report, false), HasSubstr(R"("type":"attempt_ended")"));
}

TEST(SummaryTest, ARunThatNeverRoutedHasNoTable) {
  Report report = SmallReport();
  report.exit_code = 10;
  report.source.lines = 0;
  EXPECT_EQ(SummaryText(report), "fenced: exit code 10, run 0123456789ab of 'shop'\n");
}

TEST(SummaryTest, AThousandStreamsAreNotAThousandLines) {
  Report report = SmallReport();
  report.streams.assign(1000, report.streams[0]);
  EXPECT_THAT(SummaryText(report), HasSubstr("... and 960 more streams\n"));
}

}  // namespace
}  // namespace shunt
