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
  void AddEmpty() { ++out_->counts[LineKind::kEmpty]; }
  // Every physical line ends with this, after its pieces.
  void NextLine() { ++out_->counts.physical_lines; }
  void CountGlued() { ++out_->counts.glued_lines; }

 private:
  void CountRecord(uint32_t stream, uint64_t bytes);
  void CloseDeltas();
  LineItem* last() { return out_->items.empty() ? nullptr : &out_->items.back(); }

  ClassifiedBlock* out_ = nullptr;
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
