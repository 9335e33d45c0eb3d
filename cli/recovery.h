// Bringing back config updates that an earlier run could not store: what the next run and
// `shunt config recover` share.
//
// Threads: the caller's. Errors: those of the file and the store, as InvalidArgument never.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stages/update_recovery.h"
#include "stages/update_spill.h"
#include "stores/store.h"

namespace shunt {

// Stores the updates of the file at `path` and then removes it. A file that cannot be removed is
// no error: bringing it back again has no effect.
absl::StatusOr<RecoveredUpdates> BringBack(Store& store, const UpdateSpill& spill,
                                           const std::string& path, absl::Time now);

// "2 config updates of github/source, which an earlier run ...: 1 applied, 1 superseded".
std::string RecoveryText(std::string_view config_id, std::string_view path,
                         const RecoveredUpdates& counts);

}  // namespace shunt
