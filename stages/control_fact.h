// ControlFact: a line that belongs to the control lane, copied out of the stream at once.
// Never dropped: a full lane makes the sender wait. Bound: kControlLaneBytes wait at most; less
// with a memory budget below the default (router/memory_terms.cc).
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "lanes/lane.h"
#include "protocol/message.h"

namespace shunt {

// Updates never stall records while fewer bytes than this wait (contract decision 10).
inline constexpr std::size_t kControlLaneBytes = std::size_t{16} << 20;

struct ControlFact {
  Origin origin = Origin::kSource;
  uint64_t seq = 0;  // the number of the line in that pipe, from 1; pieces of a glued line count on
  absl::Time received_at;
  std::string line;
  bool quarantine_only = false;  // malformed, text or cut, and may hold a config: kept, not applied
};

using ControlLane = Lane<ControlFact>;

}  // namespace shunt
