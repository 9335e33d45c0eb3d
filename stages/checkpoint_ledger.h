// CheckpointLedger: which states are on their way to the destination, and what an acknowledgement
// makes durable. Pure core: no clock, no thread, no I/O; bodies are somebody else's.
//
// Rules (contract decision 6, edge rule 3; G6, G11, G13, G15):
//  - A lane is one stream's STREAM states, all GLOBAL states, or all LEGACY states.
//  - An ack matches the oldest outstanding state of its lane with an equal blob, and covers the
//  earlier
//    ones of the lane. An ack that matches nothing changes nothing.
//  - A tainted state is never durable: an ack that covers it makes the newest clean one before it
//    durable.
//  - After a clean exit of the destination, everything in a lane up to its newest outstanding state
//  that
//    equals the lane's durable one is explained.
// Bound: memory is O(outstanding states); each is announced and covered once (amortised O(1)),
// except that an ack looks past the unequal states before its match.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "protocol/canonical_json.h"
#include "protocol/state.h"

namespace shunt {

struct LaneKey {
  StateType type = StateType::kLegacy;
  StreamDescriptor stream;  // kStream only
  auto operator<=>(const LaneKey&) const = default;
};

// Records that a state covers, since the previous state of its lane.
struct CoveredRecords {
  uint32_t stream = 0;  // index into the catalog
  uint64_t records = 0;
  uint64_t bytes = 0;
};

struct OutstandingState {
  uint64_t number = 0;  // 1, 2, ... in the order in which they were forwarded
  JsonDigest digest;
  bool tainted = false;
  bool removes_lane = false;  // a null stream state, or null LEGACY data
  std::vector<CoveredRecords> covered;
};

class CheckpointLedger {
 public:
  struct Ack {
    bool matched = false;
    std::vector<OutstandingState> covered;  // oldest first, no longer outstanding
    // Index into `covered` of the state that is to be made durable; empty when all were tainted.
    std::optional<std::size_t> durable;
  };

  // REQUIRES: numbers grow.
  void Announce(const LaneKey& lane, OutstandingState state);
  Ack Acknowledge(const LaneKey& lane, const JsonDigest& digest);

  // How many outstanding states are explained by `durable`, the lane's durable state; those states
  // are removed and appended to `explained`.
  void Explain(const LaneKey& lane, const JsonDigest& durable,
               std::vector<OutstandingState>* explained);

  uint64_t outstanding() const { return outstanding_; }

 private:
  std::map<LaneKey, std::deque<OutstandingState>> lanes_;
  uint64_t outstanding_ = 0;
  uint64_t last_number_ = 0;
};

}  // namespace shunt
