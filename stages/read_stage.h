// ReadStage: reads the source's stdout into chunks of whole lines and numbers them.
//
// Bounds: it stops reading while a few chunks wait in front of a destination that takes them, while
// `read_ahead_bytes` wait in front of one that does not, and while the pool is empty: that is the
// back-pressure. A line over `line_bytes_max` is thrown away as it comes
// and stands in the stream as one `oversize` chunk.
// Errors: a failing descriptor is the end of the stream plus a fault.
#pragma once

#include <cstdint>

#include "connectors/connector.h"
#include "lanes/room_bell.h"
#include "platform/clock.h"
#include "stages/chunk.h"
#include "stages/fault.h"
#include "stages/run_state.h"
#include "stages/source_tap.h"
#include "stages/stage.h"

namespace shunt {

struct ReadLimits {
  // What may wait in front of a destination that takes its bytes: a STATE waits behind it, so more
  // would delay checkpoints.
  uint64_t flow_bytes = 0;
  uint64_t read_ahead_bytes = 0;
  uint64_t line_bytes_max = 0;
};

class ReadStage final : public Stage {
 public:
  // Everything passed in outlives the stage.
  ReadStage(Connector& source, const ReadLimits& limits, const Clock& clock, ChunkPool& pool,
            RoomBell& room, SourceTap& tap, ChunkLane& chunks, ChunkRing& ring, FaultLane& faults,
            RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;

 private:
  IoResult Read(bool* cut);
  void OnBytes(std::size_t n);
  void OnEnd(int error);
  bool HasRoom();
  bool MayRead();
  bool DestinationStalls();
  bool TakeChunks();                // makes current_ and spare_ usable; false: pool empty
  void PublishLines(uint32_t end);  // whole lines current_[0, end); the tail starts the next chunk
  void ExtendLongLine();            // current_ is full and holds no line end
  void PublishLongLine(uint32_t end);  // the long line ends at current_[end)
  void DropLongLine();                 // the line begun is over the limit
  void SkipTo(uint32_t end, bool line_ended);
  ChunkPtr CutTail(uint32_t end);  // current_[0, end) leaves, the rest becomes current_
  void Publish(ChunkPtr chunk);
  void SettleDebt();
  void Answer(uint64_t question);  // of OutputMark: all that was written before it was published

  Connector& source_;
  const ReadLimits limits_;
  const uint32_t chunk_bytes_;  // a line that a chunk holds is within the limit
  const Clock& clock_;
  ChunkPool& pool_;
  RoomBell& room_;
  SourceTap& tap_;
  ChunkLane::Sender chunks_;
  ChunkRing& ring_;
  FaultLane::Sender faults_;
  RunState& run_;

  ChunkPtr current_{nullptr, ChunkPool::Return{}};  // being filled
  ChunkPtr spare_{nullptr, ChunkPool::Return{}};  // for current_'s tail, so publishing never waits
  ChunkPtr long_head_{nullptr, ChunkPool::Return{}};  // the long line's chunks before current_
  Chunk* long_tail_ = nullptr;
  uint64_t long_bytes_ = 0;  // in long_head_'s chain
  uint32_t lines_end_ = 0;   // behind the last LF of current_; 0: none
  uint64_t next_seq_ = 0;
  WakeDebt debt_;
  uint64_t taken_bytes_ = 0;  // by the destination when it was seen to take enough
  absl::Duration taken_at_;   // when that was
  bool awaits_stall_ = false;
  bool skipping_ = false;  // inside a line over the limit
  bool done_ = false;
  bool blocked_on_source_ = false;
};

}  // namespace shunt
