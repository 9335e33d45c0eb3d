// Bringing back config updates that an earlier run could not store: what the next run and
// `shunt config recover` share.
//
// Threads: the caller's. Errors: those of the files and of the store; the message names the files.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "stages/update_recovery.h"
#include "stages/update_spill.h"
#include "stores/store.h"

namespace shunt {

// Stores the updates of a group and then removes its files, and tells `say` what became of them. OK
// when somebody else has done it. Files that cannot be removed are no error: bringing them back
// again has no effect.
absl::Status BringBack(Store& store, const UpdateSpill& spill, const SpillGroup& group,
                       UpdateSpill::Trust trust, absl::Time now,
                       const std::function<void(std::string_view)>& say);

}  // namespace shunt
