// CheckpointStage: makes acknowledged states durable, many in one transaction.
//
// Bounds: at most one commit per kCommitInterval while the run goes on (an acknowledged state is
// durable within 1 s), at once when the run ends or the one before was full. Whether another run
// took over is asked at each commit, and every kFenceInterval when there is nothing to commit.
// Errors: a store that fails or a newer run that took over become faults; nothing is retried here,
// the store has waited its bounded time already (G45).
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "platform/clock.h"
#include "protocol/stream_index.h"
#include "stages/accounting.h"
#include "stages/commit.h"
#include "stages/fault.h"
#include "stages/run_state.h"
#include "stages/stage.h"
#include "stores/store.h"
#include "transforms/name_mapping.h"

namespace shunt {

inline constexpr absl::Duration kCommitInterval = absl::Milliseconds(200);
inline constexpr absl::Duration kFenceInterval = absl::Seconds(2);

class CheckpointStage final : public Stage {
 public:
  struct Account {
    std::vector<CommittedAccount> streams;
    uint64_t states_committed = 0;
    uint64_t rejected_of_many = 0;          // among the streams' records; of which, nobody knows
    bool moved = false;                     // something else became durable than was
    std::map<LaneKey, JsonDigest> durable;  // of every lane
  };
  // `start`: what is durable at the beginning. `names`: what the destination knows it by.
  CheckpointStage(Store& store, const RunHandle& handle, const ConfiguredCatalog& catalog,
                  const std::vector<StoredState>& start, const NameMapping& names,
                  CommitLane& commits, FaultLane& faults, const Clock& clock, RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;

  const Account& account() const { return account_; }  // once the run is over

 private:
  void Commit(CommitBatch&& batch);
  void AskWhetherTakenOver();
  void Fail(const absl::Status& status, std::string_view what);
  void CountCommitted(const CommitBatch& batch);

  Store& store_;
  const RunHandle handle_;
  const StreamIndex index_;
  CommitLane::Receiver commits_;
  FaultLane::Sender faults_;
  const Clock& clock_;
  RunState& run_;
  absl::Duration next_commit_at_ = absl::ZeroDuration();
  absl::Duration asked_at_;  // the store, whether another run took over
  bool failed_ = false;
  bool done_ = false;
  Account account_;
};

}  // namespace shunt
