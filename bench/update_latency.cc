// How long a config update takes from its write into the source's pipe until the store has it,
// while records move or the destination reads nothing. The real router between two pipes, on a real
// SQLite file, with a store in front of it that looks at the clock, and waits when it is told to.
//
//   update_latency [FLAGS] FILE STORE
//
//   --updates-per-second 50    0: none; -1: as fast as they go
//   --milliseconds 2000        how long the source writes; or, when not 0,
//   --megabytes 0              how much
//   --bytes-per-second 0       of records; 0: as fast as they go
//   --stalled 0                1: the destination reads nothing before the source is done
//   --commit-milliseconds 0    what the store takes more for every commit
//
// FILE holds records, one a line; STORE is the path of a new SQLite file. Prints one line of JSON.
// The program ends when the destination has everything and, unless commits are slow, so has the
// store.

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/peers/child.h"
#include "bench/peers/flags.h"
#include "bench/peers/mapped_file.h"
#include "bench/peers/pace.h"
#include "bench/peers/percentiles.h"
#include "connectors/stream_connector.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "router/router.h"
#include "stores/forwarding_store.h"

namespace shunt::bench {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;
// Of a stalled run, so that the last update is within the read-ahead.
constexpr std::size_t kStalledBytesMax = 6 << 20;

void SleepUntil(int64_t nanoseconds) {
  const int64_t left = nanoseconds - MonotonicNanoseconds();
  if (left <= 0) return;
  const timespec pause{left / 1'000'000'000, left % 1'000'000'000};
  ::nanosleep(&pause, nullptr);
}

// When each update was written and when it was durable; its number is its emitted_at.
struct Updates {
  std::mutex mutex;
  std::vector<int64_t> written, durable, commits;
};

std::string UpdateLine(std::size_t number) {
  return R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)" +
         std::to_string(number) +
         R"(,"connectorConfig":{"config":{"host":"db.example","port":5432,)" +
         R"("access_token":"at-)" + std::to_string(number) + R"(-0123456789abcdef0123456789",)" +
         R"("refresh_token":"rt-)" + std::to_string(number) + "-0123456789abcdef0123456789\"}}}}\n";
}

class TimedStore final : public ForwardingStore {
 public:
  TimedStore(Store& inner, Updates& updates, int64_t commit_milliseconds)
      : ForwardingStore(inner), updates_(updates), commit_milliseconds_(commit_milliseconds) {}

  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override {
    std::vector<std::size_t> numbers;
    const int64_t begin = MonotonicNanoseconds();
    SleepUntil(begin + commit_milliseconds_ * 1'000'000);
    const absl::Status status = inner_.UpdateConfig(config_id, [&](const ConfigDocument& stored) {
      absl::StatusOr<ConfigChange> change = decide(stored);
      numbers.clear();
      for (const JournalRow& row : change->rows) numbers.push_back(std::stoul(row.emitted_at_text));
      return change;
    });
    SHUNT_CHECK(status.ok());
    const int64_t now = MonotonicNanoseconds();
    const std::lock_guard<std::mutex> lock(updates_.mutex);
    updates_.commits.push_back(now - begin);
    updates_.durable.resize(std::max(updates_.durable.size(), updates_.written.size()));
    for (const std::size_t number : numbers) updates_.durable[number] = now;
    return status;
  }

 private:
  Updates& updates_;
  const int64_t commit_milliseconds_;
};

// Writes whole records, and an update between two pieces when one is due.
class Source {
 public:
  Source(const Flags& flags, std::string_view records, int fd, Updates& updates)
      : flags_(flags), records_(records), fd_(fd), updates_(updates) {}

  void Run() {
    const int64_t begin = MonotonicNanoseconds();
    const int64_t end = begin + flags_["milliseconds"] * 1'000'000;
    const std::size_t bytes_max = static_cast<std::size_t>(flags_["megabytes"]) * 1'000'000;
    const bool stalled = flags_["stalled"] != 0;
    Pace pace(flags_["bytes-per-second"]);
    while (bytes_max != 0 ? bytes_ < bytes_max : MonotonicNanoseconds() < end) {
      WriteDueUpdates(begin);
      if (stalled && bytes_ >= kStalledBytesMax) {
        SleepUntil(NextUpdateAt(begin));
        continue;
      }
      const std::string_view piece = NextPiece();
      if (!WriteAll(fd_, piece)) break;
      bytes_ += piece.size();
      pace.Spend(piece.size());
      if (stalled) SleepUntil(NextUpdateAt(begin));
    }
    ::close(fd_);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  int64_t NextUpdateAt(int64_t begin) const {
    const int64_t rate = flags_["updates-per-second"];
    return begin + static_cast<int64_t>(sent_ + 1) * 1'000'000'000 / rate;
  }

  void WriteDueUpdates(int64_t begin) {
    const int64_t rate = flags_["updates-per-second"];
    if (rate == 0) return;
    while (rate < 0 ? !wrote_now_ : NextUpdateAt(begin) <= MonotonicNanoseconds()) {
      const std::string line = UpdateLine(sent_);
      {
        const std::lock_guard<std::mutex> lock(updates_.mutex);
        updates_.written.push_back(MonotonicNanoseconds());
      }
      ++sent_;
      if (!WriteAll(fd_, line)) return;
      wrote_now_ = true;
    }
    wrote_now_ = false;
  }

  std::string_view NextPiece() {
    if (flags_["updates-per-second"] < 0) return {};
    if (at_ >= records_.size()) at_ = 0;
    const std::size_t newline = records_.rfind('\n', at_ + kPieceBytes);
    const std::string_view piece = records_.substr(at_, newline + 1 - at_);
    at_ += piece.size();
    return piece;
  }

  const Flags& flags_;
  const std::string_view records_;
  const int fd_;
  Updates& updates_;
  std::size_t at_ = 0, bytes_ = 0, sent_ = 0;
  bool wrote_now_ = false;
};

// Takes everything; when the last byte came.
int64_t Drain(int fd) {
  std::vector<char> buffer(std::size_t{256} << 10);
  int64_t last = MonotonicNanoseconds();
  while (::read(fd, buffer.data(), buffer.size()) > 0) last = MonotonicNanoseconds();
  return last;
}

class Silence final : public EventSink {
  void Log(Origin, LogLevel, std::string_view) override {}
};

RouterOptions OptionsOf(const RunHandle& run) {
  RouterOptions options;
  options.run = run;
  options.catalog =
      *ParseConfiguredCatalog(R"({"streams":[{"stream":{"name":"users","namespace":"public",)"
                              R"("json_schema":{}},"sync_mode":"full_refresh",)"
                              R"("destination_sync_mode":"append"},{"stream":{"name":"users",)"
                              R"("json_schema":{}},"sync_mode":"full_refresh",)"
                              R"("destination_sync_mode":"append"}]})");
  options.source.config_id = "bench/source";
  options.destination.config_id = "bench/destination";
  return options;
}

std::unique_ptr<StreamConnector> ConnectorOf(const StreamEndpoints& ends) {
  absl::StatusOr<std::unique_ptr<StreamConnector>> connector = StreamConnector::Open(ends);
  SHUNT_CHECK(connector.ok());
  return *std::move(connector);
}

StreamEndpoint Descriptor(int fd) {
  return {.kind = StreamEndpoint::Kind::kDescriptor, .path = {}, .fd = fd};
}

void Print(const Updates& updates, std::size_t bytes, int64_t begin, int64_t last_byte) {
  std::vector<int64_t> ages;
  int64_t last_durable = begin;
  for (std::size_t i = 0; i < updates.durable.size(); ++i) {
    if (updates.durable[i] == 0) continue;
    ages.push_back(updates.durable[i] - updates.written[i]);
    last_durable = std::max(last_durable, updates.durable[i]);
  }
  const double seconds = static_cast<double>(last_byte - begin) / 1e9;
  std::printf("{\"updates\":%zu,\"gb_per_s\":%.6f,\"seconds\":%.6f", updates.written.size(),
              static_cast<double>(bytes) / seconds / 1e9, seconds);
  if (!ages.empty()) {
    const double until = static_cast<double>(last_durable - begin) / 1e9;
    std::printf(",\"durable\":%zu,\"durable_per_s\":%.1f,\"latency\":{%s},\"commit\":{%s}",
                ages.size(), static_cast<double>(ages.size()) / until,
                PercentilesToJsonMembers(ages).c_str(),
                PercentilesToJsonMembers(updates.commits).c_str());
  }
  std::printf("}\n");
  std::fflush(stdout);
}

int Run(const Flags& flags) {
  if (flags.rest()[0] == nullptr || flags.rest()[1] == nullptr) return 2;
  ::alarm(120);
  const std::string_view records = MapFileOrDie(flags.rest()[0]);
  absl::StatusOr<std::unique_ptr<Store>> sqlite =
      OpenStore(std::string("sqlite:") + flags.rest()[1]);
  SHUNT_CHECK(sqlite.ok());
  Updates updates;
  TimedStore store(**sqlite, updates, flags["commit-milliseconds"]);
  const absl::StatusOr<RunHandle> run = store.BeginRun("bench", "run", absl::UnixEpoch(), false);
  SHUNT_CHECK(run.ok());

  absl::StatusOr<Pipe> in = MakePipe(), out = MakePipe(), go = MakePipe();
  SHUNT_CHECK(in.ok() && out.ok() && go.ok());
  const std::unique_ptr<StreamConnector> source =
      ConnectorOf({.output = Descriptor(in->read_end.release()), .log = {}, .input = {}});
  const std::unique_ptr<StreamConnector> destination =
      ConnectorOf({.output = {}, .log = {}, .input = Descriptor(out->write_end.release())});
  Silence events;
  absl::StatusOr<std::unique_ptr<Router>> router =
      Router::Create(OptionsOf(*run), {*source, *destination, store, events, SystemClock()});
  SHUNT_CHECK(router.ok());

  const int64_t begin = MonotonicNanoseconds();
  Source writer(flags, records, in->write_end.release(), updates);
  const bool stalled = flags["stalled"] != 0;
  std::thread feeding([&] {
    writer.Run();
    go->write_end.reset();
  });
  std::thread draining([&] {
    char byte;
    if (stalled) static_cast<void>(!::read(go->read_end.get(), &byte, 1));
    const int64_t last_byte = Drain(out->read_end.get());
    if (flags["commit-milliseconds"] == 0) return;
    const std::lock_guard<std::mutex> lock(updates.mutex);
    Print(updates, writer.bytes(), begin, last_byte);
    ::_exit(0);  // not after the store, which takes its time
  });
  const absl::StatusOr<Report> report = (*router)->Run();
  feeding.join();
  draining.join();
  SHUNT_CHECK(report.ok() && report->exit_code == 0);
  Print(updates, writer.bytes(), begin, MonotonicNanoseconds());
  return 0;
}

}  // namespace
}  // namespace shunt::bench

int main(int argc, char** argv) {
  return shunt::bench::Run(shunt::bench::Flags(argc, argv,
                                               {{"updates-per-second", 50},
                                                {"milliseconds", 2000},
                                                {"megabytes", 0},
                                                {"bytes-per-second", 0},
                                                {"stalled", 0},
                                                {"commit-milliseconds", 0}}));
}
