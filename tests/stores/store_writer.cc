// A program that tests start and kill. What it announces on stdout is durable, or the store is
// wrong. WHERE is the path of an SQLite file or the URL of another store.
//
//   store_writer count WHERE RUN_ID [CALL]
//       begins a run, then writes n+1, n+2, ... as state and as config for ever; announces
//       "state N", "config N". With CALL: kills itself at that call to SQLite's storage, a write
//       half done.
//   store_writer alone WHERE RUN_ID CONFIG_ID
//       like count, in a run that has the config alone
//   store_writer once WHERE RUN_ID
//       begins a run, announces "begun", then does so once.
//   store_writer offer WHERE WRITER COUNT
//       offers COUNT updates in an order of its own, newest key wins
//   store_writer hold WHERE RUN_ID
//       begins a run, announces "begun", and waits for ever
//   store_writer fork WHERE RUN_ID
//       the same, but has a child that lives on and announces "begun PID"
//   store_writer open WHERE
//       opens the store, which makes its tables, and announces "open"
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/stores/fault_vfs.h"
#include "tests/stores/store_probe.h"

namespace shunt {
namespace {

int Fail(const absl::Status& status) {
  ::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

// One write of a whole line: a kill never leaves half an announcement.
void Announce(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) ::_exit(2);
}

// Only SQLite knows at once that the last one is dead.
bool TakesOver(const Store& store) { return store.url().find("sqlite:") != 0; }

int Count(Store& store, const std::string& run_id, bool for_ever,
          std::vector<std::string> exclusive_configs = {}) {
  const absl::StatusOr<RunHandle> run =
      store.BeginRun(RunRequest{.connection = kProbeConnection,
                                .run_id = run_id,
                                .now = absl::UnixEpoch(),
                                .take_over = TakesOver(store),
                                .exclusive_configs = std::move(exclusive_configs)});
  if (!run.ok()) return Fail(run.status());
  absl::StatusOr<int64_t> state = ReadProbeState(store);
  if (!state.ok()) return Fail(state.status());
  absl::StatusOr<int64_t> config = ReadProbeConfig(store);
  if (!config.ok()) return Fail(config.status());
  if (!for_ever) Announce("begun");
  do {
    ++*state;
    if (absl::Status status = WriteProbeState(store, *run, *state); !status.ok()) {
      return Fail(status);
    }
    Announce("state " + std::to_string(*state));
    ++*config;
    if (absl::Status status = WriteProbeConfig(store, *config); !status.ok()) return Fail(status);
    Announce("config " + std::to_string(*config));
  } while (for_ever);
  return 0;
}

int Offer(Store& store, int64_t writer, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t time = (i * 37 + writer * 11) % count;
    const OrderKey order{static_cast<double>(time), writer, i};
    const absl::Status status = store.UpdateConfig(kProbeConfig, [&](const ConfigDocument& stored) {
      JournalRow row;
      row.config_id = kProbeConfig;
      row.run_id = "writer " + std::to_string(writer);
      row.order = order;
      ConfigChange change;
      change.rows.push_back(row);
      if (!stored.exists() || order > stored.newest) {
        change.document = stored;
        change.document->generation += 1;
        change.document->newest = order;
      }
      return absl::StatusOr<ConfigChange>(change);
    });
    if (!status.ok()) return Fail(status);
  }
  return 0;
}

int Hold(Store& store, const std::string& run_id, bool leave_child) {
  const absl::StatusOr<RunHandle> run =
      store.BeginRun(kProbeConnection, run_id, absl::UnixEpoch(), false);
  if (!run.ok()) return Fail(run.status());
  if (leave_child) {
    // The child announces itself: then it has surely become another program.
    const char* const argv[] = {"sh", "-c", "echo begun $$; exec sleep 1000", nullptr};
    pid_t child = 0;
    if (::posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(argv),
                      environ) != 0) {
      return 1;
    }
  } else {
    Announce("begun");
  }
  for (;;) ::pause();
}

int Main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string_view what = argv[1];
  if (argc < 4 && what != "open") return 2;
  std::optional<FaultVfs> vfs;  // outlives the store
  if (what == "count" && argc > 4) {
    vfs.emplace();
    vfs->DieAt(::atoll(argv[4]));
  }
  StoreOptions options;
  options.run_lease = kProbeLease;
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(argv[2], options);
  if (!store.ok()) return Fail(store.status());
  if (what == "open") return Announce("open"), 0;
  if (what == "count" || what == "once") return Count(**store, argv[3], what == "count");
  if (what == "alone" && argc > 4) return Count(**store, argv[3], true, {argv[4]});
  if (what == "offer" && argc > 4) return Offer(**store, ::atoll(argv[3]), ::atoll(argv[4]));
  if (what == "hold") return Hold(**store, argv[3], false);
  if (what == "fork") return Hold(**store, argv[3], true);
  return 2;
}

}  // namespace
}  // namespace shunt

int main(int argc, char** argv) { return shunt::Main(argc, argv); }
