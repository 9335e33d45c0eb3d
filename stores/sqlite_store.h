// SqliteStore: a store in one file, shared by any number of processes of one machine (contract
// decision 16). Rollback journal, synchronous=EXTRA, secure_delete, one connection per object;
// every setting is read back. Who is alive is told by lock files in PATH.locks/.
//
// Threads: thread-safe; one call at a time works, the others wait for it. The `decide` of
// UpdateConfig must not call this store.
// Ownership: owns the connection and the locks of its runs; destroying it ends them (they show as
// dead).
// Bounds: a call waits for other processes for at most StoreOptions.busy_wait_max (UpdateConfig:
// config_wait_max, and as long for other threads) before it writes and once more to commit. Besides
// what is passed in or out it needs memory for the biggest state once more, and 2 MB of pages.
// Errors: as in store.h.
//
// Nothing else in this process may open the file while it is open here: closing any descriptor of
// it drops the process's POSIX locks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/lock_file.h"
#include "stores/run_lock.h"
#include "stores/sqlite_database.h"
#include "stores/store.h"
#include "stores/timed_mutex.h"

namespace shunt {

class SqliteStore final : public Store {
 public:
  // Creates the file (0600) and missing directories (0700).
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(std::string_view path,
                                                           const StoreOptions& options);

  std::string url() const override;
  absl::StatusOr<StoreIdentity> ReadIdentity() override;
  absl::Status UpdateSeal(const EditSeal& edit) override;
  using Store::BeginRun;
  absl::StatusOr<RunHandle> BeginRun(const RunRequest& request) override;
  absl::Status EndRun(const RunHandle& run, absl::Time now, std::string_view status,
                      std::string_view report_json) override;
  absl::StatusOr<std::vector<RunRecord>> ListRuns(std::string_view connection, int limit) override;
  absl::StatusOr<RunRecord> FindRun(std::string_view run_id_prefix) override;
  absl::Status CommitCheckpoints(const RunHandle& run, absl::Time now,
                                 const std::vector<CheckpointWrite>& writes) override;
  absl::StatusOr<std::vector<StoredState>> ReadCheckpoint(std::string_view connection) override;
  using Store::ReplaceCheckpoint;
  absl::Status ReplaceCheckpoint(const CheckpointReplacement& replacement,
                                 const std::vector<StoredState>& states) override;
  absl::StatusOr<std::vector<PastCheckpoint>> ListPastCheckpoints(
      std::string_view connection) override;
  absl::StatusOr<std::vector<StoredState>> ReadPastCheckpoint(std::string_view connection,
                                                              int64_t id) override;
  absl::StatusOr<std::vector<std::string>> ListConnections() override;
  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override;
  absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) override;
  absl::StatusOr<ConfigDocument> ReadConfig(std::string_view config_id) override;
  absl::StatusOr<std::vector<std::string>> ListConfigs() override;
  absl::StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view config_id) override;

 private:
  SqliteStore(std::unique_ptr<SqliteDatabase> database, std::string store_id,
              std::string locks_directory, const StoreOptions& options)
      : options_(options),
        store_id_(std::move(store_id)),
        locks_(std::move(locks_directory)),
        database_(std::move(database)) {}

  // Runs `work` inside one transaction. A write is committed when `work` answers OK.
  template <typename Work>
  auto Reading(const Work& work);
  template <typename Work>
  absl::Status Writing(const Work& work);
  template <typename Work>
  absl::Status WritingLocked(absl::Duration busy_wait_max, const Work& work);
  // Whether what is in the file is still this store, which somebody may have written over.
  absl::Status CheckContent();
  // What a lost run learns: that of a file that was written over is not another run's doing.
  absl::Status ExplainLoss(const RunHandle& run, absl::Status fenced);
  absl::Status WriteChange(std::string_view config_id, const ConfigDocument& stored,
                           const absl::StatusOr<ConfigChange>& change);

  const StoreOptions options_;
  const std::string store_id_;
  const RunLocks locks_;
  TimedMutex mutex_;
  // Guarded by mutex_.
  const std::unique_ptr<SqliteDatabase> database_;
  struct Held {
    std::string run_id;
    LockFile lock;
  };
  std::map<int64_t, Held> held_;  // by epoch
  std::set<int64_t> past_kept_;   // epochs of runs whose start is in the past checkpoints
};

}  // namespace shunt
