// ControlStage: makes the config updates of both pipes durable, and only then says so (contract
// decisions 7-10; G20, G21, G26, G28, G33).
//
// Lines come from a ControlInbox in pipe order; what became of each goes to a ControlEvents.
// Journal row, verdict and config are one transaction; all lines of a pipe that are at hand share
// one (group commit). A line changes only the config of the connector whose pipe carried it.
// Errors: what a failing store does not take is written to the spill at once, so that no update is
// in memory alone while the store is tried again, with back-off, for `persist_deadline`. When it
// takes them after all, the spill is removed; when the deadline passes, or it fails for good,
// OnStoreFailed tells where they are. The stage goes on: a later update may be the one that the
// next run needs, and gets one try. Threads: one thread at a time; it blocks on the store. Events
// come on that thread. Ownership: what ControlDeps names belongs to the caller and outlives the
// stage. Bounds: at most kControlBatchMax
// lines of kControlBatchBytesMax are held beside what waits for the end of its burst
// (stages/control_sequencer.h); the rest stays in the inbox.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/clock.h"
#include "protocol/message.h"
#include "protocol/spec.h"
#include "stages/control_fact.h"
#include "stages/control_reader.h"
#include "stages/control_sequencer.h"
#include "stages/stage.h"
#include "stages/update_spill.h"
#include "stores/store.h"

namespace shunt {

// A transaction writes the whole config, however few of its keys changed, so a flood is taken in
// few of them.
inline constexpr std::size_t kControlBatchMax = 2048;
inline constexpr std::size_t kControlBatchBytesMax = std::size_t{4} << 20;
inline constexpr absl::Duration kPersistDeadline = absl::Seconds(60);
// Once the run is aborting, which has a deadline of its own (contract decision 14).
inline constexpr absl::Duration kPersistDeadlineAborting = absl::Seconds(10);

// Where the lines come from: the receiving end of the control lane.
class ControlInbox {
 public:
  virtual ~ControlInbox() = default;
  // False when nothing is there now.
  virtual bool Next(ControlFact* fact) = 0;
  // True once nothing will ever come; found by a Next that returned false.
  virtual bool closed() const = 0;
  // The run is being ended: bursts end at once, and the store gets less patience.
  virtual bool aborting() const { return false; }
};

// Who wants to know. Nothing that is passed here but OnSecrets and OnLive holds a value of a
// config.
class ControlEvents {
 public:
  virtual ~ControlEvents() = default;
  // Values that must be masked from now on; called before anything else happens with their line.
  virtual void OnSecrets(Origin origin, const std::vector<std::string>& values) = 0;
  // The secret values of the config as it is stored now.
  virtual void OnLive(Origin, const std::vector<std::string>&) {}
  // A CONTROL that names no connector config; the line is counted like every other.
  virtual void OnIgnored(Origin origin) = 0;
  // Durable: applied, superseded, duplicate or quarantined. At most once for each line.
  virtual void OnVerdict(const ControlVerdict& verdict) = 0;
  // After OnVerdict of an update that its spec refuses, or that is no config at all: the sync ends
  // with config_rejected, unless the user chose a warning.
  virtual void OnRejected(Origin origin, std::string_view reason) = 0;
  // The store does not take an update and is tried again. `spilled`: the update is in a file
  // meanwhile, or why not.
  virtual void OnStoreTrouble(const absl::Status& status, const absl::Status& spilled) = 0;
  // `updates` updates are not in the store, because of `status`. They are in `files`, unless
  // `spilled` is an error: then at least some are in neither.
  struct StoreFailure {
    absl::Status status;
    std::size_t updates = 0;
    std::vector<std::string> files;
    absl::Status spilled;
  };
  virtual void OnStoreFailed(const StoreFailure& failure) = 0;
};

struct ControlConnector {
  std::string config_id;
  std::shared_ptr<const ConnectorSpec> spec;  // null: accepted, marked unvalidated
  // See OrderStamper; minus infinity: off.
  double causal_floor_ms = -std::numeric_limits<double>::infinity();
};

struct ControlOptions {
  RunHandle run;
  ConfigMode mode = ConfigMode::kMerge;
  ControlConnector source, destination;
  absl::Duration persist_deadline = kPersistDeadline;
};

struct ControlDeps {
  ControlInbox& inbox;
  ControlEvents& events;
  Store& store;
  const Clock& clock;
  const UpdateSpill* spill = nullptr;  // null: what the store does not take is lost
};

class ControlStage final : public Stage {
 public:
  ControlStage(const ControlOptions& options, const ControlDeps& deps);
  ~ControlStage() override;

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;

 private:
  struct Pipe;

  bool TakeFacts();
  void Take(const ControlFact& fact);
  bool Persist(Pipe* pipe);
  static void LeaveUnjudged(Pipe* pipe);
  void Announce(const ControlPlan& plan);
  bool HandleFailure(Pipe* pipe, const absl::Status& status);
  void Spill(Pipe* pipe);
  void ForgetSpill(Pipe* pipe);
  void GiveUp(Pipe* pipe, const absl::Status& status);
  bool bursts_end() const { return deps_.inbox.aborting() || deps_.inbox.closed(); }
  std::size_t held_bytes() const;
  std::size_t held() const;

  const ControlOptions options_;
  const ControlDeps deps_;
  WallWatch watch_;
  std::vector<std::unique_ptr<Pipe>> pipes_;  // source, destination
};

}  // namespace shunt
