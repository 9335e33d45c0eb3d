// What the benchmarks over lines share: the bytes, cut into blocks of whole lines as the router
// reads them, and how a run over them is reported.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/record_lines.h"
#include "benchmark/benchmark.h"

namespace shunt::bench {

inline constexpr std::size_t kBlockBytes = 256 << 10;

// More bytes than the caches hold, unless SHUNT_BENCH_QUICK is set: then it is only to work.
// Padding follows the last block.
class Blocks {
 public:
  explicit Blocks(const LineOptions& options);
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  const std::vector<std::string_view>& blocks() const { return blocks_; }
  std::string_view bytes() const { return std::string_view(bytes_).substr(0, size_); }
  uint64_t lines() const { return lines_; }

  // Bytes a second, and "messages", the lines of a second.
  void Report(benchmark::State& state) const;

 private:
  std::string bytes_;
  std::size_t size_ = 0;
  uint64_t lines_ = 0;
  std::vector<std::string_view> blocks_;
};

// The line lengths of the page.
void Lengths(benchmark::internal::Benchmark* bench);

}  // namespace shunt::bench
