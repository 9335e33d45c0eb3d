// How long the journal of a config remembers (issue of the control lane: 1,000 rows or 30 days per
// config, never the last 8 applied): long enough to find a token that lost, bounded however often a
// connector repeats itself. One rule for all stores, so that they give the same answers (G49).
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
inline constexpr absl::Duration kJournalAgeMax = absl::Hours(24 * 30);
inline constexpr std::size_t kJournalAppliedKept = 8;

struct JournalSummary {
  int64_t id = 0;  // of the caller
  Verdict verdict = Verdict::kPending;
  absl::Time received_at;
};

// Whether RowsToForget may name any, from what is cheap to ask.
bool JournalIsFull(std::size_t rows, absl::Time oldest_received_at, absl::Time now);

// The ids that go. `rows` is a whole journal, oldest first; `now` is the newest received_at of the
// rows just written. Those of an age above kJournalAgeMax go. When there are more than
// kJournalRowsMax + kJournalRowsSlack, as many go as leave kJournalRowsMax: duplicates first, they
// say nothing that another row does not; then the oldest. Pending ones and the newest
// kJournalAppliedKept applied ones stay.
std::vector<int64_t> RowsToForget(std::span<const JournalSummary> rows, absl::Time now);

// The newest received_at of `rows`; infinite past when there are none.
absl::Time NewestReceipt(const std::vector<JournalRow>& rows);

}  // namespace shunt
