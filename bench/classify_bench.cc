// How fast one core reads record lines in memory, by line length.
//
//   bazel run //bench:classify_bench
//
// The bytes exceed the caches and are read in blocks of 256 KiB as the router does (a longer line
// is handed over in parts of that size). "messages" is the rate of lines.

#include <string_view>
#include <vector>

#include "bench/blocks.h"
#include "benchmark/benchmark.h"
#include "protocol/line_classifier.h"

namespace shunt::bench {
namespace {

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

void RunClassifier(benchmark::State& state, Validation validation, Corpus corpus,
                   uint32_t streams = 1) {
  const Blocks input({.line_bytes = static_cast<std::size_t>(state.range(0)),
                      .corpus = corpus,
                      .streams = streams});
  const ConfiguredCatalog catalog = MakeCatalog(streams);
  ClassifierOptions options;
  options.validation = validation;
  options.block_bytes_max = kBlockBytes;
  LineClassifier classifier(options, &catalog);
  ClassifiedBlock out;
  uint64_t records = 0;
  for (auto _ : state) {
    for (const std::string_view block : input.blocks()) {
      Classify(&classifier, block, &out);
      records += out.counts[LineKind::kRecord];
      benchmark::DoNotOptimize(out.items.data());
    }
  }
  if (records != input.lines() * state.iterations()) {
    state.SkipWithError("not every line is a record");
  }
  input.Report(state);
}

void BM_Full(benchmark::State& state) { RunClassifier(state, Validation::kFull, Corpus::kRows); }
void BM_FullDense(benchmark::State& state) {
  RunClassifier(state, Validation::kFull, Corpus::kDense);
}
void BM_Envelope(benchmark::State& state) {
  RunClassifier(state, Validation::kEnvelope, Corpus::kRows);
}
void BM_EnvelopeDense(benchmark::State& state) {
  RunClassifier(state, Validation::kEnvelope, Corpus::kDense);
}

// Every line of another stream, at random.
void BM_FullManyStreams(benchmark::State& state) {
  RunClassifier(state, Validation::kFull, Corpus::kRows, static_cast<uint32_t>(state.range(1)));
}

BENCHMARK(BM_Full)->Apply(Lengths);
BENCHMARK(BM_FullDense)->Apply(Lengths);
BENCHMARK(BM_Envelope)->Apply(Lengths);
BENCHMARK(BM_EnvelopeDense)->Apply(Lengths);
BENCHMARK(BM_FullManyStreams)
    ->ArgsProduct({{136, 450, 1024}, {10, 10'000}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace shunt::bench
