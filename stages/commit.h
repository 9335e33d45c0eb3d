// Commit: acknowledged states on their way to the store. The ack stage coalesces them per lane, so
// that a slow store costs memory for one state per lane. Bounds: with kCommitBatchBytes a batch is
// full, and what comes on top waits, read or not, until the store takes it; one state alone may be
// longer. There are at most three batches: the one being gathered, in the lane, and at the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "lanes/lane.h"
#include "stages/checkpoint_ledger.h"

namespace shunt {

struct LaneCommit {
  std::optional<std::string> blob;  // empty: the lane is removed
  JsonDigest digest;
  uint64_t states = 0;  // how many states it covers
};

inline constexpr uint64_t kCommitBatchBytes = uint64_t{256} << 10;
// What a lane of a batch takes beside its names and its blob.
inline constexpr uint64_t kCommitLaneBytes = 320;

struct CommitBatch {
  std::map<LaneKey, LaneCommit> lanes;
  CoveredSum covered;  // by all of them
  uint64_t bytes = 0;
  bool full() const { return bytes >= kCommitBatchBytes; }
};

using CommitLane = Lane<CommitBatch>;

}  // namespace shunt
