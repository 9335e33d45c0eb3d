// ControlDesk: connects the control stage to the rest of the run: takes its lines from the control
// lane, tells the masker about new secrets, counts verdicts, and turns rejections and store
// failures into faults. Threads: as ControlStage. The account is read by others only when the run
// is over.
#pragma once

#include <string>
#include <vector>

#include "secrets/masker.h"
#include "stages/control_fact.h"
#include "stages/control_stage.h"
#include "stages/event_sink.h"
#include "stages/fault.h"
#include "stages/run_state.h"

namespace shunt {

class ControlDesk final : public Stage, private ControlInbox, private ControlEvents {
 public:
  struct Account {
    uint64_t received = 0, applied = 0, superseded = 0, duplicate = 0, quarantined = 0;
    int64_t source_generation = -1, destination_generation = -1;
    std::vector<std::string> alerts;
  };
  struct Lanes {
    ControlLane& control;
    LogLane& logs;
    FaultLane& faults;
  };
  // `fail_on_rejected`: a refused update ends the run; otherwise it is only warned about.
  ControlDesk(const ControlOptions& options, bool fail_on_rejected, const Lanes& lanes,
              Masker& masker, Store& store, const UpdateSpill* spill, const Clock& clock,
              RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override { return done_ ? Wait{} : stage_.wait(); }

  const Account& account() const { return account_; }

 private:
  bool Next(ControlFact* fact) override;
  bool closed() const override { return inbox_.closed(); }
  bool aborting() const override { return run_.discard.Get(); }
  void OnSecrets(Origin origin, const std::vector<std::string>& values) override;
  void OnLive(Origin origin, const std::vector<std::string>& values) override;
  void OnIgnored(Origin origin) override;
  void OnVerdict(const ControlVerdict& verdict) override;
  void OnRejected(Origin origin, std::string_view reason) override;
  void OnStoreTrouble(const absl::Status& status, const absl::Status& spilled) override;
  void OnStoreFailed(const StoreFailure& failure) override;
  void Log(LogLevel level, std::string text);

  const bool fail_on_rejected_;
  ControlLane::Receiver inbox_;
  LogLane::Sender logs_;
  FaultLane::Sender faults_;
  Masker& masker_;
  const bool spill_encrypts_;
  RunState& run_;
  ControlStage stage_;
  bool done_ = false;
  bool source_ignored_ = false, destination_ignored_ = false;  // said so
  Account account_;
};

}  // namespace shunt
