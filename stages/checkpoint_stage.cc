#include "stages/checkpoint_stage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "transforms/state_names.h"

namespace shunt {
namespace {

// The digest that an equal state would have on its way to the destination.
std::optional<JsonDigest> StateDigest(const StoredState& state, const NameMapping& names) {
  std::vector<StoredState> one = {state};
  if (state.type == StateType::kGlobal && !names.identity()) {
    one[0].blob = MapBlobNames(state.blob, names);
  }
  // The array's brackets become those of the message. A state may be long: no copy more than
  // needed.
  std::string line = FormatStateArray(one);
  std::vector<StoredState>().swap(one);
  line.replace(0, 1, R"({"type":"STATE","state":)");
  line.back() = '}';
  const auto message = ParseState(line);
  if (!message.ok()) return std::nullopt;
  return message->digest;
}

}  // namespace

CheckpointStage::CheckpointStage(Store& store, const RunHandle& handle,
                                 const ConfiguredCatalog& catalog,
                                 const std::vector<StoredState>& start, const NameMapping& names,
                                 CommitLane& commits, FaultLane& faults, const Clock& clock,
                                 RunState& run)
    : store_(store),
      handle_(handle),
      index_(catalog),
      commits_(commits),
      faults_(faults),
      clock_(clock),
      run_(run),
      asked_at_(clock.MonoNow()) {
  account_.streams.resize(catalog.streams.size());
  for (const StoredState& state : start) {
    const auto digest = StateDigest(state, names);
    if (digest) account_.durable[{state.type, state.stream}] = *digest;
  }
}

Wait CheckpointStage::wait() const {
  if (done_) return {};
  const absl::Duration now = clock_.MonoNow();
  const absl::Duration left = next_commit_at_ - now;
  if (left > absl::ZeroDuration()) return {.at_most = left};
  if (failed_ || run_.discard.Get()) return {};
  return {.at_most = std::max(asked_at_ + kFenceInterval - now, absl::Milliseconds(1))};
}

absl::StatusOr<Step> CheckpointStage::Run() {
  if (done_) return Step::kDone;
  if (clock_.MonoNow() < next_commit_at_ && !run_.input_closed.Get()) return Step::kIdle;
  CommitBatch batch;
  if (!commits_.Receive(&batch)) {
    if (!commits_.closed()) {
      AskWhetherTakenOver();
      return Step::kIdle;
    }
    faults_.Close();
    done_ = true;
    return Step::kDone;
  }
  // Behind a full batch the next one waits already, and with it the reading of acks.
  const bool more_waits = batch.full();
  if (!failed_) Commit(std::move(batch));
  next_commit_at_ = clock_.MonoNow() + (more_waits ? absl::ZeroDuration() : kCommitInterval);
  return Step::kBusy;
}

void CheckpointStage::Commit(CommitBatch&& batch) {
  std::vector<CheckpointWrite> writes;
  writes.reserve(batch.lanes.size());
  for (auto& [lane, commit] : batch.lanes) {
    writes.push_back({lane.type, lane.stream, std::move(commit.blob)});
  }
  const absl::Status status = store_.CommitCheckpoints(handle_, clock_.WallNow(), writes);
  asked_at_ = clock_.MonoNow();
  if (status.ok()) {
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const LaneKey lane{writes[i].type, writes[i].stream};
      const auto known = account_.durable.find(lane);
      if (!writes[i].blob) {
        account_.moved |= account_.durable.erase(lane) > 0;
      } else if (known == account_.durable.end() || known->second != batch.lanes[lane].digest) {
        account_.durable[lane] = batch.lanes[lane].digest;
        account_.moved = true;
      }
    }
    CountCommitted(batch);
    return;
  }
  Fail(status, "a checkpoint could not be made durable");
}

// A run that was taken over must stop feeding the destination, and may have nothing to commit for
// long. A store that cannot tell says so at the next commit.
void CheckpointStage::AskWhetherTakenOver() {
  if (failed_ || run_.discard.Get() || clock_.MonoNow() - asked_at_ < kFenceInterval) return;
  const absl::Status status = store_.CommitCheckpoints(handle_, clock_.WallNow(), {});
  asked_at_ = clock_.MonoNow();
  if (absl::IsFailedPrecondition(status)) Fail(status, "the run must stop");
}

void CheckpointStage::Fail(const absl::Status& status, std::string_view what) {
  failed_ = true;
  const bool fenced = absl::IsFailedPrecondition(status);
  faults_.Send(MakeFault(fenced ? ExitCode::kFenced : ExitCode::kStoreFailed, Fault::Effect::kAbort,
                         Origin::kShunt, absl::StrCat(A(what), ": ", status.message())));
}

void CheckpointStage::CountCommitted(const CommitBatch& batch) {
  for (const auto& [stream, counts] : batch.covered.streams()) {
    account_.streams[stream].records += counts.records;
    account_.streams[stream].bytes += counts.bytes;
    account_.streams[stream].rejected += counts.rejected;
  }
  account_.rejected_of_many += batch.covered.rejected_of_many();
  for (const auto& [lane, commit] : batch.lanes) {
    account_.states_committed += commit.states;
    run_.states_committed.Add(commit.states);
    if (lane.type != StateType::kStream) continue;
    if (const auto stream = index_.Find(lane.stream)) {
      account_.streams[*stream].states += commit.states;
    }
  }
}

}  // namespace shunt
