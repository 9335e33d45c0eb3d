// Outbox: what waits to be written to the destination, in order, and the writing of it.
//
// Chunks come in with only runs and states left. While the destination is slow, small chunks are
// merged into the one before them, so that a trickling source does not use up the pool: the bound
// is bytes, not chunks. Runs and states are written as they lie, many at a time, unless records are
// rewritten (RecordRewriter) or a state is not to be the source's bytes (StateGate). A state is
// announced to the ledger before its first byte. Threads: one. Bounds: WriteQueue::kPiecesMax
// pieces or kGatherBytesMax bytes are prepared at a time, plus one item and what its rewriting
// adds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "stages/accounting.h"
#include "stages/announcement.h"
#include "stages/chunk.h"
#include "stages/fault.h"
#include "stages/fifo.h"
#include "stages/run_state.h"
#include "stages/source_tap.h"
#include "stages/state_gate.h"
#include "stages/write_queue.h"
#include "transforms/record_rewriter.h"

namespace shunt {

class Outbox {
 public:
  static constexpr std::size_t kGatherBytesMax = std::size_t{1} << 20;

  struct Options {
    StateGate::Options states;
    ClassifierOptions classifier;         // to count a run that was cut short
    const RecordRules* rules = nullptr;   // never null
    SchemaCheck* schema_check = nullptr;  // null: nobody looks at the rows
  };
  struct Lanes {
    SourceTap& tap;
    AnnouncementLane& announcements;
    FaultLane& faults;
    LogLane& logs;
  };
  // `unknown` outlives this.
  Outbox(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
         UnknownStreams& unknown, const Lanes& lanes, RunState& run);

  void Put(ChunkPtr chunk);
  void PutOwn(ChunkPtr chunk);          // of our own making: not of the source's stream
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

  // records_forwarded counts those that were left out, too.
  const std::vector<StreamAccount>& forwarded() const { return streams_; }
  uint64_t states_forwarded() const { return states_forwarded_; }
  uint64_t records_nulled() const { return records_nulled_; }
  const StateGate& gate() const { return gate_; }
  bool lost_records() const { return lost_; }

 private:
  // What is known of a prepared state until it is out.
  struct StateNote {
    std::optional<uint32_t> stream;  // index, for the counts
    bool refused = false;            // nothing is written in its place
  };
  // Records of the prepared item with this number that are not forwarded.
  struct LeftOut {
    uint64_t item = 0;
    StreamDelta delta;
    bool lost = false;
  };

  void Prepare();
  Result WritePrepared();
  IoResult WriteFront();
  bool prepared_all() const {
    return !held_ && prepare_chunk_ + 1 == chunks_.size() &&
           prepare_item_ == chunks_[prepare_chunk_].get()->block.items.size();
  }
  bool HoldState(const Chunk& chunk, const LineItem& item, bool tainted);
  bool ReleaseHeld();
  void AddBytes(const Chunk& chunk, const LineItem& item, uint32_t begin, uint32_t end,
                bool ends_item);
  void AddBytesOf(const Chunk& chunk, uint32_t begin, uint32_t end, bool ends_item);
  void AddItem(const Chunk& chunk, const LineItem& item);
  void AddRewritten(const Chunk& chunk, const LineItem& item);
  void OnLost(const Chunk& chunk, const LineItem& item);
  void Stop();
  bool MergeIntoLast(Chunk& chunk);
  void Advance(std::size_t written);
  void FinishItem();
  void FinishChunk();
  void CountCutShort();
  std::string_view OutOf(const Chunk& chunk, const LineItem& item, std::size_t written);
  void CountLeftOut(const StreamDelta& delta, bool lost);
  void CountLines(std::string_view lines, std::optional<LineClassifier>* classifier);
  void CountDeltas(std::span<const StreamDelta> deltas);
  void CountState(const StateNote& note);
  void DropAll();
  void OnBroken(int error);

  Connector& destination_;
  const ConfiguredCatalog& catalog_;
  const Options options_;
  SourceTap& tap_;
  uint64_t tap_end_ = 0;  // of the chunk that came last
  AnnouncementLane::Sender announcements_;
  FaultLane::Sender faults_;
  RunState& run_;

  Fifo<ChunkPtr> chunks_;
  WriteQueue queue_;  // prepared
  // A state whose announcement did not fit yet: nothing behind it is prepared.
  std::optional<StateGate::Passage> held_;
  Fifo<StateNote> states_;  // of the prepared states
  Fifo<LeftOut> left_out_;  // of the prepared items
  uint64_t prepared_items_ = 0, finished_items_ = 0;
  std::size_t prepare_chunk_ = 0;  // next item to prepare: index into chunks_, into its items,
  std::size_t prepare_item_ = 0;   // and into its deltas
  uint32_t prepare_delta_ = 0;
  std::size_t finish_item_ = 0;   // next item of chunks_.front() to be completed
  uint32_t finish_delta_ = 0;     // its deltas before this are counted,
  std::size_t counted_item_ = 0;  // and with them its items before this
  bool discarding_ = false;
  bool finishing_line_ = false;
  bool broken_ = false;

  StateGate gate_;
  std::optional<RecordRewriter> rewriter_;
  RecordRewriter::Result rewritten_;
  bool lost_ = false;                 // a record was not forwarded that should have been
  bool stopped_ = false;              // a line ended the run: nothing behind it is forwarded
  std::optional<uint32_t> ended_by_;  // stream of the lost record that did
  std::vector<StreamAccount> streams_;
  uint64_t states_forwarded_ = 0;
  uint64_t records_nulled_ = 0;
  std::string scratch_;
};

}  // namespace shunt
