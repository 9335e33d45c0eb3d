// Commit: acknowledged states on their way to the store. The ack stage coalesces them per lane, so
// that a slow store costs memory for one state per lane and never slows the reading of acks (G38).
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

struct CommitBatch {
  std::map<LaneKey, LaneCommit> lanes;
  CoveredSum covered;  // by all of them
};

using CommitLane = Lane<CommitBatch>;

}  // namespace shunt
