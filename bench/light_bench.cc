// The speed of light: what this machine allows at all, over the same bytes as classify_bench.
//
//   bazel run //bench:light_bench

#include <simdjson.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/blocks.h"
#include "benchmark/benchmark.h"
#include "platform/io.h"

namespace shunt::bench {
namespace {

LineOptions Options(const benchmark::State& state, Corpus corpus = Corpus::kRows) {
  return {.line_bytes = static_cast<std::size_t>(state.range(0)), .corpus = corpus};
}

void BM_Memcpy(benchmark::State& state) {
  const Blocks input(Options(state));
  std::string copy(2 << 20, '\0');
  for (auto _ : state) {
    for (const std::string_view block : input.blocks()) {
      std::memcpy(copy.data(), block.data(), block.size());
      benchmark::DoNotOptimize(copy.data());
      benchmark::ClobberMemory();
    }
  }
  input.Report(state);
}

void BM_NewlineScan(benchmark::State& state) {
  const Blocks input(Options(state));
  for (auto _ : state) {
    for (const std::string_view block : input.blocks()) {
      const char* const end = block.data() + block.size();
      for (const char* p = block.data(); p != end;) {
        p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p))) + 1;
        benchmark::DoNotOptimize(p);
      }
    }
  }
  input.Report(state);
}

void BM_Utf8(benchmark::State& state) {
  const Blocks input(Options(state));
  for (auto _ : state) {
    for (const std::string_view block : input.blocks()) {
      if (!simdjson::validate_utf8(block.data(), block.size())) {
        return state.SkipWithError("not UTF-8");
      }
    }
  }
  input.Report(state);
}

// The stage that validates UTF-8 and strings and indexes, without reading what it found.
void RunStage1(benchmark::State& state, Corpus corpus) {
  const Blocks input(Options(state, corpus));
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  if (simdjson::get_active_implementation()->create_dom_parser_implementation(2 << 20, 1, parser) !=
      simdjson::SUCCESS) {
    return state.SkipWithError("no parser");
  }
  for (auto _ : state) {
    for (const std::string_view block : input.blocks()) {
      if (parser->stage1(reinterpret_cast<const uint8_t*>(block.data()), block.size(),
                         simdjson::stage1_mode::regular) != simdjson::SUCCESS) {
        return state.SkipWithError("stage 1 failed");
      }
      benchmark::DoNotOptimize(parser->n_structural_indexes);
    }
  }
  input.Report(state);
}

void BM_SimdjsonStage1(benchmark::State& state) { RunStage1(state, Corpus::kRows); }
void BM_SimdjsonStage1Dense(benchmark::State& state) { RunStage1(state, Corpus::kDense); }

// One thread writes blocks into a pipe, another reads them: what any two processes with a pipe
// between them need.
void BM_PipeCopy(benchmark::State& state) {
  const Blocks input({});
  absl::StatusOr<Pipe> pipe = MakePipe(static_cast<int>(state.range(0)));
  if (!pipe.ok()) return state.SkipWithError("no pipe");
  std::thread reader([&pipe] {
    std::vector<char> buffer(kBlockBytes);
    while (ReadSome(pipe->read_end.get(), buffer).state == IoState::kBytes) continue;
  });
  for (auto _ : state) {
    for (const std::string_view block : input.blocks()) {
      if (!WriteAll(pipe->write_end.get(), block).ok()) state.SkipWithError("write failed");
    }
  }
  pipe->write_end.reset();
  reader.join();
  input.Report(state);
}

BENCHMARK(BM_Memcpy)->Apply(Lengths);
BENCHMARK(BM_NewlineScan)->Apply(Lengths);
BENCHMARK(BM_Utf8)->Apply(Lengths);
BENCHMARK(BM_SimdjsonStage1)->Apply(Lengths);
BENCHMARK(BM_SimdjsonStage1Dense)->Apply(Lengths);
BENCHMARK(BM_PipeCopy)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace shunt::bench
