// ClassifyStage: finds out what the lines of a chunk are. Several may run side by side: the ring
// brings their chunks back into order. Bounds: it rests while kUnreadItemsMax items wait for the
// intake.
#pragma once

#include "lanes/room_bell.h"
#include "stages/chunk.h"
#include "stages/run_state.h"
#include "stages/stage.h"

namespace shunt {

class ClassifyStage final : public Stage {
 public:
  ClassifyStage(const ClassifierOptions& options, const ConfiguredCatalog& catalog,
                ChunkLane& chunks, ChunkRing& ring, RoomBell& room, RunState& run)
      : classifier_(options, &catalog), chunks_(chunks), ring_(ring), room_(room), run_(run) {}

  absl::StatusOr<Step> Run() override;

 private:
  bool MayList() const;
  void ClassifyLong(Chunk& chunk);

  LineClassifier classifier_;
  ChunkLane::Receiver chunks_;
  ChunkRing& ring_;
  RoomBell& room_;
  RunState& run_;
  std::vector<std::string_view> parts_;
  WakeDebt debt_;
};

}  // namespace shunt
