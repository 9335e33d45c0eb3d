// What a config update costs: reading the line, and judging it on the stored config with a spec.
//
//   bazel run //bench:control_bench

#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "platform/check.h"
#include "protocol/spec.h"
#include "stages/control_reader.h"
#include "stages/control_sequencer.h"

namespace shunt::bench {
namespace {

constexpr int kKeys = 20;

// A config with many keys, of which the first is a token.
std::string Config(int64_t token) {
  std::string config = R"({"token":"secret-)" + std::to_string(token) + '"';
  for (int key = 1; key < kKeys; ++key) {
    config += ",\"option_" + std::to_string(key) + "\":" + std::to_string(key);
  }
  return config + "}";
}

std::string Line(int64_t number) {
  return R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)" +
         std::to_string(1'700'000'000'000 + number) + R"(,"connectorConfig":{"config":)" +
         Config(number) + "}}}\n";
}

std::shared_ptr<const ConnectorSpec> Spec() {
  auto spec = ConnectorSpec::Compile(
      R"({"type":"object","required":["token"],"properties":{"token":{"type":"string",)"
      R"("airbyte_secret":true},"option_1":{"type":"integer","minimum":0}}})");
  SHUNT_CHECK(spec.ok());
  return *std::move(spec);
}

ControlReader Reader() { return {Origin::kSource, "bench/source", "run", 1}; }

void BM_ControlRead(benchmark::State& state) {
  ControlReader reader = Reader();
  const WallWatch watch;
  const absl::Time now = absl::FromUnixMillis(1'700'000'000'000);
  const std::string line = Line(1);
  uint64_t seq = 0;
  for (auto _ : state) {
    if (!reader.Read(line, ++seq, now, watch)) return state.SkipWithError("not a control message");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

// Order, merge, validate: everything but the store.
void BM_ControlPlan(benchmark::State& state) {
  ControlReader reader = Reader();
  ControlSequencer sequencer(Origin::kSource, ConfigMode::kMerge, Spec());
  ConfigDocument document;
  const WallWatch watch;
  const absl::Time now = absl::FromUnixMillis(1'700'000'000'000);
  int64_t number = 0;
  for (auto _ : state) {
    ++number;
    auto arrival = reader.Read(Line(number), static_cast<uint64_t>(number), now, watch);
    if (!arrival) return state.SkipWithError("not a control message");
    const ControlArrivalPtr one = std::make_shared<const ControlArrival>(*std::move(arrival));
    const ControlPlan plan = sequencer.Plan(document, {&one, 1}, absl::Milliseconds(number), now);
    if (plan.verdicts.size() != 1 || plan.verdicts[0].verdict != Verdict::kApplied) {
      return state.SkipWithError("not applied");
    }
    document = *plan.change.document;
    sequencer.Commit(plan);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

BENCHMARK(BM_ControlRead);
BENCHMARK(BM_ControlPlan);

}  // namespace
}  // namespace shunt::bench
