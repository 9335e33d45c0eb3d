// Outbox: what waits to be written to the destination, in order, and the writing of it.
//
// Chunks come in with only runs and states left. While the destination is slow, small chunks are
// merged into the one before them, so that a trickling source does not use up the pool: the bound
// is bytes, not chunks. Runs are written as they lie, many at a time. A state is announced to the
// ledger before its first byte, and gets its missing record count. Threads: one. Bounds: kPiecesMax
// pieces or kGatherBytesMax bytes are prepared at a time, plus one item.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>

#include "connectors/connector.h"
#include "stages/accounting.h"
#include "stages/announcement.h"
#include "stages/chunk.h"
#include "stages/fault.h"
#include "stages/intake.h"
#include "stages/run_state.h"

namespace shunt {

class Outbox {
 public:
  struct Options {
    bool fill_state_counts = true;
    uint64_t value_bytes_max = 0;
    ClassifierOptions classifier;  // to count a run that was cut short
  };
  Outbox(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
         AnnouncementLane& announcements, FaultLane& faults, RunState& run);

  void Put(ChunkPtr chunk);
  void PutText(std::string text);  // behind everything else; not counted
  enum class Result {
    kNothing,  // nothing to write
    kWrote,
    kBlocked,  // the destination's pipe, or the announcement lane, is full
    kBroken,   // the destination reads no more; everything was dropped, later Puts are too
  };
  Result Write();  // one gathered write
  // Finishes the line begun and drops the rest; later Puts are dropped too, PutText still works.
  void Discard();
  bool empty() const { return chunks_.empty() && pieces_.empty(); }
  bool blocked_on_ledger() const { return held_.has_value(); }
  void Close();

  const std::vector<StreamAccount>& forwarded() const { return streams_; }
  uint64_t states_forwarded() const { return states_forwarded_; }

 private:
  struct Piece {
    const char* data = nullptr;
    std::size_t size = 0;
    bool ends_item = false;  // chunks_.front()'s next item is complete with it
    bool owns_text = false;  // data is in texts_.front()
  };
  // A state whose announcement did not fit yet: nothing behind it is prepared.
  struct HeldState {
    Announcement announcement;
    std::optional<uint32_t> stream;  // index, for the counts
    std::string text;                // what is written, or
    std::string_view bytes;          // where it lies
    bool add_newline = false;
  };

  void Prepare();
  void PrepareRun(const Chunk& chunk, const LineItem& item);
  bool HoldState(const Chunk& chunk, const LineItem& item, bool tainted);
  bool ReleaseHeld();
  void RefuseState(Fault::Effect effect, std::string why);
  void AddPiece(const char* data, std::size_t size, bool ends_item);
  void AddText(std::string text, bool ends_item);
  bool MergeIntoLast(Chunk& chunk);
  void Advance(std::size_t written);
  void FinishItem();
  void FinishChunk();
  void CutToLineEnd();
  void CountPartialItem();
  void CountDeltas(std::span<const StreamDelta> deltas);
  void DropAll();
  void OnBroken(int error);

  Connector& destination_;
  const ConfiguredCatalog& catalog_;
  const Options options_;
  const StreamIndex index_;
  AnnouncementLane::Sender announcements_;
  FaultLane::Sender faults_;
  RunState& run_;

  std::deque<ChunkPtr> chunks_;
  std::deque<Piece> pieces_;       // prepared, front first
  std::deque<std::string> texts_;  // of pieces that own theirs
  std::optional<HeldState> held_;
  std::deque<std::optional<uint32_t>> state_streams_;  // of the prepared states
  std::size_t prepare_chunk_ = 0;  // next item to prepare: index into chunks_, into its items,
  std::size_t prepare_item_ = 0;   // and into its deltas
  uint32_t prepare_delta_ = 0;
  std::size_t finish_item_ = 0;  // next item of chunks_.front() to be completed
  uint32_t finish_delta_ = 0;
  std::size_t prepared_bytes_ = 0;
  std::size_t item_written_ = 0;  // bytes of that item that are out
  bool inside_line_ = false;      // the last byte written was no LF
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
