// MemoryStore: a store that lives as long as the program; for tests, simulation, embedding and dry
// runs. Nothing survives the process.
//
// Several MemoryStore objects can share one content, as several processes share a file: Attach()
// gives another one, and destroying a store ends its runs the way a killed process does (they show
// as dead).
//
// Threads: thread-safe; the content has one lock. The `decide` of UpdateConfig must not call a
// store of the same content.
// Ownership: the content is shared and goes with its last store.
// Errors: as in store.h; never Unavailable, never DataLoss.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stores/store.h"

namespace shunt {

class MemoryStore final : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  std::unique_ptr<MemoryStore> Attach() const;

  std::string url() const override { return "memory:"; }
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
  struct Content;
  explicit MemoryStore(std::shared_ptr<Content> content);

  const std::shared_ptr<Content> content_;
};

}  // namespace shunt
