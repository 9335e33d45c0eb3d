#include "stores/journal_retention.h"

#include <algorithm>

#include "stores/journal_names.h"

namespace shunt {
namespace {

// In the order in which they go.
enum class Kind : uint8_t { kDuplicate, kReplaced, kPrecious, kPending, kStays };

Kind KindOf(Verdict verdict, bool alert) {
  if (verdict == Verdict::kPending) return Kind::kPending;
  if (alert || verdict == Verdict::kQuarantined) return Kind::kPrecious;
  return verdict == Verdict::kDuplicate ? Kind::kDuplicate : Kind::kReplaced;
}

std::vector<Kind> KindsOf(std::span<const JournalSummary> rows) {
  std::vector<Kind> kinds(rows.size());
  std::size_t applied = 0;
  for (std::size_t i = rows.size(); i-- > 0;) {
    const bool kept = rows[i].verdict == Verdict::kApplied && ++applied <= kJournalAppliedKept;
    kinds[i] = kept ? Kind::kStays : KindOf(rows[i].verdict, rows[i].alert);
  }
  return kinds;
}

bool TooOld(absl::Time received_at, absl::Time now) { return now - received_at > kJournalAgeMax; }

}  // namespace

void JournalExtent::Add(const JournalRow& row) {
  ++rows;
  bytes += JournalBytes(row);
  if (row.verdict == Verdict::kApplied) {
    ++applied;
    oldest_applied = std::min(oldest_applied, row.received_at);
  } else if (KindOf(row.verdict, row.alert) < Kind::kPrecious) {
    oldest_worthless = std::min(oldest_worthless, row.received_at);
  }
}

bool JournalIsFull(const JournalExtent& journal, absl::Time now) {
  if (journal.rows > kJournalRowsMax + kJournalRowsSlack) return true;
  if (journal.bytes > kJournalBytesMax) return true;
  // With a whole number of seconds a text stands behind those of the fractions that follow.
  const absl::Time about_now = now + absl::Seconds(1);
  if (TooOld(journal.oldest_worthless, about_now)) return true;
  return journal.applied > kJournalAppliedKept && TooOld(journal.oldest_applied, about_now);
}

std::vector<int64_t> RowsToForget(std::span<const JournalSummary> rows, absl::Time now) {
  std::vector<Kind> kinds = KindsOf(rows);
  std::vector<int64_t> ids;
  std::size_t bytes = 0;
  for (const JournalSummary& row : rows) bytes += row.bytes;
  const auto forget = [&](std::size_t i) {
    ids.push_back(rows[i].id);
    bytes -= rows[i].bytes;
    kinds[i] = Kind::kStays;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kinds[i] < Kind::kPrecious && TooOld(rows[i].received_at, now)) forget(i);
  }
  // As many as leave `rows_kept` and `bytes_kept`.
  const auto forget_more = [&](std::size_t rows_kept, std::size_t bytes_kept, Kind last) {
    for (int kind = 0; kind <= static_cast<int>(last); ++kind) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows.size() - ids.size() <= rows_kept && bytes <= bytes_kept) return;
        if (static_cast<int>(kinds[i]) == kind) forget(i);
      }
    }
  };
  if (rows.size() - ids.size() > kJournalRowsMax + kJournalRowsSlack) {
    forget_more(kJournalRowsMax, SIZE_MAX, Kind::kPrecious);
  }
  if (bytes > kJournalBytesMax) forget_more(SIZE_MAX, kJournalBytesKept, Kind::kPending);
  return ids;
}

std::size_t JournalBytes(const JournalRow& row) {
  return row.payload.size() + row.reason.size() + NamesToJson(row.keys).size();
}

absl::Time NewestReceipt(const std::vector<JournalRow>& rows) {
  absl::Time newest = absl::InfinitePast();
  for (const JournalRow& row : rows) newest = std::max(newest, row.received_at);
  return newest;
}

}  // namespace shunt
