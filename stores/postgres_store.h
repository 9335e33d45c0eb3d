// PostgresStore: a store for any number of workers on any number of machines. One connection for
// the calls and one that keeps the runs' leases, no session state (a pooler may stand in between),
// every wait with a deadline, lost connections opened anew (ADR 9).
//
// Threads: thread-safe; one call at a time works, the others wait for it. The `decide` of
// UpdateConfig must not call this store.
// Ownership: owns its connections and the leases of its runs; destroying it ends them (they show as
// dead), which takes at most about two seconds.
// Durability: synchronous_commit is on in each transaction, whatever the role's default. A server
// that runs with fsync=off or full_page_writes=off is told about through StoreOptions.warn.
// Bounds: a call takes at most StoreOptions.busy_wait_max (UpdateConfig: config_wait_max) once it
// works, whether the server is
// gone, stopped, or holds the row for somebody else. Besides what is passed in or out it needs
// memory for the biggest state twice more. Errors: as in store.h. When a connection breaks in the
// middle of a commit, only what can be repeated without harm is repeated here; UpdateConfig and
// RewriteConfig answer Unavailable, and the caller finds its rows in the journal, or not (G26).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stores/lease_keeper.h"
#include "stores/postgres_database.h"
#include "stores/store.h"
#include "stores/timed_mutex.h"

namespace shunt {

class PostgresStore final : public Store {
 public:
  // Makes the schema "shunt" in the database, which must exist.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Open(std::string_view url,
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
  PostgresStore(std::unique_ptr<PostgresDatabase> database, std::unique_ptr<LeaseKeeper> leases,
                const StoreOptions& options);

  // What `work` reads in one consistent view.
  template <typename Answer>
  absl::StatusOr<Answer> Reading(
      const std::function<absl::StatusOr<Answer>(PostgresTransaction&)>& work);
  absl::Status Writing(int64_t lock, PostgresDatabase::UnknownCommit unknown,
                       const PostgresDatabase::Work& work);
  // Who changes a config of a sealed store changes its seal, too, and so waits for all others.
  // REQUIRES: the mutex is held.
  int64_t LockOfConfig(std::string_view config_id) const;

  const std::string owner_;  // tells the runs of this object from all others
  const absl::Duration run_lease_;
  const absl::Duration config_wait_max_;
  TimedMutex mutex_;
  // Guarded by mutex_.
  const std::unique_ptr<PostgresDatabase> database_;
  bool sealed_ = false;          // the store has a seal, as far as was seen; there is no way back
  std::set<int64_t> past_kept_;  // epochs of runs whose start is in the past checkpoints
  const std::unique_ptr<LeaseKeeper> leases_;
};

}  // namespace shunt
