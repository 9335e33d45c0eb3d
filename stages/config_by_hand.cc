#include "stages/config_by_hand.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "stages/config_order.h"

namespace shunt {
namespace {

constexpr std::size_t kReferenceRunChars = 12;

// Now, or the next number above what is stored, when that is ahead of our clock.
OrderKey OrderAbove(const ConfigDocument& stored, absl::Time now) {
  double highest = std::max(stored.floor.effective_at_ms, stored.newest.effective_at_ms);
  for (const ConfigKey& key : stored.keys) highest = std::max(highest, key.order.effective_at_ms);
  OrderKey order;
  order.effective_at_ms = std::max(
      ToUnixMillisDouble(now), std::nextafter(highest, std::numeric_limits<double>::infinity()));
  order.seq = 1;
  return order;
}

}  // namespace

absl::StatusOr<ConfigChange> PutConfigByHand(const ConfigDocument& stored,
                                             const ConfigByHand& config) {
  absl::StatusOr<std::vector<ConfigMember>> members = ReadConfigMembers(config.json);
  if (!members.ok()) return members.status();
  JournalRow row;
  row.config_id = config.config_id;
  row.run_id = config.run_id;
  row.writer = config.writer;
  row.order = OrderAbove(stored, config.now);
  row.time_source = std::string(TimeSourceName(TimeSource::kRouter));
  row.received_at = config.now;
  for (const ConfigMember& member : *members) row.keys.push_back(member.key);
  row.payload = config.json;

  const ConfigUpdate update = {row.order, *std::move(members)};
  const ConfigUpdate* const updates[] = {&update};
  Judgement judgement = JudgeUpdates(stored, updates, config.mode, config.spec, config.now);
  if (judgement.refused) return absl::InvalidArgumentError(judgement.reason);
  row.verdict = judgement.verdicts.front().verdict;
  row.unvalidated = judgement.unvalidated;
  row.generation = judgement.generation;
  row.reason = config.reason;
  if (!judgement.reason.empty()) absl::StrAppend(&row.reason, "; ", judgement.reason);
  ConfigChange change;
  change.document = std::move(judgement.document);
  change.rows.push_back(std::move(row));
  return change;
}

absl::StatusOr<JournalRow> FindJournalRow(const std::vector<JournalRow>& journal,
                                          std::string_view reference) {
  const std::size_t slash = reference.rfind('/');
  int64_t seq = 0;
  if (slash == std::string_view::npos || slash == 0 ||
      !absl::SimpleAtoi(A(reference.substr(slash + 1)), &seq)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", A(reference), "' names no update: expected RUN/LINE, as config history shows it"));
  }
  const std::string_view run = reference.substr(0, slash);
  const JournalRow* found = nullptr;
  for (const JournalRow& row : journal) {
    if (row.order.seq != seq || !row.run_id.starts_with(run)) continue;
    if (found != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", A(reference), "' names several updates: give more of the run's id"));
    }
    found = &row;
  }
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no update '", A(reference), "'"));
  }
  return *found;
}

std::string ShortRunId(const JournalRow& row) { return row.run_id.substr(0, kReferenceRunChars); }

std::string JournalReference(const JournalRow& row) {
  return absl::StrCat(ShortRunId(row), "/", row.order.seq);
}

}  // namespace shunt
