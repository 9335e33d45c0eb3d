#include "bench/blocks.h"

#include <algorithm>
#include <cstdlib>

#include "protocol/limits.h"

namespace shunt::bench {
namespace {

LineOptions Wanted(LineOptions options) {
  if (std::getenv("SHUNT_BENCH_QUICK") != nullptr) options.total_bytes = 2 << 20;
  return options;
}

}  // namespace

Blocks::Blocks(const LineOptions& options)
    : bytes_(MakeRecordLines(Wanted(options))), size_(bytes_.size()) {
  bytes_.append(kLinePadding, ' ');
  const std::string_view all = bytes();
  lines_ = static_cast<uint64_t>(std::count(all.begin(), all.end(), '\n'));
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = all.size();
    if (end - begin > kBlockBytes) {
      end = all.rfind('\n', begin + kBlockBytes - 1);
      if (end == std::string_view::npos || end < begin) end = all.find('\n', begin);
      ++end;
    }
    blocks_.push_back(all.substr(begin, end - begin));
    begin = end;
  }
}

void Blocks::Report(benchmark::State& state) const {
  const int64_t iterations = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<int64_t>(size_));
  state.counters["messages"] = benchmark::Counter(
      static_cast<double>(lines_) * static_cast<double>(iterations), benchmark::Counter::kIsRate);
}

void Lengths(benchmark::internal::Benchmark* bench) {
  for (const int length : {136, 450, 1024, 10 << 10, 1 << 20}) bench->Arg(length);
  bench->Unit(benchmark::kMillisecond);
}

}  // namespace shunt::bench
