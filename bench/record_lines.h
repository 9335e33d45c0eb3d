// Record lines for benchmarks: realistic rows of a given length, from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/catalog.h"

namespace shunt::bench {

// `streams` streams named stream_0, ... in the namespace "public".
ConfiguredCatalog MakeCatalog(uint32_t streams);

// Whole lines, about `line_bytes` each with LF (136 at least), `total_bytes` or a little less, at
// least one. Record after record goes to the next stream when `interleaved`, else all to stream 0.
// Rows have `fields_max` short fields at most (about 25 bytes each, so that every fifth byte
// matters to the grammar); one text fills up the line.
std::string MakeRecordLines(std::size_t line_bytes, std::size_t total_bytes, uint32_t streams,
                            bool interleaved, uint64_t seed, int fields_max = 1 << 20);

}  // namespace shunt::bench
