#include "cli/recovery.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "platform/strings.h"

namespace shunt {

absl::StatusOr<RecoveredUpdates> BringBack(Store& store, const UpdateSpill& spill,
                                           const std::string& path, absl::Time now) {
  const absl::StatusOr<SpilledUpdates> updates = spill.Read(path);
  if (!updates.ok()) return updates.status();
  absl::StatusOr<RecoveredUpdates> counts = RecoverUpdates(store, *updates, now);
  if (counts.ok()) static_cast<void>(spill.Remove(path));
  return counts;
}

std::string RecoveryText(std::string_view config_id, std::string_view path,
                         const RecoveredUpdates& counts) {
  std::vector<std::string> parts;
  for (const auto& [count, name] :
       {std::pair(counts.applied, "applied"), std::pair(counts.superseded, "superseded"),
        std::pair(counts.duplicate, "duplicate"), std::pair(counts.quarantined, "quarantined"),
        std::pair(counts.known, "stored already")}) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", name));
  }
  return absl::StrCat("config updates of ", A(config_id),
                      " that an earlier run could not store were brought back from ", A(path), ": ",
                      absl::StrJoin(parts, ", "));
}

}  // namespace shunt
