// How fast one core reads record lines in memory, by line length, and what the machine allows at
// all.
//
//   bazel run //bench:classify_bench
//
// The bytes exceed the caches and are read in blocks of 256 KiB as the router does (a longer line
// is handed over in parts of that size). "messages" is the rate of lines.

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "bench/record_lines.h"
#include "benchmark/benchmark.h"
#include "protocol/line_classifier.h"

namespace shunt::bench {
namespace {

constexpr std::size_t kTotalBytes = 32 << 20;
constexpr std::size_t kBlockBytes = 256 << 10;
constexpr uint64_t kSeed = 17907;

// The lines, with padding, and where each block of whole lines ends.
struct Input {
  std::string bytes;
  std::size_t size = 0;
  uint64_t lines = 0;
  std::vector<std::string_view> blocks;
};

Input MakeInput(std::size_t line_bytes, uint32_t streams = 1, bool interleaved = false,
                int fields_max = 1 << 20) {
  Input input;
  input.bytes = MakeRecordLines(line_bytes, kTotalBytes, streams, interleaved, kSeed, fields_max);
  input.size = input.bytes.size();
  input.bytes.append(kLinePadding, ' ');
  const std::string_view all = std::string_view(input.bytes).substr(0, input.size);
  input.lines = static_cast<uint64_t>(std::count(all.begin(), all.end(), '\n'));
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = all.size();
    if (end - begin > kBlockBytes) {
      end = all.rfind('\n', begin + kBlockBytes - 1);
      if (end == std::string_view::npos || end < begin) end = all.find('\n', begin);
      ++end;
    }
    input.blocks.push_back(all.substr(begin, end - begin));
    begin = end;
  }
  return input;
}

void Report(benchmark::State& state, const Input& input) {
  const int64_t iterations = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<int64_t>(input.size));
  state.counters["messages"] =
      benchmark::Counter(static_cast<double>(input.lines) * static_cast<double>(iterations),
                         benchmark::Counter::kIsRate);
}

void Classify(LineClassifier* classifier, std::string_view block, ClassifiedBlock* out) {
  if (block.size() <= kBlockBytes) {
    classifier->Classify(block, out);
    return;
  }
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at < block.size(); at += kBlockBytes) {
    parts.push_back(block.substr(at, kBlockBytes));
  }
  classifier->ClassifyLong(parts, out);
}

void RunClassifier(benchmark::State& state, const Input& input, uint32_t streams,
                   Validation validation) {
  const ConfiguredCatalog catalog = MakeCatalog(streams);
  ClassifierOptions options;
  options.validation = validation;
  options.block_bytes_max = kBlockBytes;
  LineClassifier classifier(options, &catalog);
  ClassifiedBlock out;
  uint64_t records = 0;
  for (auto _ : state) {
    for (const std::string_view block : input.blocks) {
      Classify(&classifier, block, &out);
      records += out.counts[LineKind::kRecord];
      benchmark::DoNotOptimize(out.items.data());
    }
  }
  if (records != input.lines * state.iterations())
    state.SkipWithError("not every line is a record");
  Report(state, input);
}

void BM_Full(benchmark::State& state) {
  RunClassifier(state, MakeInput(static_cast<std::size_t>(state.range(0))), 1, Validation::kFull);
}

void BM_Envelope(benchmark::State& state) {
  RunClassifier(state, MakeInput(static_cast<std::size_t>(state.range(0))), 1,
                Validation::kEnvelope);
}

// Rows of five fields and a text, as documents and API answers have.
void BM_FullText(benchmark::State& state) {
  RunClassifier(state, MakeInput(static_cast<std::size_t>(state.range(0)), 1, false, 5), 1,
                Validation::kFull);
}

// Every line of another stream, at random.
void BM_FullManyStreams(benchmark::State& state) {
  const uint32_t streams = static_cast<uint32_t>(state.range(1));
  RunClassifier(state, MakeInput(static_cast<std::size_t>(state.range(0)), streams, true), streams,
                Validation::kFull);
}

// Speed of light: the stage that validates UTF-8 and strings, without reading what it found.
void BM_SimdjsonStage1(benchmark::State& state) {
  const Input input = MakeInput(static_cast<std::size_t>(state.range(0)));
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  if (simdjson::get_active_implementation()->create_dom_parser_implementation(2 << 20, 1, parser) !=
      simdjson::SUCCESS) {
    return state.SkipWithError("no parser");
  }
  for (auto _ : state) {
    for (const std::string_view block : input.blocks) {
      if (parser->stage1(reinterpret_cast<const uint8_t*>(block.data()), block.size(),
                         simdjson::stage1_mode::regular) != simdjson::SUCCESS) {
        return state.SkipWithError("stage 1 failed");
      }
      benchmark::DoNotOptimize(parser->n_structural_indexes);
    }
  }
  Report(state, input);
}

void BM_NewlineScan(benchmark::State& state) {
  const Input input = MakeInput(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (const std::string_view block : input.blocks) {
      const char* const end = block.data() + block.size();
      for (const char* p = block.data(); p != end;) {
        p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p))) + 1;
        benchmark::DoNotOptimize(p);
      }
    }
  }
  Report(state, input);
}

void BM_Memcpy(benchmark::State& state) {
  const Input input = MakeInput(static_cast<std::size_t>(state.range(0)));
  std::string copy(2 << 20, '\0');
  for (auto _ : state) {
    for (const std::string_view block : input.blocks) {
      std::memcpy(copy.data(), block.data(), block.size());
      benchmark::DoNotOptimize(copy.data());
      benchmark::ClobberMemory();
    }
  }
  Report(state, input);
}

void Lengths(benchmark::internal::Benchmark* bench) {
  for (const int length : {136, 450, 1024, 10 << 10, 1 << 20}) bench->Arg(length);
  bench->Unit(benchmark::kMillisecond);
}

BENCHMARK(BM_Full)->Apply(Lengths);
BENCHMARK(BM_Envelope)->Apply(Lengths);
BENCHMARK(BM_FullText)->Arg(450)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FullManyStreams)
    ->ArgsProduct({{136, 450}, {10, 10'000}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_SimdjsonStage1)->Apply(Lengths);
BENCHMARK(BM_NewlineScan)->Apply(Lengths);
BENCHMARK(BM_Memcpy)->Arg(450)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace shunt::bench
