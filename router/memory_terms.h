// MemoryPlan: the memory bound of a run as a sum with names, and the limits that follow from it.
#pragma once

#include <cstdint>
#include <vector>

#include "router/options.h"

namespace shunt {

struct MemoryPlan {
  uint32_t chunks = 0;
  uint64_t value_bytes_max = 0;  // the longest message that is copied out of the stream
  uint64_t state_body_bytes = 0;
  uint64_t outstanding_states_max = 0;
  std::size_t log_lane_bytes = 0;
  std::vector<MemoryTerm> terms;
};

MemoryPlan PlanMemory(const RouterOptions& options, int classifiers);

}  // namespace shunt
