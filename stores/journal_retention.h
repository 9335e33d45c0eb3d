// How long the journal of a config remembers: 1,000 rows of 64 MiB, and what only says how an
// update lost or was won for 30 days; long enough to find a token that lost, bounded however often
// a connector repeats itself. One rule for all stores, so that they give the same answers (G49).
//
// The clocks of a fleet's workers are compared here, and any of them may be wrong. So age never
// takes what may be the only copy of a token: quarantined rows and alerts go by count alone.
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "stores/config_document.h"

namespace shunt {

inline constexpr std::size_t kJournalRowsMax = 1000;
// So many more may stand there before they go together: forgetting them one by one would read the
// whole journal at every update.
inline constexpr std::size_t kJournalRowsSlack = 100;
// Of payloads, keys and reasons, as the store holds them. What is above goes until
// kJournalBytesKept are left, so that it is not counted anew at every update.
inline constexpr std::size_t kJournalBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kJournalBytesKept = std::size_t{48} << 20;
inline constexpr absl::Duration kJournalAgeMax = absl::Hours(24 * 30);
inline constexpr std::size_t kJournalAppliedKept = 8;

struct JournalSummary {
  int64_t id = 0;  // of the caller
  Verdict verdict = Verdict::kPending;
  bool alert = false;
  absl::Time received_at;
  std::size_t bytes = 0;
};

// What is cheap to ask of a journal.
struct JournalExtent {
  std::size_t rows = 0;
  std::size_t bytes = 0;
  std::size_t applied = 0;                               // of the rows
  absl::Time oldest_applied = absl::InfiniteFuture();    // by received_at
  absl::Time oldest_worthless = absl::InfiniteFuture();  // duplicate or superseded, no alert

  void Add(const JournalRow& row);
};

// False: RowsToForget names none. To within a second, which is how far texts of times keep order.
bool JournalIsFull(const JournalExtent& journal, absl::Time now);

// The ids that go. `rows` is a whole journal, oldest first; `now` is the newest received_at of the
// rows just written. The newest kJournalAppliedKept applied ones stay. Of the others there are
//   duplicates: they say nothing that another row does not;
//   superseded and applied ones: their values lost, or were replaced, in due order;
//   quarantined ones and alerts: each may hold a token that stands nowhere else;
//   pending ones: some run may be about to judge them.
// Of the first two, those go that are older than kJournalAgeMax. When there are more rows than
// kJournalRowsMax + kJournalRowsSlack, as many go as leave kJournalRowsMax: kind by kind in this
// order, the oldest first, pending ones never. When there are more than kJournalBytesMax, as many
// go as leave kJournalBytesKept, pending ones at last.
std::vector<int64_t> RowsToForget(std::span<const JournalSummary> rows, absl::Time now);

// What a row counts with: its payload, the names of its keys, its reason.
std::size_t JournalBytes(const JournalRow& row);

// The newest received_at of `rows`; infinite past when there are none.
absl::Time NewestReceipt(const std::vector<JournalRow>& rows);

}  // namespace shunt
