// Bringing spilled updates (stages/update_spill.h) into the store: judged by the rules that they
// would have been judged by, in one transaction, and without a second effect when it is done twice.
//
// Thread-safe. Errors: those of the store; nothing has happened then.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stages/update_spill.h"
#include "stores/store.h"

namespace shunt {

// How many of the updates ended how.
struct RecoveredUpdates {
  uint64_t applied = 0, superseded = 0, duplicate = 0, quarantined = 0;
  uint64_t known = 0;  // the journal had them already, with a verdict
};

absl::StatusOr<RecoveredUpdates> RecoverUpdates(Store& store, const SpilledUpdates& updates,
                                                absl::Time now);

}  // namespace shunt
