#include "stores/memory_store.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "platform/entropy.h"
#include "stores/journal_retention.h"
#include "stores/run_retention.h"
#include "stores/store_rules.h"

namespace shunt {
namespace {

struct Run {
  RunRecord record;                    // `status` is empty until it is finished
  const MemoryStore* owner = nullptr;  // who holds its lock; none: nobody
  std::set<std::string, std::less<>> exclusive_configs;
  std::string taken_config;  // one that it held and somebody took from it; "": none
};

using Lanes = std::map<StreamDescriptor, StoredState>;  // in the order in which they are listed

struct Past {
  PastCheckpoint checkpoint;
  int64_t epoch = 0;  // of the run that replaced it; 0: none did
  std::vector<StoredState> states;
};

// Whether both are kept and hold the same.
bool IsTwin(const Past& a, const Past& b) {
  return a.checkpoint.bytes <= kPastBytesMax && b.checkpoint.kept &&
         std::equal(a.states.begin(), a.states.end(), b.states.begin(), b.states.end(),
                    [](const StoredState& x, const StoredState& y) {
                      return x.type == y.type && x.stream == y.stream && x.blob == y.blob;
                    });
}

struct Config {
  ConfigDocument document;
  std::vector<JournalRow> journal;
};

bool SameUpdate(const JournalRow& a, const JournalRow& b) {
  return a.run_id == b.run_id && a.writer == b.writer && a.order.seq == b.order.seq;
}

void WriteRow(std::vector<JournalRow>& journal, const JournalRow& row) {
  for (JournalRow& old : journal) {
    if (SameUpdate(old, row)) {
      old = row;
      return;
    }
  }
  journal.push_back(row);
}

void Forget(std::vector<JournalRow>& journal, absl::Time now) {
  std::vector<JournalSummary> rows;
  rows.reserve(journal.size());
  for (const JournalRow& row : journal) {
    rows.push_back({static_cast<int64_t>(rows.size()), row.verdict, row.alert, row.received_at,
                    JournalBytes(row)});
  }
  std::set<int64_t> forgotten;
  for (const int64_t id : RowsToForget(rows, now)) forgotten.insert(id);
  int64_t id = 0;
  std::erase_if(journal, [&](const JournalRow&) { return forgotten.contains(id++); });
}

RunRecord ToRecord(const Run& run) {
  RunRecord record = run.record;
  if (!record.finished_at) record.status = UnfinishedStatus(run.owner != nullptr);
  return record;
}

}  // namespace

struct MemoryStore::Content {
  const std::string id = SystemEntropy().HexId();
  std::mutex mutex;
  // Guarded by mutex.
  std::string seal;
  std::vector<Run> runs;  // by epoch
  int64_t last_epoch = 0;
  std::map<std::string, Lanes, std::less<>> checkpoints;
  std::map<std::string, std::deque<Past>, std::less<>> past;  // newest first
  int64_t past_id = 0;
  std::map<std::string, Config, std::less<>> configs;

  Config ConfigOf(std::string_view config_id) const {
    const auto found = configs.find(config_id);
    Config config = found == configs.end() ? Config() : found->second;
    config.document.store_seal = seal;
    return config;
  }

  absl::Status Write(std::string_view config_id, const ConfigChange& change) {
    const ConfigDocument stored = ConfigOf(config_id).document;
    if (absl::Status status = CheckChange(config_id, stored, change); !status.ok()) return status;
    if (change.seal) seal = *change.seal;
    if (!change.document && change.rows.empty()) return absl::OkStatus();
    Config& config = configs[std::string(config_id)];
    if (change.document) config.document = *change.document;
    for (const JournalRow& row : change.rows) WriteRow(config.journal, row);
    return absl::OkStatus();
  }

  std::vector<StoredState> StatesOf(std::string_view connection) const {
    std::vector<StoredState> states;
    const auto lanes = checkpoints.find(connection);
    if (lanes == checkpoints.end()) return states;
    for (const auto& [lane, state] : lanes->second) states.push_back(state);
    return states;
  }

  // Before the checkpoint is replaced.
  void KeepPast(std::string_view connection, absl::Time now, std::string_view cause,
                const std::optional<RunHandle>& run) {
    std::deque<Past>& entries = past[std::string(connection)];
    const auto is_its = [&](const Past& entry) { return run && entry.epoch == run->epoch; };
    if (std::any_of(entries.begin(), entries.end(), is_its)) return;
    Past entry{.checkpoint = {.id = ++past_id,
                              .replaced_at = now,
                              .cause = std::string(cause),
                              .run_id = run ? run->run_id : "",
                              .type = std::nullopt},
               .epoch = run ? run->epoch : 0,
               .states = StatesOf(connection)};
    if (!entry.states.empty()) entry.checkpoint.type = entry.states.front().type;
    entry.checkpoint.lanes = static_cast<int64_t>(entry.states.size());
    for (const StoredState& state : entry.states) {
      entry.checkpoint.bytes += static_cast<int64_t>(state.blob.size());
    }
    if (!entries.empty() && IsTwin(entry, entries.front())) entries.pop_front();
    entries.push_front(std::move(entry));
    if (entries.size() > static_cast<std::size_t>(kPastCheckpointsMax)) entries.pop_back();
    int64_t bytes = 0;
    for (Past& old : entries) {
      const bool fits_alone = old.checkpoint.bytes <= kPastBytesMax;
      if (fits_alone) bytes += old.checkpoint.bytes;
      if (old.checkpoint.bytes == 0 || (fits_alone && bytes <= kPastBytesMax)) continue;
      old.checkpoint.kept = false;
      old.states.clear();
    }
  }

  Run* NewestRun(std::string_view connection) {
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      if (run->record.handle.connection == connection) return &*run;
    }
    return nullptr;
  }

  // The run of this handle; none when the handle is not ours.
  Run* RunOf(const RunHandle& handle) {
    const auto run =
        std::lower_bound(runs.begin(), runs.end(), handle.epoch,
                         [](const Run& a, int64_t epoch) { return a.record.handle.epoch < epoch; });
    if (run == runs.end()) return nullptr;
    const RunHandle& own = run->record.handle;
    return own.epoch == handle.epoch && own.run_id == handle.run_id &&
                   own.connection == handle.connection
               ? &*run
               : nullptr;
  }

  // See stores/run_retention.h.
  void ForgetRuns(const RunHandle& ended, absl::Time now) {
    const absl::Time oldest = now - kRunAgeMax;
    auto newer = std::count_if(runs.begin(), runs.end(), [&](const Run& run) {
      return run.record.handle.connection == ended.connection;
    });
    int forgotten = 0;
    std::erase_if(runs, [&](const Run& run) {
      const RunRecord& record = run.record;
      if (record.handle.connection != ended.connection) return false;
      const bool many = newer-- > kRunsKept;
      if (record.handle.epoch >= ended.epoch || forgotten == kRunsForgottenAtOnce) return false;
      const bool aged = record.finished_at && *record.finished_at < oldest;
      const bool goes = aged || (many && (record.finished_at || record.started_at < oldest));
      if (goes) ++forgotten;
      return goes;
    });
  }

  absl::Status CheckFence(const RunHandle& handle) {
    const Run* const newest = NewestRun(handle.connection);
    const bool holds = newest != nullptr && newest == RunOf(handle) && !newest->record.finished_at;
    if (!holds) return Fenced(handle);
    if (!newest->taken_config.empty()) return ConfigTaken(handle, newest->taken_config);
    return absl::OkStatus();
  }

  absl::Status CheckConfigs(const RunRequest& request) const {
    for (const std::string& config_id : request.exclusive_configs) {
      for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        const RunHandle& holder = run->record.handle;
        if (run->owner != nullptr && run->exclusive_configs.contains(config_id) &&
            Hinders(holder.connection, request)) {
          return ConfigHeldByAnotherRun(config_id, holder, request);
        }
      }
    }
    return absl::OkStatus();
  }

  // Of those who did not live to give it back.
  void TakeFromTheDead(const std::string& config_id) {
    for (Run& run : runs) {
      if (run.owner == nullptr && run.exclusive_configs.erase(config_id) > 0) {
        run.taken_config = config_id;
      }
    }
  }
};

MemoryStore::MemoryStore() : MemoryStore(std::make_shared<Content>()) {}

MemoryStore::MemoryStore(std::shared_ptr<Content> content) : content_(std::move(content)) {}

MemoryStore::~MemoryStore() {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  for (Run& run : content_->runs) {
    if (run.owner == this) run.owner = nullptr;
  }
}

std::unique_ptr<MemoryStore> MemoryStore::Attach() const {
  return std::unique_ptr<MemoryStore>(new MemoryStore(content_));
}

absl::StatusOr<StoreIdentity> MemoryStore::ReadIdentity() {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  return StoreIdentity{content_->id, content_->seal};
}

absl::Status MemoryStore::UpdateSeal(const EditSeal& edit) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  absl::StatusOr<std::string> seal = edit(content_->seal);
  if (!seal.ok()) return seal.status();
  if (absl::Status status = CheckName("seal", *seal); !status.ok()) return status;
  content_->seal = *std::move(seal);
  return absl::OkStatus();
}

absl::StatusOr<RunHandle> MemoryStore::BeginRun(const RunRequest& request) {
  if (absl::Status status = CheckRequest(request); !status.ok()) return status;
  const std::lock_guard<std::mutex> lock(content_->mutex);
  for (const Run& run : content_->runs) {
    if (run.record.handle.run_id == request.run_id) return RunIdInUse(request.run_id);
  }
  const Run* const newest = content_->NewestRun(request.connection);
  if (newest != nullptr && newest->owner != nullptr && !request.take_over) {
    return HeldByAnotherRun(request.connection, newest->record.handle.run_id);
  }
  if (absl::Status status = content_->CheckConfigs(request); !status.ok()) return status;
  Run run;
  run.record.handle = RunHandle{request.connection, request.run_id, ++content_->last_epoch};
  run.record.started_at = request.now;
  run.owner = this;
  for (const std::string& config_id : request.exclusive_configs) {
    content_->TakeFromTheDead(config_id);
    run.exclusive_configs.insert(config_id);
  }
  content_->runs.push_back(run);
  return run.record.handle;
}

absl::Status MemoryStore::EndRun(const RunHandle& handle, absl::Time now, std::string_view status,
                                 std::string_view report_json) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  Run* const run = content_->RunOf(handle);
  if (run == nullptr) return RunUnknown(handle.run_id);
  run->record.finished_at = now;
  run->record.status = status;
  run->record.report_json = report_json;
  run->owner = nullptr;
  run->exclusive_configs.clear();
  content_->ForgetRuns(handle, now);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RunRecord>> MemoryStore::ListRuns(std::string_view connection,
                                                             int limit) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  std::vector<RunRecord> records;
  for (auto run = content_->runs.rbegin(); run != content_->runs.rend(); ++run) {
    if (limit > 0 && records.size() == static_cast<std::size_t>(limit)) break;
    if (connection.empty() || run->record.handle.connection == connection) {
      records.push_back(ToRecord(*run));
    }
  }
  return records;
}

absl::StatusOr<RunRecord> MemoryStore::FindRun(std::string_view run_id_prefix) {
  if (absl::Status status = CheckName("run id", run_id_prefix); !status.ok()) return status;
  const std::lock_guard<std::mutex> lock(content_->mutex);
  const Run* found = nullptr;
  int matches = 0;
  for (const Run& run : content_->runs) {
    const std::string_view run_id = run.record.handle.run_id;
    if (run_id == run_id_prefix) return ToRecord(run);
    if (!run_id.starts_with(run_id_prefix)) continue;
    found = &run;
    ++matches;
  }
  if (matches == 0) return RunUnknown(run_id_prefix);
  if (matches > 1) return RunAmbiguous(run_id_prefix);
  return ToRecord(*found);
}

absl::Status MemoryStore::CommitCheckpoints(const RunHandle& run, absl::Time now,
                                            const std::vector<CheckpointWrite>& writes) {
  absl::StatusOr<std::optional<StateType>> type = CommonType(writes);
  if (!type.ok()) return type.status();
  const std::lock_guard<std::mutex> lock(content_->mutex);
  if (absl::Status status = content_->CheckFence(run); !status.ok()) return status;
  if (!*type) return absl::OkStatus();
  content_->KeepPast(run.connection, now, "run", run);
  Lanes& lanes = content_->checkpoints[run.connection];
  if (!lanes.empty() && lanes.begin()->second.type != **type) lanes.clear();
  for (const CheckpointWrite& write : writes) {
    StreamDescriptor lane = LaneOf(write.type, write.stream);
    if (write.blob) {
      lanes.insert_or_assign(lane, StoredState{write.type, lane, *write.blob});
    } else {
      lanes.erase(lane);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredState>> MemoryStore::ReadCheckpoint(std::string_view connection) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  return content_->StatesOf(connection);
}

absl::Status MemoryStore::ReplaceCheckpoint(const CheckpointReplacement& replacement,
                                            const std::vector<StoredState>& states) {
  if (absl::Status status = CheckReplacement(replacement, states); !status.ok()) return status;
  Lanes lanes;
  for (const StoredState& state : states) {
    StreamDescriptor lane = LaneOf(state.type, state.stream);
    lanes.insert_or_assign(lane, StoredState{state.type, lane, state.blob});
  }
  const std::lock_guard<std::mutex> lock(content_->mutex);
  if (replacement.run) {
    if (absl::Status status = content_->CheckFence(*replacement.run); !status.ok()) return status;
  }
  content_->KeepPast(replacement.connection, replacement.now, replacement.cause, replacement.run);
  content_->checkpoints.insert_or_assign(replacement.connection, std::move(lanes));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PastCheckpoint>> MemoryStore::ListPastCheckpoints(
    std::string_view connection) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  std::vector<PastCheckpoint> list;
  const auto entries = content_->past.find(connection);
  if (entries == content_->past.end()) return list;
  for (const Past& entry : entries->second) list.push_back(entry.checkpoint);
  return list;
}

absl::StatusOr<std::vector<StoredState>> MemoryStore::ReadPastCheckpoint(
    std::string_view connection, int64_t id) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  const auto entries = content_->past.find(connection);
  if (entries == content_->past.end()) return NoPastCheckpoint(connection, id);
  for (const Past& entry : entries->second) {
    if (entry.checkpoint.id != id) continue;
    if (!entry.checkpoint.kept) return PastCheckpointTooBig(connection, id);
    return entry.states;
  }
  return NoPastCheckpoint(connection, id);
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ListConnections() {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  std::set<std::string> names;
  for (const Run& run : content_->runs) names.insert(run.record.handle.connection);
  for (const auto& [connection, lanes] : content_->checkpoints) {
    if (!lanes.empty()) names.insert(connection);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

absl::Status MemoryStore::UpdateConfig(std::string_view config_id, const Decide& decide) {
  if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  const std::lock_guard<std::mutex> lock(content_->mutex);
  const absl::StatusOr<ConfigChange> change = decide(content_->ConfigOf(config_id).document);
  if (!change.ok()) return change.status();
  if (absl::Status status = content_->Write(config_id, *change); !status.ok()) return status;
  if (change->rows.empty()) return absl::OkStatus();
  Forget(content_->configs[std::string(config_id)].journal, NewestReceipt(change->rows));
  return absl::OkStatus();
}

absl::Status MemoryStore::RewriteConfig(std::string_view config_id, const Rewrite& rewrite) {
  if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  const std::lock_guard<std::mutex> lock(content_->mutex);
  const Config stored = content_->ConfigOf(config_id);
  const absl::StatusOr<ConfigChange> change = rewrite(stored.document, stored.journal);
  if (!change.ok()) return change.status();
  return content_->Write(config_id, *change);
}

absl::StatusOr<ConfigDocument> MemoryStore::ReadConfig(std::string_view config_id) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  return content_->ConfigOf(config_id).document;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ListConfigs() {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  std::vector<std::string> ids;
  for (const auto& [id, config] : content_->configs) ids.push_back(id);
  return ids;
}

absl::StatusOr<std::vector<JournalRow>> MemoryStore::ReadJournal(std::string_view config_id) {
  const std::lock_guard<std::mutex> lock(content_->mutex);
  return content_->ConfigOf(config_id).journal;
}

}  // namespace shunt
