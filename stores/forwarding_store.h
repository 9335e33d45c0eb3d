// ForwardingStore: passes every call on to another store. For stores that change a few of them.
//
// Threads, errors, bounds: those of the other store, which outlives this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stores/store.h"

namespace shunt {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(Store& inner) : inner_(inner) {}

  std::string url() const override { return inner_.url(); }
  absl::StatusOr<StoreIdentity> ReadIdentity() override { return inner_.ReadIdentity(); }
  absl::Status UpdateSeal(const EditSeal& edit) override { return inner_.UpdateSeal(edit); }
  using Store::BeginRun;
  absl::StatusOr<RunHandle> BeginRun(const RunRequest& request) override {
    return inner_.BeginRun(request);
  }
  absl::Status EndRun(const RunHandle& run, absl::Time now, std::string_view status,
                      std::string_view report_json) override {
    return inner_.EndRun(run, now, status, report_json);
  }
  absl::StatusOr<std::vector<RunRecord>> ListRuns(std::string_view connection, int limit) override {
    return inner_.ListRuns(connection, limit);
  }
  absl::StatusOr<RunRecord> FindRun(std::string_view run_id_prefix) override {
    return inner_.FindRun(run_id_prefix);
  }
  absl::Status CommitCheckpoints(const RunHandle& run, absl::Time now,
                                 const std::vector<CheckpointWrite>& writes) override {
    return inner_.CommitCheckpoints(run, now, writes);
  }
  absl::StatusOr<std::vector<StoredState>> ReadCheckpoint(std::string_view connection) override {
    return inner_.ReadCheckpoint(connection);
  }
  using Store::ReplaceCheckpoint;
  absl::Status ReplaceCheckpoint(const CheckpointReplacement& replacement,
                                 const std::vector<StoredState>& states) override {
    return inner_.ReplaceCheckpoint(replacement, states);
  }
  absl::StatusOr<std::vector<PastCheckpoint>> ListPastCheckpoints(
      std::string_view connection) override {
    return inner_.ListPastCheckpoints(connection);
  }
  absl::StatusOr<std::vector<StoredState>> ReadPastCheckpoint(std::string_view connection,
                                                              int64_t id) override {
    return inner_.ReadPastCheckpoint(connection, id);
  }
  absl::StatusOr<std::vector<std::string>> ListConnections() override {
    return inner_.ListConnections();
  }
  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override {
    return inner_.UpdateConfig(config_id, decide);
  }
  absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) override {
    return inner_.RewriteConfig(config_id, rewrite);
  }
  absl::StatusOr<ConfigDocument> ReadConfig(std::string_view config_id) override {
    return inner_.ReadConfig(config_id);
  }
  absl::StatusOr<std::vector<std::string>> ListConfigs() override { return inner_.ListConfigs(); }
  absl::StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view config_id) override {
    return inner_.ReadJournal(config_id);
  }

 protected:
  Store& inner_;
};

}  // namespace shunt
