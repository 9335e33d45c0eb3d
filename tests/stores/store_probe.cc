#include "tests/stores/store_probe.h"

#include <charconv>
#include <utility>
#include <vector>

namespace shunt {
namespace {

// Big enough for several pages, and no page holds both lanes: a torn commit cannot look whole.
std::string Blob(int64_t number) { return std::to_string(number) + std::string(6000, ' '); }

int64_t NumberOf(const std::string& text) {
  int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenProbe(const std::string& where,
                                                 const StoreOptions& options) {
  return OpenStore(where.front() == '/' ? "sqlite:" + where : where, options);
}

absl::Status WriteProbeState(Store& store, const RunHandle& run, int64_t number) {
  return store.CommitCheckpoints(run, absl::UnixEpoch(),
                                 {{StateType::kStream, {"first", {}}, Blob(number)},
                                  {StateType::kStream, {"second", {}}, Blob(number)}});
}

absl::Status WriteProbeConfig(Store& store, int64_t number) {
  return store.UpdateConfig(kProbeConfig, [number](const ConfigDocument& stored) {
    ConfigDocument document = stored;
    document.generation = number;
    document.newest = {static_cast<double>(number), 1, number};
    document.keys = {{"first", Blob(number), document.newest}, {"second", "1", document.newest}};
    JournalRow row;
    row.config_id = kProbeConfig;
    row.run_id = "run";
    row.order = document.newest;
    row.generation = number;
    return absl::StatusOr<ConfigChange>(ConfigChange{document, {row}});
  });
}

absl::StatusOr<int64_t> ReadProbeState(Store& store) {
  absl::StatusOr<std::vector<StoredState>> states = store.ReadCheckpoint(kProbeConnection);
  if (!states.ok()) return states.status();
  if (states->empty()) return -1;
  const int64_t number = NumberOf(states->front().blob);
  const bool whole =
      states->size() == 2 && (*states)[0].blob == Blob(number) && (*states)[1].blob == Blob(number);
  if (!whole) return absl::InternalError("a mixture of two checkpoints");
  return number;
}

absl::StatusOr<int64_t> ReadProbeConfig(Store& store) {
  absl::StatusOr<ConfigDocument> document = store.ReadConfig(kProbeConfig);
  absl::StatusOr<std::vector<JournalRow>> journal = std::vector<JournalRow>();
  while (true) {
    if (!document.ok()) return document.status();
    journal = store.ReadJournal(kProbeConfig);
    if (!journal.ok()) return journal.status();
    // Two calls: somebody may have written between them.
    absl::StatusOr<ConfigDocument> after = store.ReadConfig(kProbeConfig);
    if (after.ok() && *after == *document) break;
    document = std::move(after);
  }
  const int64_t number = document->generation;
  if (number < 0 && journal->empty() && document->keys.empty()) return -1;
  const bool whole = document->newest.seq == number && document->keys.size() == 2 &&
                     document->keys[0].value == Blob(number) &&
                     document->keys[1].order == document->newest && !journal->empty() &&
                     journal->back().generation == number;
  if (!whole) return absl::InternalError("a mixture of two configs");
  return number;
}

}  // namespace shunt
