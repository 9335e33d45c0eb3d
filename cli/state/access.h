// What the commands about checkpoints share: a connection that must be known.
// Threads: the caller's. Errors: NotFound, naming what there is; those of the store.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stores/store.h"

namespace shunt {

absl::Status CheckKnownConnection(Store& store, const std::string& connection);
absl::StatusOr<std::vector<StoredState>> ReadKnownCheckpoint(Store& store,
                                                             const std::string& connection);

}  // namespace shunt
