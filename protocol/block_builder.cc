#include "protocol/block_builder.h"

#include <algorithm>

namespace shunt {
namespace {

LineKind CountedAs(LineItem::Kind kind) {
  switch (kind) {
    case LineItem::Kind::kRun:
    case LineItem::Kind::kUnknownStream:
      return LineKind::kRecord;
    case LineItem::Kind::kState:
    case LineItem::Kind::kUnusableState:
      return LineKind::kState;
    case LineItem::Kind::kControl:
      return LineKind::kControl;
    case LineItem::Kind::kLog:
      return LineKind::kLog;
    case LineItem::Kind::kTrace:
      return LineKind::kTrace;
    case LineItem::Kind::kOther:
      return LineKind::kOther;
    case LineItem::Kind::kText:
      return LineKind::kText;
    case LineItem::Kind::kMalformed:
      return LineKind::kMalformed;
  }
  return LineKind::kMalformed;
}

bool Merges(LineItem::Kind kind) {
  return kind == LineItem::Kind::kRun || kind == LineItem::Kind::kText ||
         kind == LineItem::Kind::kMalformed;
}

}  // namespace

void LineCounts::Add(const LineCounts& other) {
  for (int i = 0; i < kLineKinds; ++i) by_kind[i] += other.by_kind[i];
  physical_lines += other.physical_lines;
  glued_lines += other.glued_lines;
}

void ClassifiedBlock::Clear() {
  items.clear();
  deltas.clear();
  counts = LineCounts();
}

void BlockBuilder::Begin(ClassifiedBlock* out) {
  out->Clear();
  out_ = out;
  in_run_ = false;
  closed_ = 0;
  CloseDeltas();
}

void BlockBuilder::Add(const JudgedPiece& piece) {
  ++out_->counts[CountedAs(piece.kind)];
  in_run_ = piece.kind == LineItem::Kind::kRun && !piece.add_newline;
  if (piece.kind == LineItem::Kind::kState || piece.kind == LineItem::Kind::kUnusableState ||
      piece.kind == LineItem::Kind::kTrace) {
    CloseDeltas();
  }
  if (piece.stream != JudgedPiece::kNoStream) {
    CountRecord(piece.stream, piece.end - piece.begin + (piece.add_newline ? 1u : 0u));
  }
  LineItem* const before = last();
  if (before != nullptr && before->kind == piece.kind && Merges(piece.kind) &&
      before->end == piece.begin && !before->add_newline &&
      before->mentions_config == piece.mentions_config && before->part == piece.part) {
    before->end = piece.end;
    before->add_newline = piece.add_newline;
    ++before->lines;
    return;
  }
  LineItem item;
  item.kind = piece.kind;
  item.add_newline = piece.add_newline;
  item.mentions_config = piece.mentions_config;
  item.part = piece.part;
  item.begin = piece.begin;
  item.end = piece.end;
  item.lines = 1;
  item.first_line = static_cast<uint32_t>(out_->counts.physical_lines);
  item.deltas_end = static_cast<uint32_t>(closed_);
  out_->items.push_back(item);
}

void BlockBuilder::AddFirstOfRun(uint32_t begin, uint32_t end, uint32_t stream) {
  JudgedPiece piece;
  piece.kind = LineItem::Kind::kRun;
  piece.begin = begin;
  piece.end = end;
  piece.stream = stream;
  Add(piece);
}

void BlockBuilder::OpenNewDelta(uint32_t stream) {
  open_[stream].generation = generation_;
  open_[stream].index = static_cast<uint32_t>(out_->deltas.size());
  out_->deltas.push_back({stream, 0, 0});
}

// What was counted so far belongs to the items so far.
void BlockBuilder::CloseDeltas() {
  closed_ = out_->deltas.size();
  if (!out_->items.empty()) out_->items.back().deltas_end = static_cast<uint32_t>(closed_);
  if (++generation_ != 0) return;
  std::fill(open_.begin(), open_.end(), OpenDelta());
  generation_ = 1;
}

}  // namespace shunt
