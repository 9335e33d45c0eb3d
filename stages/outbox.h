// Outbox: what waits to be written to the destination, in order, and the writing of it.
//
// Chunks come in with only runs and states left. While the destination is slow, small chunks are
// merged into the one before them, so that a trickling source does not use up the pool: the bound
// is bytes, not chunks. Runs and states are written as they lie, many at a time; a missing record
// count is written between two parts of its state. A state is announced to the ledger before its
// first byte. Threads: one. Bounds: WriteQueue::kPiecesMax pieces or kGatherBytesMax bytes are
// prepared at a time, plus one item.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "protocol/stream_index.h"
#include "stages/accounting.h"
#include "stages/announcement.h"
#include "stages/chunk.h"
#include "stages/fault.h"
#include "stages/fifo.h"
#include "stages/intake.h"
#include "stages/run_state.h"
#include "stages/source_tap.h"
#include "stages/write_queue.h"

namespace shunt {

class Outbox {
 public:
  struct Options {
    bool fill_state_counts = true;
    uint64_t value_bytes_max = 0;
    ClassifierOptions classifier;  // to count a run that was cut short
  };
  Outbox(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
         SourceTap& tap, AnnouncementLane& announcements, FaultLane& faults, RunState& run);

  void Put(ChunkPtr chunk);
  void PutText(std::string_view text);  // behind everything else; not counted
  enum class Result {
    kNothing,    // nothing to write
    kGathering,  // too little to write already
    kWrote,
    kBlocked,  // the destination's pipe, or the announcement lane, is full
    kBroken,   // the destination reads no more; everything was dropped, later Puts are too
  };
  // One gathered write. `more_comes`: the next chunk is as good as there, so little may wait for
  // it.
  Result Write(bool more_comes);
  // Finishes the line begun and drops the rest; later Puts are dropped too, PutText still works.
  void Discard();
  bool empty() const { return chunks_.empty() && queue_.empty(); }
  bool blocked_on_ledger() const { return held_.has_value(); }
  void Close();

  const std::vector<StreamAccount>& forwarded() const { return streams_; }
  uint64_t states_forwarded() const { return states_forwarded_; }

 private:
  // What is known of a prepared state until it is out.
  struct StateNote {
    std::optional<uint32_t> stream;  // index, for the counts
    bool refused = false;            // nothing is written in its place
  };
  // A state whose announcement did not fit yet: nothing behind it is prepared.
  struct HeldState {
    Announcement announcement;
    StateNote note;
    std::string count;  // written instead of the line's bytes [count_begin, count_end)
    uint32_t count_begin = 0, count_end = 0;
  };

  void Prepare();
  IoResult WriteFront();
  bool prepared_all() const {
    return !held_ && prepare_chunk_ + 1 == chunks_.size() &&
           prepare_item_ == chunks_[prepare_chunk_].get()->block.items.size();
  }
  bool HoldState(const Chunk& chunk, const LineItem& item, bool tainted);
  bool ReleaseHeld();
  static std::string TakeBlob(std::string_view line, std::string_view blob, std::string* copy);
  void RefuseState(Fault::Effect effect, std::string why);
  void AddBytes(const Chunk& chunk, const LineItem& item, uint32_t begin, uint32_t end,
                bool ends_item);
  void AddBytesOf(const Chunk& chunk, uint32_t begin, uint32_t end, bool ends_item);
  void AddItem(const Chunk& chunk, const LineItem& item);
  bool MergeIntoLast(Chunk& chunk);
  void Advance(std::size_t written);
  void FinishItem();
  void FinishChunk();
  void CountCutShort();
  void CountLines(std::string_view lines, std::optional<LineClassifier>* classifier);
  void CountDeltas(std::span<const StreamDelta> deltas);
  void CountState(const StateNote& note);
  void DropAll();
  void OnBroken(int error);

  Connector& destination_;
  const ConfiguredCatalog& catalog_;
  const Options options_;
  const StreamIndex index_;
  SourceTap& tap_;
  uint64_t tap_end_ = 0;  // of the chunk that came last
  AnnouncementLane::Sender announcements_;
  FaultLane::Sender faults_;
  RunState& run_;

  Fifo<ChunkPtr> chunks_;
  WriteQueue queue_;  // prepared
  std::optional<HeldState> held_;
  Fifo<StateNote> states_;         // of the prepared states
  std::size_t prepare_chunk_ = 0;  // next item to prepare: index into chunks_, into its items,
  std::size_t prepare_item_ = 0;   // and into its deltas
  uint32_t prepare_delta_ = 0;
  std::size_t finish_item_ = 0;   // next item of chunks_.front() to be completed
  uint32_t finish_delta_ = 0;     // its deltas before this are counted,
  std::size_t counted_item_ = 0;  // and with them its items before this
  bool discarding_ = false;
  bool finishing_line_ = false;
  bool broken_ = false;

  CoverCounter cover_;
  std::optional<StateType> state_type_;
  uint64_t next_state_ = 1;
  std::vector<StreamAccount> streams_;
  uint64_t states_forwarded_ = 0;
  std::string scratch_;
};

}  // namespace shunt
