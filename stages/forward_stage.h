// ForwardStage: takes the source's chunks in order, lets the intake deal with what is not
// forwarded, and writes the rest to the destination. At the end it writes the final stream statuses
// and closes the destination's input.
//
// The intake runs even while the destination is full; only a full control lane stops it.
// On abort (RunState::discard) the line begun is finished, what is queued is dropped, and the
// source's further chunks only feed the control lane.
#pragma once

#include <string>

#include "platform/clock.h"
#include "stages/intake.h"
#include "stages/outbox.h"
#include "stages/stage.h"

namespace shunt {

// What the supervisor decides once everything is forwarded and the source's end is known.
enum class Trailer : uint8_t {
  kUndecided,
  kSourceComplete,    // the source ended well and so far did we
  kSourceIncomplete,  // anything else
};

class ForwardStage final : public Stage {
 public:
  struct Options {
    IntakePolicy intake;
    Outbox::Options outbox;
    bool send_statuses = false;
  };
  struct Lanes {
    ChunkRing& ring;
    ControlLane& control;
    LogLane& logs;
    AnnouncementLane& announcements;
    FaultLane& faults;
  };
  ForwardStage(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
               const SecretGate& secrets, const Lanes& lanes, const Clock& clock, RunState& run);

  std::string_view name() const override { return "forward"; }
  absl::StatusOr<Step> Run() override;
  Wait wait() const override;

  void Decide(Trailer trailer) { trailer_.Set(trailer); }  // any thread, once

  // Once the run is over.
  const Intake& intake() const { return intake_; }
  const Outbox& outbox() const { return outbox_; }
  bool StreamComplete(std::size_t stream) const;
  bool StreamStarted(std::size_t stream) const;

 private:
  bool TakeIn();
  bool WriteOut();
  Step End();
  void ReportIncompleteStreams();
  std::string StatusLines() const;

  Connector& destination_;
  const ConfiguredCatalog& catalog_;
  const Options options_;
  ChunkRing& ring_;
  const Clock& clock_;
  RunState& run_;
  FaultLane::Sender faults_;
  Intake intake_;
  Outbox outbox_;
  Cell<Trailer> trailer_{Trailer::kUndecided};

  bool intake_done_ = false;
  bool trailer_written_ = false;
  bool write_blocked_ = false;
  bool done_ = false;
};

}  // namespace shunt
