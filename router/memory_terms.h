// MemoryPlan: the memory bound of a run as a sum with names, and the limits that follow from it.
// Before a run, the catalog is read while nothing of the run is there: that has a bound of its own.
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

// Were `memory_budget` the budget of these options.
MemoryPlan PlanMemory(const RouterOptions& options, int classifiers, int64_t memory_budget);

// What a config or a spec takes for each of its bytes, as text, as what was read of it and as what
// is looked for to mask it; and a state file or a checkpoint, until the source has it.
inline constexpr int64_t kBytesPerConfigByte = 20;
inline constexpr int64_t kBytesPerStateByte = 5;
// The program with an open store, before it has threads and chunks. Measured: 9.5 MiB.
inline constexpr int64_t kStartupBaseBytes = int64_t{21} << 19;

// What so many streams take during the run, beside their names.
int64_t StreamsBytes(int64_t streams);
// What reading a catalog takes, when there is no router yet: its text and what was read of it;
// `copies` of the text besides, where it is rewritten for the connectors.
int64_t CatalogStartupBytes(int64_t text_bytes, int64_t streams, int copies);
// The longest catalog, and the most streams in one of this length, that a budget has room for.
int64_t CatalogBytesMax(int64_t memory_budget, int copies);
int64_t CatalogStreamsMax(int64_t memory_budget, int64_t text_bytes, int copies);

}  // namespace shunt
