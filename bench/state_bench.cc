// What a STATE costs: reading it, and the ledger's part in it.
//
//   bazel run //bench:state_bench

#include <string>

#include "benchmark/benchmark.h"
#include "protocol/state.h"
#include "stages/checkpoint_ledger.h"

namespace shunt::bench {
namespace {

std::string StreamState(std::size_t blob_bytes) {
  return R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users",)"
         R"("namespace":"public"},"stream_state":{"cursor":"2024-03-01T12:00:00Z","seen":")" +
         std::string(blob_bytes, 'x') + R"("}},"sourceStats":{"recordCount":100.0}}})" + "\n";
}

void BM_ParseState(benchmark::State& state) {
  const std::string line = StreamState(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const absl::StatusOr<StateMessage> message = ParseState(line);
    if (!message.ok()) return state.SkipWithError("not a state");
    benchmark::DoNotOptimize(message->digest.low);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * line.size()));
}

// Announced, then acknowledged, with so many others on their way.
void BM_LedgerAnnounceAcknowledge(benchmark::State& state) {
  const uint64_t waiting = static_cast<uint64_t>(state.range(0));
  const LaneKey lane{StateType::kStream, {"users", "public"}};
  CheckpointLedger ledger;
  CoveredSum records;
  uint64_t announced = 0, acknowledged = 0;
  const auto announce = [&ledger, &lane, &announced] {
    ++announced;
    (void)ledger.Announce(lane,
                          {.number = announced,
                           .digest = {.high = 1, .low = announced},
                           .covered = {{.stream = 0, .records = 100, .bytes = 45'000}}},
                          R"({"cursor":"2024-03-01T12:00:00Z"})");
  };
  while (announced < waiting) announce();
  for (auto _ : state) {
    announce();
    ++acknowledged;
    const auto ack = ledger.Acknowledge(lane, {.high = 1, .low = acknowledged}, &records);
    if (!ack.ok() || ack->covered != 1) return state.SkipWithError("not the oldest");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

// One acknowledgement covers many.
void BM_LedgerCover(benchmark::State& state) {
  const uint64_t covered = static_cast<uint64_t>(state.range(0));
  const LaneKey lane{StateType::kStream, {"users", "public"}};
  CheckpointLedger ledger;
  CoveredSum records;
  uint64_t number = 0;
  for (auto _ : state) {
    for (uint64_t i = 0; i < covered; ++i) {
      ++number;
      (void)ledger.Announce(lane,
                            {.number = number, .digest = {.high = 1, .low = number}, .covered = {}},
                            R"({"cursor":"2024-03-01T12:00:00Z"})");
    }
    const auto ack = ledger.Acknowledge(lane, {.high = 1, .low = number}, &records);
    if (!ack.ok() || ack->covered != covered) {
      return state.SkipWithError("not all are covered");
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * covered));
}

BENCHMARK(BM_ParseState)->Arg(0)->Arg(10 << 10)->Arg(1 << 20);
BENCHMARK(BM_LedgerAnnounceAcknowledge)->Arg(0)->Arg(1000);
BENCHMARK(BM_LedgerCover)->Arg(1000);

}  // namespace
}  // namespace shunt::bench
