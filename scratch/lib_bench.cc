#include <benchmark/benchmark.h>
#include "scratch/lib.h"
static void BM(benchmark::State& s) { for (auto _ : s) benchmark::DoNotOptimize(Hello(1)); }
BENCHMARK(BM);
