// What a commit costs. The speed of light beside it: a rollback journal cannot do with fewer than
// four syncs (journal, its header, database, directory), so that many bare ones are timed too.
//
//   bazel run //tests/stores:store_benchmark -- --benchmark_filter=Commit
//
// The store lies under TMPDIR (/tmp): figures are those of the disk it is on.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "platform/check.h"
#include "stores/store.h"

namespace shunt {
namespace {

class BenchDir {
 public:
  BenchDir() {
    const char* const base = ::getenv("TMPDIR");
    path_ = std::string(base == nullptr ? "/tmp" : base) + "/shunt-bench-XXXXXX";
    SHUNT_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~BenchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::unique_ptr<Store> OpenOrDie(const std::string& url) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenStore(url);
  SHUNT_CHECK(store.ok());
  return *std::move(store);
}

void CommitLoop(benchmark::State& state, Store& store) {
  const auto lanes = static_cast<std::size_t>(state.range(0));
  const auto bytes = static_cast<std::size_t>(state.range(1));
  const absl::StatusOr<RunHandle> run = store.BeginRun("bench", "run", absl::UnixEpoch(), false);
  SHUNT_CHECK(run.ok());
  std::vector<CheckpointWrite> writes(lanes);
  for (std::size_t i = 0; i < lanes; ++i) {
    writes[i] = {StateType::kStream, {"stream" + std::to_string(i), {}}, std::string(bytes, 'x')};
  }
  char digit = '0';
  for (auto _ : state) {
    digit = digit == '9' ? '0' : static_cast<char>(digit + 1);
    for (CheckpointWrite& write : writes) write.blob->front() = digit;
    SHUNT_CHECK(store.CommitCheckpoints(*run, absl::UnixEpoch(), writes).ok());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(lanes * bytes));
}

void CommitSqlite(benchmark::State& state) {
  BenchDir directory;
  CommitLoop(state, *OpenOrDie("sqlite:" + (directory / "store.db")));
}
BENCHMARK(CommitSqlite)
    ->ArgNames({"lanes", "bytes"})
    ->Args({1, 200})
    ->Args({10, 200})
    ->Args({100, 200})
    ->Args({1, 1 << 20})
    ->Args({1, 20 << 20})
    ->UseRealTime();

void CommitMemory(benchmark::State& state) { CommitLoop(state, *OpenOrDie("memory:")); }
BENCHMARK(CommitMemory)->ArgNames({"lanes", "bytes"})->Args({1, 200})->Args({10, 200});

void UpdateConfigSqlite(benchmark::State& state) {
  BenchDir directory;
  const std::unique_ptr<Store> store = OpenOrDie("sqlite:" + (directory / "store.db"));
  int64_t seq = 0;
  for (auto _ : state) {
    ++seq;
    const absl::Status status = store->UpdateConfig("id", [seq](const ConfigDocument& stored) {
      ConfigDocument document = stored;
      document.generation += 1;
      document.newest = {static_cast<double>(seq), 1, seq};
      document.keys.assign(20, {"key", std::to_string(seq), document.newest});
      JournalRow row;
      row.config_id = "id";
      row.run_id = "run";
      row.order = document.newest;
      return absl::StatusOr<ConfigChange>(ConfigChange{document, {row}});
    });
    SHUNT_CHECK(status.ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(UpdateConfigSqlite)->UseRealTime();

// Opening looks at every page (of a file of this many bytes).
void OpenSqlite(benchmark::State& state) {
  BenchDir directory;
  const std::string url = "sqlite:" + (directory / "store.db");
  const std::string blob(static_cast<std::size_t>(state.range(0)), 'x');
  SHUNT_CHECK(OpenOrDie(url)
                  ->ReplaceCheckpoint("bench", absl::UnixEpoch(), {{StateType::kLegacy, {}, blob}})
                  .ok());
  for (auto _ : state) OpenOrDie(url);
}
BENCHMARK(OpenSqlite)->Arg(1 << 10)->Arg(20 << 20)->Arg(200 << 20)->UseRealTime();

void FourSyncs(benchmark::State& state) {
  BenchDir directory;
  const int fd = ::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  SHUNT_CHECK(fd >= 0);
  const std::string page(4096, 'x');
  for (auto _ : state) {
    for (off_t i = 0; i < 4; ++i) {
      SHUNT_CHECK(::pwrite(fd, page.data(), page.size(), i * 4096) == 4096);
      SHUNT_CHECK(::fdatasync(fd) == 0);
    }
  }
  ::close(fd);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(FourSyncs)->UseRealTime();

}  // namespace
}  // namespace shunt
