#include "cli/recovery.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace shunt {
namespace {

// "config updates of github/source that an earlier run ...: 1 applied, 1 superseded".
std::string RecoveryText(const SpillGroup& group, const RecoveredUpdates& counts) {
  std::vector<std::string> parts;
  for (const auto& [count, name] :
       {std::pair(counts.applied, "applied"), std::pair(counts.superseded, "superseded"),
        std::pair(counts.duplicate, "duplicate"), std::pair(counts.quarantined, "quarantined"),
        std::pair(counts.known, "stored already")}) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", name));
  }
  return absl::StrCat("config updates of ", group.config_id,
                      " that an earlier run could not store were brought back from ",
                      absl::StrJoin(group.paths, ", "), ": ", absl::StrJoin(parts, ", "));
}

absl::Status Named(const SpillGroup& group, const absl::Status& status) {
  return absl::Status(
      status.code(),
      absl::StrCat("config updates of ", group.config_id, " that an earlier run could not store ",
                   "are in ", absl::StrJoin(group.paths, ", "),
                   ", and they cannot be brought back: ", status.message()));
}

}  // namespace

absl::Status BringBack(Store& store, const UpdateSpill& spill, const SpillGroup& group,
                       UpdateSpill::Trust trust, absl::Time now,
                       const std::function<void(std::string_view)>& say) {
  const absl::StatusOr<SpilledUpdates> updates = spill.Read(group, trust);
  if (absl::IsNotFound(updates.status())) return absl::OkStatus();
  if (!updates.ok()) return Named(group, updates.status());
  const absl::StatusOr<RecoveredUpdates> counts = RecoverUpdates(store, *updates, now);
  if (!counts.ok()) return Named(group, counts.status());
  static_cast<void>(spill.Remove(group));
  say(RecoveryText(group, *counts));
  return absl::OkStatus();
}

}  // namespace shunt
