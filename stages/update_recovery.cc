#include "stages/update_recovery.h"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "protocol/spec.h"
#include "stages/config_register.h"
#include "stages/control_sequencer.h"

namespace shunt {
namespace {

using RowId = std::tuple<std::string_view, std::string_view, int64_t>;

RowId IdOf(const JournalRow& row) { return {row.run_id, row.writer, row.order.seq}; }

ControlArrivalPtr ArrivalOf(const JournalRow& row) {
  auto arrival = std::make_shared<ControlArrival>();
  arrival->row = row;
  arrival->row.verdict = Verdict::kPending;
  absl::StatusOr<std::vector<ConfigMember>> members = ReadConfigMembers(row.payload);
  arrival->hopeless = row.verdict == Verdict::kQuarantined || !members.ok();
  if (!arrival->hopeless) arrival->update = {row.order, *std::move(members)};
  return arrival;
}

void Count(Verdict verdict, RecoveredUpdates* counts) {
  switch (verdict) {
    case Verdict::kApplied:
      ++counts->applied;
      break;
    case Verdict::kSuperseded:
      ++counts->superseded;
      break;
    case Verdict::kDuplicate:
      ++counts->duplicate;
      break;
    case Verdict::kQuarantined:
      ++counts->quarantined;
      break;
    case Verdict::kPending:
      break;
  }
}

}  // namespace

absl::StatusOr<RecoveredUpdates> RecoverUpdates(Store& store, const SpilledUpdates& updates,
                                                absl::Time now) {
  std::shared_ptr<const ConnectorSpec> spec;
  if (!updates.spec_json.empty()) {
    absl::StatusOr<std::shared_ptr<const ConnectorSpec>> compiled =
        ConnectorSpec::Compile(updates.spec_json);
    if (compiled.ok()) spec = *std::move(compiled);
  }
  const Origin pipe = updates.rows.front().writer == OriginName(Origin::kDestination)
                          ? Origin::kDestination
                          : Origin::kSource;
  const ControlSequencer sequencer(
      pipe, updates.replace ? ConfigMode::kReplace : ConfigMode::kMerge, spec);
  RecoveredUpdates counts;
  bool first = true;
  std::size_t looked_at_max = updates.rows.size();
  // Several transactions for many: none holds the store for long. What one judged, the next finds
  // in the journal. One that judged nothing, because refused updates wait for what completes them,
  // is followed by one that looks at half as many: the waits of those end with it.
  for (bool took_all = false; !took_all; first = false) {
    RecoveredUpdates more;
    absl::Status status = store.RewriteConfig(
        updates.config_id,
        [&](const ConfigDocument& stored,
            const std::vector<JournalRow>& journal) -> absl::StatusOr<ConfigChange> {
          std::set<RowId> judged;
          for (const JournalRow& row : journal) {
            if (row.verdict != Verdict::kPending) judged.insert(IdOf(row));
          }
          std::vector<ControlArrivalPtr> arrivals;
          for (const JournalRow& row : updates.rows) {
            if (!judged.contains(IdOf(row))) arrivals.push_back(ArrivalOf(row));
          }
          more = {.known = first ? updates.rows.size() - arrivals.size() : 0};
          const std::size_t left = arrivals.size();
          arrivals.resize(std::min(left, looked_at_max));
          ControlPlan plan = sequencer.Plan(stored, arrivals, absl::InfiniteDuration(), now);
          for (const ControlVerdict& verdict : plan.verdicts) Count(verdict.verdict, &more);
          took_all = plan.took_all && plan.waiting.empty() && arrivals.size() == left;
          looked_at_max = plan.verdicts.empty() ? std::max<std::size_t>(arrivals.size() / 2, 1)
                                                : updates.rows.size();
          return std::move(plan.change);
        });
    if (!status.ok()) return status;
    counts.known += more.known;
    counts.applied += more.applied;
    counts.superseded += more.superseded;
    counts.duplicate += more.duplicate;
    counts.quarantined += more.quarantined;
  }
  return counts;
}

}  // namespace shunt
