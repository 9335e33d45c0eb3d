// BlockBuilder: turns judged lines and pieces, in order, into the items, deltas and counts of a
// ClassifiedBlock.
//
// Threads: one at a time. Bounds: 8 bytes per stream of the catalog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/line_classifier.h"

namespace shunt {

// A line, or a piece of a glued line.
struct JudgedPiece {
  static constexpr uint32_t kNoStream = 0xFFFFFFFF;
  LineItem::Kind kind = LineItem::Kind::kText;
  bool add_newline = false;
  bool mentions_config = false;
  TextPart part = TextPart::kNone;
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t stream = kNoStream;  // of a kRun whose records are counted
};

class BlockBuilder {
 public:
  explicit BlockBuilder(std::size_t streams) : open_(streams) {}

  void Begin(ClassifiedBlock* out);
  void Finish() { CloseDeltas(); }

  void Add(const JudgedPiece& piece);
  // The same for a whole record line with its LF, the common case.
  void AddRecordLine(uint32_t begin, uint32_t end, uint32_t stream) {
    if (!in_run_ || out_->items.back().end != begin) return AddFirstOfRun(begin, end, stream);
    LineItem& run = out_->items.back();
    run.end = end;
    ++run.lines;
    ++out_->counts[LineKind::kRecord];
    if (stream != JudgedPiece::kNoStream) CountRecord(stream, end - begin);
  }
  std::size_t items() const { return out_->items.size(); }
  void AddEmpty() { ++out_->counts[LineKind::kEmpty]; }
  // Every physical line ends with this, after its pieces.
  void NextLine() { ++out_->counts.physical_lines; }
  void CountGlued() { ++out_->counts.glued_lines; }

 private:
  void AddFirstOfRun(uint32_t begin, uint32_t end, uint32_t stream);
  void CountRecord(uint32_t stream, uint64_t bytes) {
    OpenDelta& open = open_[stream];
    if (open.generation != generation_) OpenNewDelta(stream);
    StreamDelta& delta = out_->deltas[open.index];
    ++delta.records;
    delta.bytes += bytes;
  }
  void OpenNewDelta(uint32_t stream);
  void CloseDeltas();
  LineItem* last() { return out_->items.empty() ? nullptr : &out_->items.back(); }

  ClassifiedBlock* out_ = nullptr;
  bool in_run_ = false;      // the last item is a run that may grow
  std::size_t closed_ = 0;   // deltas before this are complete
  uint32_t generation_ = 0;  // of the deltas being added to; zero is none
  // Per stream: the generation and index of its open delta.
  struct OpenDelta {
    uint32_t generation = 0;
    uint32_t index = 0;
  };
  std::vector<OpenDelta> open_;
};

}  // namespace shunt
