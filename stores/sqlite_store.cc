#include "stores/sqlite_store.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/private_path.h"
#include "platform/strings.h"
#include "stores/journal_retention.h"
#include "stores/sqlite_checkpoints.h"
#include "stores/sqlite_configs.h"
#include "stores/sqlite_past.h"
#include "stores/sqlite_runs.h"
#include "stores/sqlite_schema.h"
#include "stores/store_rules.h"

namespace shunt {
namespace {

// What SQLite reads or writes beside the file. Whoever makes one there decides what is in the
// store.
constexpr std::string_view kBeside[] = {"-journal", "-wal", "-shm"};

// The store's file, which may be missing, in a directory that exists and that SQLite can trust.
absl::StatusOr<OwnPath> PreparePath(std::string_view path) {
  absl::StatusOr<OwnPath> file = OwnPath::Find(path, Others::kRead, Missing::kMakeAll);
  if (!file.ok()) return file.status();
  for (const std::string_view suffix : kBeside) {
    absl::Status ours = file->directory.Has(absl::StrCat(file->name, A(suffix))).status();
    if (!ours.ok()) return ours;
  }
  absl::StatusOr<bool> remote = OnNetworkFilesystem(file->directory.path());
  if (!remote.ok()) return remote.status();
  if (*remote) {
    return absl::UnavailableError(
        absl::StrCat("sqlite:", file->path(),
                     " is on a network filesystem, whose locks and syncs cannot be trusted"));
  }
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(std::string_view path,
                                                               const StoreOptions& options) {
  const absl::StatusOr<OwnPath> own = PreparePath(path);
  if (!own.ok()) return own.status();
  const absl::StatusOr<bool> created = own->directory.EnsurePrivate(own->name);
  if (!created.ok()) return created.status();
  const std::string file = own->path();
  std::string locks_directory = absl::StrCat(file, ".locks");
  absl::StatusOr<bool> was_a_store = DirectoryExists(locks_directory);
  if (!was_a_store.ok()) return was_a_store.status();
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> database =
      SqliteDatabase::Open(file, options.busy_wait_max, options.hurry);
  if (!database.ok()) return database.status();
  const bool may_be_empty = *created || !*was_a_store;
  if (absl::Status status = PrepareSqliteSchema(**database, may_be_empty); !status.ok()) {
    return status;
  }
  const auto locks = OwnDirectory::Open(locks_directory, Others::kRead, Missing::kMakeAll);
  if (!locks.ok()) return locks.status();
  absl::StatusOr<StoreIdentity> identity = sqlite_configs::ReadIdentity(**database);
  if (!identity.ok()) return identity.status();
  return std::unique_ptr<SqliteStore>(new SqliteStore(
      *std::move(database), std::move(identity->store_id), std::move(locks_directory), options));
}

template <typename Work>
auto SqliteStore::Reading(const Work& work) {
  using Answer = decltype(work());
  const std::lock_guard<TimedMutex> lock(mutex_);
  database_->set_busy_wait_max(options_.busy_wait_max);
  absl::StatusOr<SqliteTransaction> transaction =
      SqliteTransaction::Begin(*database_, SqliteTransaction::Kind::kRead);
  if (!transaction.ok()) return Answer(transaction.status());
  return work();
}

template <typename Work>
absl::Status SqliteStore::Writing(const Work& work) {
  const std::lock_guard<TimedMutex> lock(mutex_);
  return WritingLocked(options_.busy_wait_max, work);
}

// REQUIRES: the mutex is held.
template <typename Work>
absl::Status SqliteStore::WritingLocked(absl::Duration busy_wait_max, const Work& work) {
  database_->set_busy_wait_max(busy_wait_max);
  absl::StatusOr<SqliteTransaction> transaction =
      SqliteTransaction::Begin(*database_, SqliteTransaction::Kind::kWrite);
  if (!transaction.ok()) return transaction.status();
  if (absl::Status status = CheckContent(); !status.ok()) return status;
  if (absl::Status status = work(); !status.ok()) return status;
  return transaction->Commit();
}

// REQUIRES: the mutex is held, within a transaction.
absl::Status SqliteStore::CheckContent() {
  const absl::StatusOr<StoreIdentity> identity = sqlite_configs::ReadIdentity(*database_);
  if (!identity.ok()) return identity.status();
  if (identity->store_id == store_id_) return absl::OkStatus();
  return database_->Damaged("another store was written over it while it was in use");
}

// REQUIRES: the mutex is held, within a transaction.
absl::Status SqliteStore::ExplainLoss(const RunHandle& run, absl::Status fenced) {
  const auto held = held_.find(run.epoch);
  const bool ours = held != held_.end() && held->second.run_id == run.run_id;
  if (!absl::IsFailedPrecondition(fenced) || !ours) return fenced;
  const absl::StatusOr<bool> known = sqlite_runs::Exists(*database_, run.run_id);
  if (!known.ok()) return known.status();
  if (*known) return fenced;
  return database_->Damaged("an older copy was written over it while it was in use");
}

std::string SqliteStore::url() const { return absl::StrCat("sqlite:", database_->path()); }

absl::StatusOr<StoreIdentity> SqliteStore::ReadIdentity() {
  return Reading([&] { return sqlite_configs::ReadIdentity(*database_); });
}

absl::Status SqliteStore::UpdateSeal(const EditSeal& edit) {
  return Writing([&]() -> absl::Status {
    const absl::StatusOr<StoreIdentity> identity = sqlite_configs::ReadIdentity(*database_);
    if (!identity.ok()) return identity.status();
    const absl::StatusOr<std::string> seal = edit(identity->seal);
    if (!seal.ok()) return seal.status();
    if (absl::Status status = CheckName("seal", *seal); !status.ok()) return status;
    return sqlite_configs::WriteSeal(*database_, *seal);
  });
}

absl::StatusOr<RunHandle> SqliteStore::BeginRun(const RunRequest& request) {
  if (absl::Status status = CheckRequest(request); !status.ok()) return status;
  RunHandle run{request.connection, request.run_id, 0};
  std::optional<sqlite_runs::Holder> before;
  std::optional<LockFile> own_lock;
  absl::Status status = Writing([&]() -> absl::Status {
    absl::StatusOr<bool> used = sqlite_runs::Exists(*database_, run.run_id);
    if (!used.ok()) return used.status();
    if (*used) return RunIdInUse(run.run_id);
    absl::StatusOr<std::optional<sqlite_runs::Holder>> holder =
        sqlite_runs::FindHolder(*database_, run.connection);
    if (!holder.ok()) return holder.status();
    before = *std::move(holder);
    if (before && !before->finished && !request.take_over) {
      absl::StatusOr<bool> alive = locks_.IsHeld(before->epoch, before->run_id);
      if (!alive.ok()) return alive.status();
      if (*alive) return HeldByAnotherRun(run.connection, before->run_id);
    }
    absl::Status free = sqlite_runs::CheckConfigs(*database_, locks_, request);
    if (!free.ok()) return free;
    absl::StatusOr<int64_t> epoch = sqlite_runs::Insert(*database_, request);
    if (!epoch.ok()) return epoch.status();
    run.epoch = *epoch;
    absl::Status taken = sqlite_runs::TakeConfigs(*database_, locks_, run.epoch, request);
    if (!taken.ok()) return taken;
    // Before the commit: nobody sees the run without its lock.
    absl::StatusOr<LockFile> lock = locks_.Acquire(run.epoch, run.run_id);
    if (!lock.ok()) return lock.status();
    own_lock.emplace(*std::move(lock));
    return absl::OkStatus();
  });
  if (!status.ok()) {
    if (own_lock) own_lock->RemoveAndRelease();
    return status;
  }
  if (before) locks_.RemoveDead(before->epoch, before->run_id);
  const std::lock_guard<TimedMutex> guard(mutex_);
  held_.emplace(run.epoch, Held{run.run_id, *std::move(own_lock)});
  return run;
}

absl::Status SqliteStore::EndRun(const RunHandle& run, absl::Time now, std::string_view status,
                                 std::string_view report_json) {
  absl::Status written =
      Writing([&] { return sqlite_runs::Finish(*database_, run, now, status, report_json); });
  if (!written.ok()) return written;
  const std::lock_guard<TimedMutex> guard(mutex_);
  const auto held = held_.find(run.epoch);
  past_kept_.erase(run.epoch);
  if (held != held_.end()) {
    held->second.lock.RemoveAndRelease();
    held_.erase(held);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RunRecord>> SqliteStore::ListRuns(std::string_view connection,
                                                             int limit) {
  return Reading([&] { return sqlite_runs::List(*database_, locks_, connection, limit); });
}

absl::StatusOr<RunRecord> SqliteStore::FindRun(std::string_view run_id_prefix) {
  if (absl::Status status = CheckName("run id", run_id_prefix); !status.ok()) return status;
  return Reading([&] { return sqlite_runs::Find(*database_, locks_, run_id_prefix); });
}

absl::Status SqliteStore::CommitCheckpoints(const RunHandle& run, absl::Time now,
                                            const std::vector<CheckpointWrite>& writes) {
  absl::StatusOr<std::optional<StateType>> type = CommonType(writes);
  if (!type.ok()) return type.status();
  if (!*type) return Reading([&] { return sqlite_runs::CheckFence(*database_, run); });
  // What the run found is kept once; later commits need not look.
  const std::lock_guard<TimedMutex> guard(mutex_);
  const bool looked = past_kept_.contains(run.epoch);
  const absl::Status written = WritingLocked(options_.busy_wait_max, [&]() -> absl::Status {
    absl::Status held = ExplainLoss(run, sqlite_runs::CheckFence(*database_, run));
    if (!held.ok()) return held;
    if (!looked) {
      absl::Status kept = sqlite_past::Keep(*database_, run.connection, now, "run", run);
      if (!kept.ok()) return kept;
    }
    return sqlite_checkpoints::Write(*database_, run, now, **type, writes);
  });
  if (written.ok()) past_kept_.insert(run.epoch);
  return written;
}

absl::StatusOr<std::vector<StoredState>> SqliteStore::ReadCheckpoint(std::string_view connection) {
  return Reading([&] { return sqlite_checkpoints::Read(*database_, connection); });
}

absl::Status SqliteStore::ReplaceCheckpoint(const CheckpointReplacement& replacement,
                                            const std::vector<StoredState>& states) {
  if (absl::Status status = CheckReplacement(replacement, states); !status.ok()) return status;
  const auto& [connection, now, cause, run] = replacement;
  return Writing([&]() -> absl::Status {
    absl::Status status = run ? sqlite_runs::CheckFence(*database_, *run) : absl::OkStatus();
    if (status.ok()) status = sqlite_past::Keep(*database_, connection, now, cause, run);
    if (!status.ok()) return status;
    return sqlite_checkpoints::Replace(*database_, connection, now, states);
  });
}

absl::StatusOr<std::vector<PastCheckpoint>> SqliteStore::ListPastCheckpoints(
    std::string_view connection) {
  return Reading([&] { return sqlite_past::List(*database_, connection); });
}

absl::StatusOr<std::vector<StoredState>> SqliteStore::ReadPastCheckpoint(
    std::string_view connection, int64_t id) {
  return Reading([&] { return sqlite_past::Read(*database_, connection, id); });
}

absl::StatusOr<std::vector<std::string>> SqliteStore::ListConnections() {
  return Reading([&] { return sqlite_checkpoints::ListConnections(*database_); });
}

absl::Status SqliteStore::UpdateConfig(std::string_view config_id, const Decide& decide) {
  if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  const absl::Duration wait_max = std::min(options_.config_wait_max, options_.busy_wait_max);
  // Another thread may be waiting for a much longer time, and the update is only in memory.
  const std::unique_lock<TimedMutex> lock(mutex_, absl::ToChronoNanoseconds(wait_max));
  if (!lock.owns_lock()) {
    return absl::UnavailableError(absl::StrCat(
        url(), ": another call of this process did not end in ", absl::FormatDuration(wait_max)));
  }
  return WritingLocked(wait_max, [&]() -> absl::Status {
    absl::StatusOr<ConfigDocument> stored = sqlite_configs::ReadDocument(*database_, config_id);
    if (!stored.ok()) return stored.status();
    const absl::StatusOr<ConfigChange> change = decide(*stored);
    if (absl::Status status = WriteChange(config_id, *stored, change); !status.ok()) return status;
    if (change->rows.empty()) return absl::OkStatus();
    return sqlite_configs::ForgetRows(*database_, config_id, NewestReceipt(change->rows));
  });
}

absl::Status SqliteStore::RewriteConfig(std::string_view config_id, const Rewrite& rewrite) {
  if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  return Writing([&]() -> absl::Status {
    absl::StatusOr<ConfigDocument> stored = sqlite_configs::ReadDocument(*database_, config_id);
    if (!stored.ok()) return stored.status();
    absl::StatusOr<std::vector<JournalRow>> journal =
        sqlite_configs::ReadJournal(*database_, config_id);
    if (!journal.ok()) return journal.status();
    return WriteChange(config_id, *stored, rewrite(*stored, *journal));
  });
}

absl::Status SqliteStore::WriteChange(std::string_view config_id, const ConfigDocument& stored,
                                      const absl::StatusOr<ConfigChange>& change) {
  if (!change.ok()) return change.status();
  if (absl::Status status = CheckChange(config_id, stored, *change); !status.ok()) return status;
  if (change->seal) {
    absl::Status written = sqlite_configs::WriteSeal(*database_, *change->seal);
    if (!written.ok()) return written;
  }
  if (change->document) {
    absl::Status written = sqlite_configs::WriteDocument(*database_, config_id, *change->document);
    if (!written.ok()) return written;
  }
  return sqlite_configs::WriteRows(*database_, change->rows);
}

absl::StatusOr<ConfigDocument> SqliteStore::ReadConfig(std::string_view config_id) {
  return Reading([&] { return sqlite_configs::ReadDocument(*database_, config_id); });
}

absl::StatusOr<std::vector<std::string>> SqliteStore::ListConfigs() {
  return Reading([&] { return sqlite_configs::List(*database_); });
}

absl::StatusOr<std::vector<JournalRow>> SqliteStore::ReadJournal(std::string_view config_id) {
  return Reading([&] { return sqlite_configs::ReadJournal(*database_, config_id); });
}

}  // namespace shunt
