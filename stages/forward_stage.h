// ForwardStage: takes the source's chunks in order, lets the intake deal with what is not
// forwarded, and writes the rest to the destination. At the end it writes the final stream statuses
// and closes the destination's input.
//
// The intake runs even while the destination is full; only a full control lane stops it.
// On abort (RunState::discard) the line begun is finished, what is queued is dropped, and the
// source's further chunks only feed the control lane.
#pragma once

#include <string>

#include "lanes/room_bell.h"
#include "platform/clock.h"
#include "stages/intake.h"
#include "stages/missing_states.h"
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
    bool inject_missing_states = false;
    // Reading is done by the same thread, so while the source flows, more comes before long and a
    // write may wait for it.
    bool gather = false;
  };
  struct Lanes {
    ChunkPool& pool;  // for what we add ourselves
    ChunkRing& ring;
    RoomBell& room;  // rung when chunks went back to the pool, or bytes out
    SourceTap& tap;
    ControlLane& control;
    LogLane& logs;
    AnnouncementLane& announcements;
    FaultLane& faults;
  };
  ForwardStage(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
               const SecretGate& secrets, const Lanes& lanes, const Clock& clock, RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;

  void Decide(Trailer trailer) { trailer_.Set(trailer); }  // any thread, once

  // Once the run is over.
  const Intake& intake() const { return intake_; }
  const Outbox& outbox() const { return outbox_; }
  const UnknownStreams& unknown_streams() const { return unknown_; }
  std::size_t states_injected() const { return missing_states_.injected(); }
  bool StreamComplete(std::size_t stream) const;
  bool StreamStarted(std::size_t stream) const;

 private:
  void RingForRoom(bool busy);
  bool TakeIn();
  bool WriteOut();
  Step End();
  void ReportIncompleteStreams();
  bool InjectMissingStates();
  std::string StatusLines() const;

  Connector& destination_;
  const ConfiguredCatalog& catalog_;
  const Options options_;
  ChunkPool& pool_;
  ChunkRing& ring_;
  RoomBell& room_;
  const Clock& clock_;
  RunState& run_;
  FaultLane::Sender faults_;
  UnknownStreams unknown_;
  Intake intake_;
  Outbox outbox_;
  MissingStates missing_states_;
  Cell<Trailer> trailer_{Trailer::kUndecided};

  uint64_t listed_ = 0;         // items of the chunk in the intake, as it came
  uint64_t finished_rung_ = 0;  // finished bytes that the reader was told of
  bool made_room_ = false;      // since then
  bool intake_done_ = false;
  bool trailer_written_ = false;
  bool input_open_ = false;
  bool write_blocked_ = false;
  uint32_t writes_skipped_ = 0;
  bool done_ = false;
};

}  // namespace shunt
