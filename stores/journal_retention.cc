#include "stores/journal_retention.h"

#include <algorithm>

namespace shunt {
namespace {

bool TooOld(absl::Time received_at, absl::Time now) { return now - received_at > kJournalAgeMax; }

// By row: whether it may go.
std::vector<bool> Forgettable(std::span<const JournalSummary> rows) {
  std::vector<bool> may_go(rows.size());
  std::size_t applied = 0;
  for (std::size_t i = rows.size(); i-- > 0;) {
    const Verdict verdict = rows[i].verdict;
    const bool kept = verdict == Verdict::kApplied && ++applied <= kJournalAppliedKept;
    may_go[i] = !kept && verdict != Verdict::kPending;
  }
  return may_go;
}

}  // namespace

bool JournalIsFull(std::size_t rows, absl::Time oldest_received_at, absl::Time now) {
  return rows > kJournalRowsMax + kJournalRowsSlack || TooOld(oldest_received_at, now);
}

std::vector<int64_t> RowsToForget(std::span<const JournalSummary> rows, absl::Time now) {
  std::vector<bool> may_go = Forgettable(rows);
  std::vector<int64_t> ids;
  const auto forget = [&](std::size_t i) {
    ids.push_back(rows[i].id);
    may_go[i] = false;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (may_go[i] && TooOld(rows[i].received_at, now)) forget(i);
  }
  std::size_t left = rows.size() - ids.size();
  if (left <= kJournalRowsMax + kJournalRowsSlack) return ids;
  for (const bool duplicates : {true, false}) {
    for (std::size_t i = 0; i < rows.size() && left > kJournalRowsMax; ++i) {
      if (!may_go[i] || (duplicates && rows[i].verdict != Verdict::kDuplicate)) continue;
      forget(i);
      --left;
    }
  }
  return ids;
}

absl::Time NewestReceipt(const std::vector<JournalRow>& rows) {
  absl::Time newest = absl::InfinitePast();
  for (const JournalRow& row : rows) newest = std::max(newest, row.received_at);
  return newest;
}

}  // namespace shunt
