#include "stages/checkpoint_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "platform/check.h"

namespace shunt {

void CheckpointLedger::Announce(const LaneKey& lane, OutstandingState state) {
  SHUNT_CHECK(state.number > last_number_);
  last_number_ = state.number;
  lanes_[lane].push_back(std::move(state));
  ++outstanding_;
}

CheckpointLedger::Ack CheckpointLedger::Acknowledge(const LaneKey& key, const JsonDigest& digest) {
  Ack ack;
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) return ack;
  std::deque<OutstandingState>& lane = found->second;
  const auto match = std::find_if(lane.begin(), lane.end(), [&](const OutstandingState& state) {
    return state.digest == digest;
  });
  if (match == lane.end()) return ack;
  ack.matched = true;
  const auto end = std::next(match);
  ack.covered.assign(std::make_move_iterator(lane.begin()), std::make_move_iterator(end));
  lane.erase(lane.begin(), end);
  outstanding_ -= ack.covered.size();
  for (std::size_t i = ack.covered.size(); i-- > 0;) {
    if (ack.covered[i].tainted) continue;
    ack.durable = i;
    break;
  }
  return ack;
}

void CheckpointLedger::Explain(const LaneKey& key, const JsonDigest& durable,
                               std::vector<OutstandingState>* explained) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) return;
  std::deque<OutstandingState>& lane = found->second;
  const auto newest = std::find_if(lane.rbegin(), lane.rend(), [&](const OutstandingState& state) {
    return state.digest == durable;
  });
  const auto count = std::distance(newest, lane.rend());
  const auto end = lane.begin() + count;
  std::move(lane.begin(), end, std::back_inserter(*explained));
  lane.erase(lane.begin(), end);
  outstanding_ -= static_cast<uint64_t>(count);
}

}  // namespace shunt
