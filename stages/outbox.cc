#include "stages/outbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "stages/item_bytes.h"

namespace shunt {
namespace {

constexpr std::size_t kPiecesMax = WriteQueue::kPiecesMax;
// With a source that keeps up, a write of this much saves every other system call and still finds
// what it writes in the second-level cache.
constexpr std::size_t kGatherBytesMin = kChunkBytes * 3 / 2;
// A state is announced before its first byte; this is how much may then still be in front of it.
constexpr std::size_t kBytesBeforeStateMax = 256 * 1024;
constexpr uint32_t kMergeBytesMax = kChunkBytes / 4;

uint32_t ItemSize(const LineItem& item) { return item.end - item.begin; }

}  // namespace

Outbox::Outbox(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
               UnknownStreams& unknown, const Lanes& lanes, RunState& run)
    : destination_(destination),
      catalog_(catalog),
      options_(options),
      tap_(lanes.tap),
      announcements_(lanes.announcements),
      faults_(lanes.faults),
      run_(run),
      gate_(catalog, options.states, unknown, lanes.faults, lanes.logs, run),
      streams_(catalog.streams.size()) {
  if (!options_.rules->idle() || options_.schema_check != nullptr) {
    rewriter_.emplace(*options_.rules, catalog, options_.schema_check);
  }
}

void Outbox::Close() {
  announcements_.Close();
  faults_.Close();
  gate_.Close();
}

void Outbox::Put(ChunkPtr chunk) {
  tap_end_ = chunk->tap_end;
  if (discarding_ || chunk->block.items.empty()) {
    run_.finished_bytes.Add(chunk->stream_bytes);
    if (chunks_.empty()) tap_.Forget(tap_end_);
    return;
  }
  if (!chunks_.empty() && MergeIntoLast(*chunk)) return;
  chunks_.push_back(std::move(chunk));
}

void Outbox::PutOwn(ChunkPtr chunk) {
  chunk->tap_end = tap_end_;
  Put(std::move(chunk));
}

void Outbox::PutText(std::string_view text) { queue_.AddText(text, false); }

bool Outbox::MergeIntoLast(Chunk& chunk) {
  Chunk& last = *chunks_.back();
  if (last.long_line || chunk.long_line) return false;
  std::size_t bytes = 0;
  for (const LineItem& item : chunk.block.items) bytes += ItemSize(item);
  if (bytes > kMergeBytesMax || bytes > last.room().size()) return false;
  std::vector<LineItem>& items = last.block.items;
  std::vector<StreamDelta>& deltas = last.block.deltas;
  const std::size_t prepared = prepare_chunk_ + 1 == chunks_.size() ? prepare_item_ : 0;
  uint32_t delta = 0;
  bool counted =
      true;  // `before` has its deltas; without them it would be counted with a later item
  for (std::size_t i = 0; i < chunk.block.items.size(); ++i) {
    LineItem item = chunk.block.items[i];
    const uint32_t size = ItemSize(item);
    const bool joins = !counted || item.deltas_end > delta;
    counted = item.deltas_end > delta;
    memcpy(last.buffer.get() + last.size, chunk.buffer.get() + item.begin, size);
    deltas.insert(deltas.end(), chunk.block.deltas.begin() + delta,
                  chunk.block.deltas.begin() + item.deltas_end);
    delta = item.deltas_end;
    item.deltas_end = static_cast<uint32_t>(deltas.size());
    item.begin = last.size;
    item.end = last.size += size;
    item.first_line += static_cast<uint32_t>(chunk.lines_before - last.lines_before);
    if (i >= chunk.tainted_from) {
      last.tainted_from = std::min(last.tainted_from, static_cast<uint32_t>(items.size()));
    }
    LineItem* const before = items.size() > prepared ? &items.back() : nullptr;
    // The number of a line that is lost to its rewriting is counted from its item's first one.
    const bool numbers_go_on =
        !rewriter_ || (before != nullptr && before->first_line + before->lines == item.first_line);
    if (joins && numbers_go_on && before != nullptr && before->kind == LineItem::Kind::kRun &&
        !before->add_newline && item.kind == LineItem::Kind::kRun && before->end == item.begin) {
      before->end = item.end;
      before->lines += item.lines;
      before->add_newline = item.add_newline;
      before->deltas_end = item.deltas_end;
    } else {
      items.push_back(item);
    }
  }
  last.stream_bytes += chunk.stream_bytes;
  return true;
}

// Fills queue_ with what comes next.
void Outbox::Prepare() {
  if (held_ && !ReleaseHeld()) return;
  // What is rewritten is best written while it is in the cache.
  const std::size_t bytes_max = rewriter_ ? kChunkBytes : kGatherBytesMax;
  while (queue_.pieces() < kPiecesMax && queue_.bytes() < bytes_max &&
         prepare_chunk_ < chunks_.size()) {
    Chunk& chunk = *chunks_[prepare_chunk_];
    if (prepare_item_ == chunk.block.items.size()) {
      if (prepare_chunk_ + 1 == chunks_.size()) return;  // more may be merged into it
      ++prepare_chunk_;
      prepare_item_ = prepare_delta_ = 0;
      continue;
    }
    const LineItem& item = chunk.block.items[prepare_item_];
    const bool is_state = item.kind == LineItem::Kind::kState;
    if (is_state && queue_.bytes() > kBytesBeforeStateMax) return;
    for (; prepare_delta_ < item.deltas_end; ++prepare_delta_) {
      gate_.Cover(chunk.block.deltas[prepare_delta_]);
    }
    const bool tainted = prepare_item_++ >= chunk.tainted_from || lost_;
    ++prepared_items_;
    if (!is_state) {
      rewriter_ ? AddRewritten(chunk, item) : AddItem(chunk, item);
    } else if (!HoldState(chunk, item, tainted)) {
      if (gate_.stopped()) stopped_ = true;
      queue_.Add("", true);  // refused: nothing is written in its place
    } else if (!ReleaseHeld()) {
      return;
    }
    // The supervisor hears of it some time; what stands behind the line is not written meanwhile.
    if (stopped_) return Stop();
  }
}

// Bytes [begin, end) of the item, wherever they lie.
void Outbox::AddBytes(const Chunk& chunk, const LineItem& item, uint32_t begin, uint32_t end,
                      bool ends_item) {
  if (!chunk.long_line) {
    AddBytesOf(chunk, item.begin + begin, item.begin + end, ends_item);
    return;
  }
  uint32_t part_begin = 0;
  for (const Chunk* part = &chunk; part_begin < end; part = part->next.get()) {
    const uint32_t part_end = part_begin + part->size;
    if (part_end > begin) {
      const uint32_t from = std::max(begin, part_begin), to = std::min(end, part_end);
      AddBytesOf(*part, from - part_begin, to - part_begin, ends_item && to == end);
    }
    part_begin = part_end;
  }
}

void Outbox::AddBytesOf(const Chunk& chunk, uint32_t begin, uint32_t end, bool ends_item) {
  const TappedRange& tapped = chunk.tapped;
  queue_.Add(chunk.bytes().substr(begin, end - begin), ends_item,
             tapped.Holds(begin, end) ? tapped.OffsetOf(begin) : WriteQueue::kNotTapped);
}

void Outbox::AddItem(const Chunk& chunk, const LineItem& item) {
  AddBytes(chunk, item, 0, ItemSize(item), !item.add_newline);
  if (item.add_newline) queue_.Add("\n", true);
}

// What becomes of a run of records. A line longer than a chunk is copied together for it.
void Outbox::AddRewritten(const Chunk& chunk, const LineItem& item) {
  std::string_view run = ItemBytes(chunk, item, SIZE_MAX, &scratch_);
  if (chunk.long_line) {
    const std::size_t size = run.size();
    scratch_.append(kLinePadding, ' ');
    run = std::string_view(scratch_).substr(0, size);
  }
  std::string text = queue_.SpareText();
  rewriter_->Rewrite(run, SIZE_MAX, &text, &rewritten_);
  queue_.AddOwned(std::move(text), rewritten_.out_bytes, !item.add_newline);
  if (item.add_newline) queue_.Add(rewritten_.lacks_newline ? "\n" : "", true);
  for (const StreamDelta& delta : rewritten_.filtered) {
    gate_.LeaveOut(delta);
    left_out_.push_back({prepared_items_, delta, false});
  }
  for (const StreamDelta& delta : rewritten_.lost) {
    gate_.LeaveOut(delta);
    left_out_.push_back({prepared_items_, delta, true});
  }
  if (!rewritten_.lost.empty()) OnLost(chunk, item);
  records_nulled_ += rewritten_.records_nulled;
  if (chunk.long_line) std::string().swap(scratch_);
}

// As after a malformed line: no later state becomes durable (G6).
void Outbox::OnLost(const Chunk& chunk, const LineItem& item) {
  if (std::exchange(lost_, true)) return;
  const bool stop = options_.rules->on_oversize == OnOversizeRecord::kFail;
  stopped_ |= stop;
  if (stop) ended_by_ = rewritten_.lost.front().stream;
  faults_.Send(MakeFault(
      ExitCode::kDataLoss, stop ? Fault::Effect::kAbort : Fault::Effect::kVerdict, Origin::kSource,
      absl::StrCat("line ", chunk.lines_before + item.first_line + rewritten_.first_lost_line + 1,
                   " of the source ", A(rewritten_.why_lost),
                   " and was not forwarded: no later state becomes durable")));
}

// The record that ended the run is the only one that is known to be lost.
void Outbox::Stop() {
  Discard();
  if (!ended_by_) return;
  const StreamDelta record{.stream = *ended_by_, .records = 1, .bytes = 0};
  CountDeltas({&record, 1});  // which has those that were left out, too
  CountLeftOut(record, true);
}

bool Outbox::HoldState(const Chunk& chunk, const LineItem& item, bool tainted) {
  held_ = gate_.Pass(chunk, item, tainted);
  if (!held_) states_.push_back({.stream = std::nullopt, .refused = true});
  return held_.has_value();
}

// REQUIRES: the held state is the item that was prepared last.
bool Outbox::ReleaseHeld() {
  if (run_.spill_full.Get()) return false;
  const std::size_t weight = held_->announcement.blob.size() + sizeof(Announcement);
  if (!announcements_.Send(std::move(held_->announcement), weight)) return false;
  states_.push_back({.stream = held_->stream});
  const Chunk& chunk = *chunks_[prepare_chunk_];
  const LineItem& item = chunk.block.items[prepare_item_ - 1];
  if (!held_->text.empty()) {
    if (item.add_newline) held_->text += '\n';
    const std::size_t size = held_->text.size();
    queue_.AddOwned(std::move(held_->text), size, true);
  } else if (held_->count.empty()) {
    AddItem(chunk, item);
  } else {
    AddBytes(chunk, item, 0, held_->count_begin, false);
    queue_.AddText(held_->count, false);
    AddBytes(chunk, item, held_->count_end, ItemSize(item), !item.add_newline);
    if (item.add_newline) queue_.Add("\n", true);
  }
  held_.reset();
  return true;
}

Outbox::Result Outbox::Write(bool more_comes) {
  if (!finishing_line_) Prepare();
  Advance(0);  // states that were refused
  if (queue_.empty()) {
    if (held_) return Result::kBlocked;
    // All that was prepared came to nothing, and there is more to prepare.
    return chunks_.empty() ? Result::kNothing : Result::kWrote;
  }
  if (broken_ || run_.end_writing.Get()) {
    CountCutShort();
    DropAll();
    return Result::kBroken;
  }
  if (more_comes && prepared_all() && !rewriter_ && queue_.bytes() < kGatherBytesMin &&
      queue_.pieces() < kPiecesMax / 2) {
    return Result::kGathering;
  }
  if (states_.empty()) return WritePrepared();
  // Whoever reads the acknowledgement of a state may be faster than we are with counting it, but
  // not faster than the write that brings it there.
  run_.states_out.Set(UINT64_MAX);
  const Result result = WritePrepared();
  run_.states_out.Set(states_forwarded_);
  return result;
}

Outbox::Result Outbox::WritePrepared() {
  const IoResult result = WriteFront();
  switch (result.state) {
    case IoState::kBytes:
      run_.forwarded_bytes.Add(result.bytes);
      Advance(result.bytes);
      return Result::kWrote;
    case IoState::kBlocked:
      return Result::kBlocked;
    case IoState::kEnd:
    case IoState::kError:
      OnBroken(result.error);
      return Result::kBroken;
  }
  return Result::kBlocked;
}

// Moves the front of the queue out of the tap, or writes it.
IoResult Outbox::WriteFront() {
  const int fd = destination_.input_pipe();
  if (tap_.usable() && fd >= 0) {
    const WriteQueue::Tapped front = queue_.FrontTapped();
    if (front.bytes >= SourceTap::kMoveBytesMin) {
      const IoResult result = tap_.Move(fd, front.offset, front.bytes);
      run_.moved_bytes.Add(result.bytes);
      if (result.state != IoState::kError) return result;
    }
  }
  const IoResult result =
      destination_.WriteInput(queue_.Gather(tap_.usable() ? SourceTap::kMoveBytesMin : SIZE_MAX));
  tap_.NoteWrite(destination_.input_pipe(), result.bytes);  // a FIFO is open only now
  return result;
}

void Outbox::Advance(std::size_t written) {
  for (std::size_t ended = queue_.Advance(written); ended > 0; --ended) FinishItem();
  if (finishing_line_ && queue_.empty()) {
    CountCutShort();
    DropAll();
  }
}

void Outbox::FinishItem() {
  Chunk& chunk = *chunks_.front();
  const LineItem& item = chunk.block.items[finish_item_++];
  ++finished_items_;
  for (; !left_out_.empty() && left_out_.front().item == finished_items_; left_out_.pop_front()) {
    CountLeftOut(left_out_.front().delta, left_out_.front().lost);
  }
  if (item.kind == LineItem::Kind::kState) {
    CountState(states_.front());
    states_.pop_front();
  }
  if (item.deltas_end > finish_delta_) {
    CountDeltas(
        std::span(chunk.block.deltas).subspan(finish_delta_, item.deltas_end - finish_delta_));
    finish_delta_ = item.deltas_end;
    counted_item_ = finish_item_;
  }
  if (finish_item_ == chunk.block.items.size()) FinishChunk();
}

void Outbox::FinishChunk() {
  // What is left in the tap of chunks that were dropped or merged behind it, too, when it is last.
  tap_.Forget(chunks_.size() == 1 ? tap_end_ : chunks_.front()->tap_end);
  run_.finished_bytes.Add(chunks_.front()->stream_bytes);
  chunks_.pop_front();
  finish_item_ = counted_item_ = finish_delta_ = 0;
  if (prepare_chunk_ > 0) {
    --prepare_chunk_;
  } else {
    prepare_item_ = prepare_delta_ = 0;
  }
}

void Outbox::CountDeltas(std::span<const StreamDelta> deltas) {
  for (const StreamDelta& delta : deltas) {
    streams_[delta.stream].records_forwarded += delta.records;
    streams_[delta.stream].bytes_forwarded += delta.bytes;
    run_.records_forwarded.Add(delta.records);
  }
}

void Outbox::CountState(const StateNote& note) {
  if (note.refused) return;
  ++states_forwarded_;
  run_.states_forwarded.Add(1);
  if (note.stream) ++streams_[*note.stream].states_forwarded;
}

void Outbox::Discard() {
  if (discarding_) return;
  discarding_ = true;
  if (!queue_.inside_line() || broken_) {
    CountCutShort();
    DropAll();
    return;
  }
  finishing_line_ = true;
  queue_.CutToLineEnd();
  // The line begun is in the first chunk; what the others hold is lost, and must not keep the
  // source from being read.
  for (; chunks_.size() > 1; chunks_.shorten(chunks_.size() - 1)) {
    run_.finished_bytes.Add(chunks_.back()->stream_bytes);
  }
}

// Counts what is out of the first chunk and is not counted yet. Counts are kept for all runs up to
// the next STATE or the chunk's end together (LineItem::deltas_end), so when the writing stops in
// between, the lines that are out are read once more.
void Outbox::CountCutShort() {
  if (chunks_.empty()) return;
  const Chunk& chunk = *chunks_.front();
  const std::vector<LineItem>& items = chunk.block.items;
  const bool in_item = queue_.item_written() > 0;
  if (chunk.long_line) {
    if (!in_item || queue_.inside_line()) return;
    if (items[0].kind == LineItem::Kind::kState) return CountState(states_.front());
    return CountDeltas(chunk.block.deltas);
  }
  std::optional<LineClassifier> classifier;  // made once, when there is something to count
  for (std::size_t i = counted_item_; i < finish_item_; ++i) {
    if (items[i].kind != LineItem::Kind::kRun) continue;
    CountLines(chunk.bytes().substr(items[i].begin, ItemSize(items[i])), &classifier);
  }
  if (!in_item) return;
  const LineItem& item = items[finish_item_];
  if (item.kind == LineItem::Kind::kState) {
    if (!queue_.inside_line()) CountState(states_.front());
    return;
  }
  CountLines(OutOf(chunk, item, queue_.item_written()), &classifier);
}

// The lines of the item that are out, `written` bytes of it being so.
std::string_view Outbox::OutOf(const Chunk& chunk, const LineItem& item, std::size_t written) {
  const std::string_view run = chunk.bytes().substr(item.begin, ItemSize(item));
  if (rewriter_) {
    // Done once more, it comes to the same sizes. What is checked was checked already.
    RecordRewriter again(*options_.rules, catalog_, nullptr);
    std::string text;
    again.Rewrite(run, written, &text, &rewritten_);
    for (const StreamDelta& delta : rewritten_.filtered) CountLeftOut(delta, false);
    for (const StreamDelta& delta : rewritten_.lost) CountLeftOut(delta, true);
    const std::string_view out = run.substr(0, rewritten_.consumed);
    // Unless the newline is still to come that the last one lacks; one that came to nothing needs
    // none.
    const bool whole = !rewritten_.lacks_newline || written > rewritten_.out_bytes;
    return whole ? out : out.substr(0, out.rfind('\n') + 1);
  }
  const std::string_view out = run.substr(0, written);
  // More than the item was written: the newline that it lacked.
  return written > run.size() ? out : out.substr(0, out.rfind('\n') + 1);
}

void Outbox::CountLeftOut(const StreamDelta& delta, bool lost) {
  StreamAccount& stream = streams_[delta.stream];
  (lost ? stream.records_lost : stream.records_filtered) += delta.records;
  run_.records_left_out.Add(delta.records);
}

void Outbox::CountLines(std::string_view lines, std::optional<LineClassifier>* classifier) {
  if (!*classifier) classifier->emplace(options_.classifier, &catalog_);
  ClassifiedBlock block;
  (*classifier)->Classify(lines, &block);
  CountDeltas(block.deltas);
}

void Outbox::DropAll() {
  finishing_line_ = false;
  for (const ChunkPtr& chunk : chunks_) run_.finished_bytes.Add(chunk->stream_bytes);
  chunks_.clear();
  queue_.Clear();
  held_.reset();
  states_.clear();
  left_out_.clear();
  prepared_items_ = finished_items_ = 0;
  prepare_chunk_ = prepare_item_ = prepare_delta_ = 0;
  finish_item_ = counted_item_ = finish_delta_ = 0;
}

void Outbox::OnBroken(int error) {
  broken_ = true;
  CountCutShort();
  DropAll();
  discarding_ = true;
  run_.destination_broken.Set(true);
  Fault fault = MakeFault(ExitCode::kDestinationFailed, Fault::Effect::kAbort, Origin::kDestination,
                          "the destination stopped reading before its input ended");
  fault.failure.internal_message = error == 0 ? kBrokenPipe : strerror(error);
  faults_.Send(std::move(fault));
}

}  // namespace shunt
