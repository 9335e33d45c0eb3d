// FlakyStore: a memory store whose UpdateConfig can fail, before or after it did what it was asked
// to (a lost answer to a commit). Everything else works.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "stores/memory_store.h"

namespace shunt::testing_control {

class FlakyStore final : public Store {
 public:
  enum class Fault { kNone, kNothingHappens, kEverythingHappens };

  Fault fault = Fault::kNone;
  absl::Status error = absl::UnavailableError("store: locked");
  int updates = 0;  // tried

  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override {
    ++updates;
    if (fault == Fault::kNothingHappens) return error;
    const absl::Status status = memory_.UpdateConfig(config_id, decide);
    return fault == Fault::kEverythingHappens ? error : status;
  }

  std::string url() const override { return memory_.url(); }
  absl::StatusOr<RunHandle> BeginRun(std::string_view connection, std::string_view run_id,
                                     absl::Time now, bool take_over) override {
    return memory_.BeginRun(connection, run_id, now, take_over);
  }
  absl::Status EndRun(const RunHandle& run, absl::Time now, std::string_view status,
                      std::string_view report_json) override {
    return memory_.EndRun(run, now, status, report_json);
  }
  absl::StatusOr<std::vector<RunRecord>> ListRuns(std::string_view connection, int limit) override {
    return memory_.ListRuns(connection, limit);
  }
  absl::StatusOr<RunRecord> FindRun(std::string_view run_id_prefix) override {
    return memory_.FindRun(run_id_prefix);
  }
  absl::Status CommitCheckpoints(const RunHandle& run, absl::Time now,
                                 const std::vector<CheckpointWrite>& writes) override {
    return memory_.CommitCheckpoints(run, now, writes);
  }
  absl::StatusOr<std::vector<StoredState>> ReadCheckpoint(std::string_view connection) override {
    return memory_.ReadCheckpoint(connection);
  }
  absl::Status ReplaceCheckpoint(std::string_view connection, absl::Time now,
                                 const std::vector<StoredState>& states) override {
    return memory_.ReplaceCheckpoint(connection, now, states);
  }
  absl::StatusOr<std::vector<std::string>> ListConnections() override {
    return memory_.ListConnections();
  }
  absl::StatusOr<ConfigDocument> ReadConfig(std::string_view config_id) override {
    return memory_.ReadConfig(config_id);
  }
  absl::StatusOr<std::vector<std::string>> ListConfigs() override { return memory_.ListConfigs(); }
  absl::StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view config_id) override {
    return memory_.ReadJournal(config_id);
  }

 private:
  MemoryStore memory_;
};

}  // namespace shunt::testing_control
