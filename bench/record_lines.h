// Record lines for benchmarks in memory: rows of a given length, from a seed. The same two kinds as
// bench/corpus.py makes for the pipes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/catalog.h"

namespace shunt::bench {

enum class Corpus {
  kRows,   // what real sources print: names of ten letters, values of five to thirty
  kDense,  // the worst case: a token every five bytes
};

struct LineOptions {
  std::size_t line_bytes = 450;        // about, with LF; 136 at least
  std::size_t total_bytes = 32 << 20;  // or a little less; one line at least
  Corpus corpus = Corpus::kRows;
  uint32_t streams = 1;  // each line is one of them, at random
};

// `streams` streams named stream_0, ... in the namespace "public".
ConfiguredCatalog MakeCatalog(uint32_t streams);

std::string MakeRecordLines(const LineOptions& options);

}  // namespace shunt::bench
