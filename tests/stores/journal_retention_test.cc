// What the journal of a config forgets, and what it never does.
#include "stores/journal_retention.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shunt {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'732'300'000);

std::vector<JournalSummary> Rows(std::size_t count, Verdict verdict) {
  std::vector<JournalSummary> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back({static_cast<int64_t>(i), verdict, false, kNow});
  }
  return rows;
}

JournalExtent ExtentOf(const std::vector<JournalSummary>& rows) {
  JournalExtent extent;
  for (const JournalSummary& summary : rows) {
    JournalRow row;
    row.verdict = summary.verdict;
    row.alert = summary.alert;
    row.received_at = summary.received_at;
    extent.Add(row);
  }
  return extent;
}

std::vector<int64_t> Numbers(int64_t begin, int64_t end) {
  std::vector<int64_t> numbers;
  for (int64_t i = begin; i < end; ++i) numbers.push_back(i);
  return numbers;
}

TEST(RowsToForget, KeepsAllWithinItsBounds) {
  EXPECT_TRUE(RowsToForget({}, kNow).empty());
  const auto rows = Rows(kJournalRowsMax + kJournalRowsSlack, Verdict::kSuperseded);
  EXPECT_TRUE(RowsToForget(rows, kNow).empty());
  EXPECT_FALSE(JournalIsFull(ExtentOf(rows), kNow));
}

TEST(RowsToForget, BeyondTheSlackTheOldestGoUntilTheBound) {
  const auto rows = Rows(kJournalRowsMax + kJournalRowsSlack + 1, Verdict::kSuperseded);
  EXPECT_TRUE(JournalIsFull(ExtentOf(rows), kNow));
  EXPECT_EQ(RowsToForget(rows, kNow), Numbers(0, kJournalRowsSlack + 1));
}

TEST(RowsToForget, DuplicatesGoBeforeAnythingThatSaysMore) {
  auto rows = Rows(kJournalRowsMax + kJournalRowsSlack + 1, Verdict::kDuplicate);
  for (std::size_t i = 0; i < 50; ++i) rows[i].verdict = Verdict::kQuarantined;
  EXPECT_EQ(RowsToForget(rows, kNow), Numbers(50, 50 + kJournalRowsSlack + 1));
}

TEST(RowsToForget, WhatMayBeTheOnlyCopyOfATokenGoesLast) {
  auto rows = Rows(kJournalRowsMax + kJournalRowsSlack + 1, Verdict::kQuarantined);
  for (std::size_t i = 1; i < rows.size(); i += 2) {
    rows[i].verdict = Verdict::kSuperseded;
    rows[i].alert = true;
  }
  rows[500] = {500, Verdict::kSuperseded, false, kNow};
  rows[600] = {600, Verdict::kApplied, false, kNow};
  for (std::size_t i = 700; i < 700 + kJournalAppliedKept; ++i) rows[i].verdict = Verdict::kApplied;
  rows[900] = {900, Verdict::kDuplicate, false, kNow};
  std::vector<int64_t> expected = {900, 500, 600};
  for (int64_t i = 0; expected.size() <= kJournalRowsSlack; ++i) expected.push_back(i);
  EXPECT_EQ(RowsToForget(rows, kNow), expected) << "and then the oldest of them";
}

TEST(RowsToForget, AWrongClockTakesNothingThatMatters) {
  auto rows = Rows(4, Verdict::kQuarantined);
  rows[1] = {1, Verdict::kSuperseded, true, kNow};
  rows[2].verdict = Verdict::kPending;
  rows[3] = {3, Verdict::kQuarantined, false, absl::UnixEpoch()};
  const absl::Time ahead = kNow + absl::Hours(24 * 365 * 100);
  EXPECT_TRUE(RowsToForget(rows, ahead).empty());
  EXPECT_FALSE(JournalIsFull(ExtentOf(rows), ahead)) << "nor is the journal read for nothing";
}

TEST(RowsToForget, TheLastAppliedAreNoReasonToReadTheJournal) {
  auto rows = Rows(kJournalAppliedKept, Verdict::kApplied);
  for (JournalSummary& row : rows) row.received_at = absl::UnixEpoch();
  EXPECT_FALSE(JournalIsFull(ExtentOf(rows), kNow));
  rows.push_back({100, Verdict::kApplied, false, kNow});
  EXPECT_TRUE(JournalIsFull(ExtentOf(rows), kNow));
  EXPECT_EQ(RowsToForget(rows, kNow), Numbers(0, 1));
}

TEST(RowsToForget, WhatIsOlderThanThirtyDaysGoes) {
  auto rows = Rows(5, Verdict::kSuperseded);
  rows[0].received_at = kNow - kJournalAgeMax;
  rows[1].received_at = rows[3].received_at = kNow - kJournalAgeMax - absl::Nanoseconds(1);
  EXPECT_TRUE(JournalIsFull(ExtentOf(rows), kNow));
  EXPECT_EQ(RowsToForget(rows, kNow), (std::vector<int64_t>{1, 3}));
}

TEST(RowsToForget, TheLastAppliedStayHoweverOldAndMany) {
  auto rows = Rows(2 * kJournalRowsMax, Verdict::kApplied);
  for (JournalSummary& row : rows) row.received_at = absl::UnixEpoch();
  EXPECT_EQ(RowsToForget(rows, kNow), Numbers(0, 2 * kJournalRowsMax - kJournalAppliedKept));

  for (std::size_t i = kJournalAppliedKept; i < rows.size(); ++i) {
    rows[i].verdict = Verdict::kDuplicate;
  }
  EXPECT_EQ(RowsToForget(rows, kNow), Numbers(kJournalAppliedKept, 2 * kJournalRowsMax));
}

TEST(RowsToForget, NothingThatIsStillToBeJudged) {
  auto rows = Rows(2 * kJournalRowsMax, Verdict::kPending);
  for (JournalSummary& row : rows) row.received_at = absl::UnixEpoch();
  EXPECT_TRUE(RowsToForget(rows, kNow).empty());
}

TEST(RowsToForget, NoTimeIsNoReason) {
  const auto rows = Rows(3, Verdict::kSuperseded);
  EXPECT_TRUE(RowsToForget(rows, NewestReceipt({})).empty());
}

// Quarantined payloads of megabytes: the oldest go, never the last applied ones.
TEST(RowsToForget, BeyondTheBytesTheOldestGoUntilTheirBound) {
  auto rows = Rows(100, Verdict::kQuarantined);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].bytes = std::size_t{1} << 20;
    if (i % 10 == 0) rows[i].verdict = Verdict::kApplied;
    if (i % 10 == 1) rows[i].verdict = Verdict::kPending;
  }
  const std::vector<int64_t> ids = RowsToForget(rows, kNow);
  EXPECT_EQ(ids.size(), 100 - (kJournalBytesKept >> 20));
  const auto gone = [&](int64_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); };
  EXPECT_TRUE(gone(0) && gone(10)) << "applied, but not of the last eight";
  EXPECT_FALSE(gone(20) || gone(90));
  EXPECT_FALSE(gone(1)) << "some run may be about to judge it";
  EXPECT_TRUE(gone(2) && !gone(99));
  rows.resize(kJournalBytesMax >> 20);
  EXPECT_TRUE(RowsToForget(rows, kNow).empty());
}

TEST(RowsToForget, NothingStaysForEverBeyondTheBytes) {
  auto rows = Rows(100, Verdict::kPending);
  for (JournalSummary& row : rows) row.bytes = std::size_t{1} << 20;
  EXPECT_EQ(RowsToForget(rows, kNow), Numbers(0, 100 - (kJournalBytesKept >> 20)));
}

TEST(JournalExtent, CountsTheBytes) {
  JournalRow row;
  row.payload = std::string(kJournalBytesMax, 'x');
  JournalExtent extent;
  extent.Add(row);
  EXPECT_TRUE(JournalIsFull(extent, kNow));
}

}  // namespace
}  // namespace shunt
