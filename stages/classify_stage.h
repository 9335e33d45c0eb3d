// ClassifyStage: finds out what the lines of a chunk are. Several may run side by side: the ring
// brings their chunks back into order.
#pragma once

#include "stages/chunk.h"
#include "stages/stage.h"

namespace shunt {

class ClassifyStage final : public Stage {
 public:
  ClassifyStage(const ClassifierOptions& options, const ConfiguredCatalog& catalog,
                ChunkLane& chunks, ChunkRing& ring)
      : classifier_(options, &catalog), chunks_(chunks), ring_(ring) {}

  absl::StatusOr<Step> Run() override;

 private:
  void ClassifyLong(Chunk& chunk);

  LineClassifier classifier_;
  ChunkLane::Receiver chunks_;
  ChunkRing& ring_;
  std::vector<std::string_view> parts_;
  WakeDebt debt_;
};

}  // namespace shunt
