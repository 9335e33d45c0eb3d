// ProcessEnds: the ends of `shunt sync`: two connectors that we start, with their files in a run
// directory that goes when the run does.
//
// Threads: main, which must live as long as the children. Errors: a Status naming the program or
// file.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/sync_session.h"
#include "connectors/run_directory.h"

namespace shunt {

class ProcessEnds final : public SessionEnds {
 public:
  // REQUIRES: RequireForSync(settings). The settings outlive this.
  explicit ProcessEnds(const SyncSettings& settings);

  std::string source_name() const override { return settings_.source_command; }
  std::string destination_name() const override { return settings_.destination_command; }
  void FindSpecs(SyncInputs* inputs, Console& console,
                 const std::function<bool()>& stopped) override;
  absl::Status Prepare(const RunFiles& files) override;
  absl::StatusOr<std::unique_ptr<Connector>> StartDestination() override;
  absl::StatusOr<std::unique_ptr<Connector>> StartSource() override;

 private:
  absl::Status AddFile(std::string_view name, std::string_view json, std::string* path);

  const SyncSettings& settings_;
  std::map<std::string, std::string> source_env_, destination_env_;
  std::vector<std::string> source_argv_, destination_argv_;  // the commands, without verbs
  std::unique_ptr<RunDirectory> directory_;
  std::string source_config_, destination_config_, catalog_, state_;  // paths
};

}  // namespace shunt
