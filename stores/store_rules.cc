#include "stores/store_rules.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

template <typename Item>
absl::StatusOr<std::optional<StateType>> CommonTypeOf(const std::vector<Item>& items) {
  for (const Item& item : items) {
    if (item.type != items.front().type) {
      return absl::InvalidArgumentError("states of different types in one checkpoint");
    }
  }
  if (items.empty()) return std::optional<StateType>();
  return std::optional<StateType>(items.front().type);
}

bool IsNan(const OrderKey& order) { return std::isnan(order.effective_at_ms); }

bool HasNan(const ConfigDocument& document) {
  for (const ConfigKey& key : document.keys) {
    if (IsNan(key.order)) return true;
  }
  return IsNan(document.floor) || IsNan(document.newest);
}

}  // namespace

absl::Status CheckName(std::string_view what, std::string_view name) {
  if (!name.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the ", A(what), " is empty"));
}

absl::Status CheckRequest(const RunRequest& request) {
  if (absl::Status status = CheckName("connection", request.connection); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckName("run id", request.run_id); !status.ok()) return status;
  for (const std::string& config_id : request.exclusive_configs) {
    if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StateType>> CommonType(const std::vector<CheckpointWrite>& items) {
  return CommonTypeOf(items);
}

absl::StatusOr<std::optional<StateType>> CommonType(const std::vector<StoredState>& items) {
  return CommonTypeOf(items);
}

StreamDescriptor LaneOf(StateType type, const StreamDescriptor& stream) {
  return type == StateType::kStream ? stream : StreamDescriptor{};
}

absl::Status CheckReplacement(const CheckpointReplacement& replacement,
                              const std::vector<StoredState>& states) {
  if (absl::Status status = CheckName("connection", replacement.connection); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckName("cause", replacement.cause); !status.ok()) return status;
  if (replacement.run && replacement.run->connection != replacement.connection) {
    return absl::InvalidArgumentError("a checkpoint of another connection than the run's");
  }
  return CommonType(states).status();
}

absl::Status NoPastCheckpoint(std::string_view connection, int64_t id) {
  return absl::NotFoundError(
      absl::StrCat("connection ", A(connection), " has no past checkpoint ", id, " (any more)"));
}

absl::Status PastCheckpointTooBig(std::string_view connection, int64_t id) {
  return absl::NotFoundError(absl::StrCat("past checkpoint ", id, " of connection ", A(connection),
                                          " was too big to be kept"));
}

absl::Status CheckChange(std::string_view config_id, const ConfigDocument& stored,
                         const ConfigChange& change) {
  if (change.document) {
    if (!change.document->exists()) {
      return absl::InvalidArgumentError("a config document without a generation");
    }
    if (change.document->generation < stored.generation) {
      return absl::InvalidArgumentError("a config generation below the stored one");
    }
    if (HasNan(*change.document)) return absl::InvalidArgumentError("NaN in an order key");
  }
  for (const JournalRow& row : change.rows) {
    if (row.config_id != config_id) {
      return absl::InvalidArgumentError("a journal row of another config");
    }
    if (IsNan(row.order)) return absl::InvalidArgumentError("NaN in an order key");
  }
  if (change.seal) {
    if (absl::Status status = CheckName("seal", *change.seal); !status.ok()) return status;
  }
  if (change.only_unsealed && HasEffect(change) && !stored.store_seal.empty()) {
    return SealedMeanwhile();
  }
  return absl::OkStatus();
}

bool HasEffect(const ConfigChange& change) {
  return change.document || !change.rows.empty() || change.seal;
}

absl::Status SealedMeanwhile() {
  return absl::PermissionDeniedError(
      "another run has encrypted the configs of the store since this one started without a key:"
      " start it again with the key");
}

absl::Status HeldByAnotherRun(std::string_view connection, std::string_view run_id) {
  return absl::AbortedError(absl::StrCat("connection ", A(connection), " is held by the live run ",
                                         A(run_id), "; wait for its end, or take over"));
}

absl::Status ConfigHeldByAnotherRun(std::string_view config_id, const RunHandle& holder,
                                    const RunRequest& request) {
  const bool own = holder.connection == request.connection;
  return absl::AbortedError(
      absl::StrCat("config ", A(config_id), " is held by the live run ", holder.run_id,
                   " of connection ", holder.connection, "; wait for its end",
                   own ? ", or take over" : ", which no other connection can take over"));
}

absl::Status RunIdInUse(std::string_view run_id) {
  return absl::InvalidArgumentError(absl::StrCat("run id ", A(run_id), " was used before"));
}

absl::Status RunUnknown(std::string_view run_id) {
  return absl::NotFoundError(absl::StrCat("no run ", A(run_id)));
}

absl::Status RunAmbiguous(std::string_view prefix) {
  return absl::InvalidArgumentError(
      absl::StrCat("more than one run id starts with ", A(prefix), "; give more of it"));
}

absl::Status Fenced(const RunHandle& run) {
  return absl::FailedPreconditionError(
      absl::StrCat("run ", run.run_id, " no longer holds connection ", run.connection,
                   ": it ended, or another run took over; it must stop"));
}

absl::Status ConfigTaken(const RunHandle& run, std::string_view config_id) {
  return absl::FailedPreconditionError(
      absl::StrCat("run ", run.run_id, " no longer holds config ", A(config_id),
                   ": another run took it while this one showed no life; it must stop"));
}

bool Hinders(std::string_view holder_connection, const RunRequest& request) {
  return !request.take_over || holder_connection != request.connection;
}

std::string_view UnfinishedStatus(bool lock_held) { return lock_held ? "running" : "dead"; }

}  // namespace shunt
