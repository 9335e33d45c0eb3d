// PodEnds: the ends of `shunt sidecar --source-dir DIR --destination-dir DIR`: two connectors in
// containers of their own, in the platform's pod layout, with shunt in the orchestrator's place.
//
// Who writes what: an init container makes both directories, their FIFOs, configs, catalogs and
// inputState.json. shunt puts the store's newer config and checkpoint into them before it opens the
// streams (connectors/pod_files.h), and TERMINATED when it ends, unless it is killed (SIGKILL) or
// aborts. The connectors' wrappers write exitCode.txt.
//
// Threads: main. Errors: a Status naming the path.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/console.h"
#include "cli/sync_inputs.h"
#include "cli/sync_session.h"
#include "cli/sync_settings.h"
#include "platform/shared_directory.h"

namespace shunt {

// The two directories, from the moment on at which they are ours. The destructor makes TERMINATED
// in both, so that no connector is left behind waiting for us.
class PodDirectories {
 public:
  // Aborted: another run has one of them, and then neither is touched.
  static absl::StatusOr<std::unique_ptr<PodDirectories>> Take(const std::string& source,
                                                              const std::string& destination);
  ~PodDirectories() { static_cast<void>(Terminate()); }

  // Tells both connectors' wrappers that it is over; once more is harmless.
  absl::Status Terminate() const;
  // FailedPrecondition: what is there is no layout for a run to come.
  absl::Status Check() const;
  // The files of the layout, for every setting that is not given.
  void FillIn(SyncSettings* settings) const;
  // Of configs that we wrote ourselves, what had been given.
  void Restore(const SyncSettings& settings, SyncInputs* inputs) const;

  const SharedDirectory& source() const { return *source_; }
  const SharedDirectory& destination() const { return *destination_; }

 private:
  PodDirectories(std::unique_ptr<SharedDirectory> source,
                 std::unique_ptr<SharedDirectory> destination)
      : source_(std::move(source)), destination_(std::move(destination)) {}

  const std::unique_ptr<SharedDirectory> source_, destination_;
};

class PodEnds final : public SessionEnds {
 public:
  PodEnds(const PodDirectories& directories, Console& console)
      : directories_(directories), console_(console) {}

  std::string source_name() const override { return directories_.source().path(); }
  std::string destination_name() const override { return directories_.destination().path(); }
  void FindSpecs(SyncInputs*, Console&, const std::function<bool()>&) override {}
  absl::Status Prepare(const RunFiles& files) override;
  absl::StatusOr<std::unique_ptr<Connector>> StartDestination() override;
  absl::StatusOr<std::unique_ptr<Connector>> StartSource() override;

 private:
  absl::Status PutConfig(const SharedDirectory& directory, const std::string& config);

  const PodDirectories& directories_;
  Console& console_;
  RunFiles files_;
};

}  // namespace shunt
