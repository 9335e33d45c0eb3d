// The whole router on one thread, from memory to memory: reading, classifying, forwarding,
// counting, the report. No process, no pipe.
//
//   bazel run //bench:router_bench

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "bench/blocks.h"
#include "benchmark/benchmark.h"
#include "connectors/connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "stores/memory_store.h"

namespace shunt::bench {
namespace {

// Plays back bytes that it does not own.
class Source final : public Connector {
 public:
  explicit Source(std::string_view left) : left_(left) {}

  IoResult ReadOutput(std::span<char> buffer) override {
    if (left_.empty()) return {IoState::kEnd, 0, 0};
    const std::size_t size = left_.copy(buffer.data(), buffer.size());
    left_.remove_prefix(size);
    return {IoState::kBytes, size, 0};
  }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  std::optional<ExitStatus> Exit() override {
    if (!left_.empty()) return std::nullopt;
    return ExitStatus{};
  }
  void Terminate() override {}
  void Kill() override {}

 private:
  std::string_view left_;
};

// Copies what it is given, as the kernel does for a pipe, and says nothing.
class Sink final : public Connector {
 public:
  IoResult WriteInput(std::span<const iovec> parts) override {
    std::size_t size = 0;
    for (const iovec& part : parts) {
      for (std::size_t at = 0; at < part.iov_len; at += sizeof(copy_)) {
        const std::size_t piece = std::min(sizeof(copy_), part.iov_len - at);
        std::memcpy(copy_, static_cast<const char*>(part.iov_base) + at, piece);
        benchmark::DoNotOptimize(copy_);
        benchmark::ClobberMemory();
      }
      size += part.iov_len;
    }
    bytes_ += size;
    return {IoState::kBytes, size, 0};
  }
  IoResult ReadOutput(std::span<char>) override {
    if (open_) return {};
    return {IoState::kEnd, 0, 0};
  }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override { open_ = false; }
  std::optional<ExitStatus> Exit() override {
    if (open_) return std::nullopt;
    return ExitStatus{};
  }
  void Terminate() override {}
  void Kill() override {}

  std::size_t bytes() const { return bytes_; }

 private:
  char copy_[64 << 10];
  std::size_t bytes_ = 0;
  bool open_ = true;
};

class Silence final : public EventSink {
  void Log(Origin, LogLevel, std::string_view) override {}
};

// True when every byte came through.
bool MoveOnce(std::string_view bytes, uint32_t streams, Validation validation) {
  Source source(bytes);
  Sink sink;
  Silence events;
  MemoryStore store;
  RouterOptions options;
  options.catalog = MakeCatalog(streams);
  options.threads = Threads::kInline;
  options.validation = validation;
  options.source.config_id = "bench/source";
  options.destination.config_id = "bench/destination";
  const absl::StatusOr<RunHandle> run = store.BeginRun("bench", "run", absl::UnixEpoch(), false);
  if (!run.ok()) return false;
  options.run = *run;
  absl::StatusOr<std::unique_ptr<Router>> router =
      Router::Create(options, {source, sink, store, events, SystemClock()});
  if (!router.ok()) return false;
  const absl::StatusOr<Report> report = (*router)->Run();
  return report.ok() && report->exit_code == 0 && sink.bytes() == bytes.size();
}

void RunRouter(benchmark::State& state, Validation validation, uint32_t streams = 1) {
  const Blocks input({.line_bytes = static_cast<std::size_t>(state.range(0)), .streams = streams});
  for (auto _ : state) {
    if (!MoveOnce(input.bytes(), streams, validation)) return state.SkipWithError("bytes are lost");
  }
  input.Report(state);
}

void BM_RouterFull(benchmark::State& state) { RunRouter(state, Validation::kFull); }
void BM_RouterEnvelope(benchmark::State& state) { RunRouter(state, Validation::kEnvelope); }
void BM_RouterManyStreams(benchmark::State& state) {
  RunRouter(state, Validation::kFull, static_cast<uint32_t>(state.range(1)));
}

BENCHMARK(BM_RouterFull)->Apply(Lengths);
BENCHMARK(BM_RouterEnvelope)->Apply(Lengths);
BENCHMARK(BM_RouterManyStreams)
    ->ArgsProduct({{136, 450, 1024}, {10, 10'000}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace shunt::bench
