// RouterStats: a snapshot of a running router's counters, for progress lines. Each number is exact
// on its own; together they are of nearly the same instant.
#pragma once

#include <cstdint>
#include <string_view>

namespace shunt {

struct RouterStats {
  uint64_t records_read = 0;
  uint64_t bytes_read = 0;
  uint64_t records_forwarded = 0;
  uint64_t states_forwarded = 0;
  uint64_t states_committed = 0;
  uint64_t config_updates_applied = 0;
  uint64_t malformed_lines = 0;
  int64_t records_expected = -1;      // by the source's estimates; -1: they do not tell
  uint64_t catalog_records_read = 0;  // those of streams that the catalog has
  uint64_t rate_limited_streams = 0;  // now
  uint64_t bytes_moved = 0;           // forwarded without being copied
  uint64_t items_listed_max = 0;      // classified and not yet looked at, at once
  uint64_t chunks = 0;                // pieces of the source's stream that went through
  uint64_t hand_overs =
      0;  // values that went from stage to stage: chunks twice, states, lines, ...
  int64_t blocked_on_source_ms = 0;       // nothing to forward, source silent
  int64_t blocked_on_destination_ms = 0;  // something to forward, destination full
};

}  // namespace shunt
