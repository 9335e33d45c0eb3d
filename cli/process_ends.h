// ProcessEnds: the ends of `shunt sync` and of the verbs: connectors that we start, with their
// files in a run directory that goes when the run does.
//
// Threads: main, which must live as long as the children. Errors: a Status naming the program or
// file.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/sync_session.h"
#include "connectors/run_directory.h"
#include "platform/orphans.h"
#include "platform/user.h"
#include "secrets/command_secrets.h"

namespace shunt {

// What stands at an end, and what it was started for.
enum class EndRole : uint8_t {
  kNobody,
  kCheck,     // CMD check
  kDiscover,  // CMD discover
  kRead,      // CMD read; a source's only
  kWrite,     // CMD write; a destination's only
  kStdout,    // our own stdout takes the data; a destination's only
};

struct EndRoles {
  EndRole source = EndRole::kRead;
  EndRole destination = EndRole::kWrite;
};

class ProcessEnds : public SessionEnds {
 public:
  // REQUIRES: RequireConnector of every end with a command. The settings outlive this.
  ProcessEnds(const SyncSettings& settings, EndRoles roles);
  // Ends what the connectors left behind, and says so.
  ~ProcessEnds() override;

  std::string source_name() const override { return MaskCommand(settings_.source_command); }
  std::string destination_name() const override {
    return MaskCommand(settings_.destination_command);
  }
  void FindSpecs(SyncInputs* inputs, Console& console,
                 const std::function<bool()>& stopped) override;
  absl::Status Prepare(const RunFiles& files) override;
  absl::StatusOr<std::unique_ptr<Connector>> StartDestination() override;
  absl::StatusOr<std::unique_ptr<Connector>> StartSource() override;
  void RemoveFiles() override;

 private:
  absl::Status MakeDirectory();
  std::optional<OrphanKeeper> orphans_;  // of connectors only, so not before the first starts
  const SyncSettings& settings_;
  const EndRoles roles_;
  Console* console_ = nullptr;  // once there is one
  const std::optional<User> source_user_, destination_user_;
  std::map<std::string, std::string> source_env_, destination_env_;
  std::vector<std::string> source_argv_, destination_argv_;  // the commands, without verbs
  std::unique_ptr<RunDirectory> directory_;
  absl::Status directory_status_;  // why there is none
  // Paths.
  std::string source_config_, source_catalog_, state_;
  std::string destination_config_, destination_catalog_;
};

}  // namespace shunt
