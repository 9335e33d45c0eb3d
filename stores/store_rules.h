// What every store refuses, and in which words: so that all of them give the same answers (G49).
// Pure functions; thread-safe. Messages carry names that people chose (connection, run id, config
// id), never stored content.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protocol/state.h"
#include "stores/config_document.h"
#include "stores/store.h"

namespace shunt {

// Names of connections, runs and configs: not empty (an empty one means "all" in listings).
absl::Status CheckName(std::string_view what, std::string_view name);

absl::Status CheckRequest(const RunRequest& request);

// The type all of `items` share; empty without items. InvalidArgument when they are mixed (G16).
absl::StatusOr<std::optional<StateType>> CommonType(const std::vector<CheckpointWrite>& items);
absl::StatusOr<std::optional<StateType>> CommonType(const std::vector<StoredState>& items);

// The lane a state is stored in: GLOBAL and LEGACY have one, whatever their descriptor says.
StreamDescriptor LaneOf(StateType type, const StreamDescriptor& stream);

absl::Status CheckReplacement(const CheckpointReplacement& replacement,
                              const std::vector<StoredState>& states);
// NotFound.
absl::Status NoPastCheckpoint(std::string_view connection, int64_t id);
absl::Status PastCheckpointTooBig(std::string_view connection, int64_t id);

// InvalidArgument for what only a bug of the caller can produce: a NaN in an order key, a document
// without or with a smaller generation than the stored one, a row of another config, an empty seal.
// PermissionDenied: it is only for stores without a seal, and would write into one that has one.
absl::Status CheckChange(std::string_view config_id, const ConfigDocument& stored,
                         const ConfigChange& change);

// The error of a change that is only for stores without a seal.
absl::Status SealedMeanwhile();
// Whether anything of `change` is to be written.
bool HasEffect(const ConfigChange& change);

// The errors of runs.
absl::Status HeldByAnotherRun(std::string_view connection, std::string_view run_id);
absl::Status ConfigHeldByAnotherRun(std::string_view config_id, const RunHandle& holder,
                                    const RunRequest& request);
absl::Status RunIdInUse(std::string_view run_id);
absl::Status RunUnknown(std::string_view run_id);
absl::Status RunAmbiguous(std::string_view prefix);
absl::Status Fenced(const RunHandle& run);
absl::Status ConfigTaken(const RunHandle& run, std::string_view config_id);

// Whether a live run of this connection keeps its exclusive configs from who asks.
bool Hinders(std::string_view holder_connection, const RunRequest& request);

// The status of a run that nobody has finished.
std::string_view UnfinishedStatus(bool lock_held);  // "running", "dead"

}  // namespace shunt
