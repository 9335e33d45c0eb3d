#include "stages/outbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kPiecesMax = 64;
constexpr std::size_t kGatherBytesMax = std::size_t{1} << 20;
// A state is announced before its first byte; this is how much may then still be in front of it.
constexpr std::size_t kBytesBeforeStateMax = 64 * 1024;
constexpr uint32_t kMergeBytesMax = kChunkBytes / 4;

uint32_t ItemSize(const LineItem& item) { return item.end - item.begin; }

std::string WithCount(std::string_view line, const CountSplice& splice, uint64_t records) {
  return absl::StrCat(A(line.substr(0, splice.begin)), splice.before, records, splice.after,
                      A(line.substr(splice.end)));
}

}  // namespace

Outbox::Outbox(Connector& destination, const ConfiguredCatalog& catalog, const Options& options,
               AnnouncementLane& announcements, FaultLane& faults, RunState& run)
    : destination_(destination),
      catalog_(catalog),
      options_(options),
      index_(catalog),
      announcements_(announcements),
      faults_(faults),
      run_(run),
      cover_(catalog.streams.size()),
      streams_(catalog.streams.size()) {}

void Outbox::Close() {
  announcements_.Close();
  faults_.Close();
}

void Outbox::Put(ChunkPtr chunk) {
  if (discarding_ || chunk->block.items.empty()) {
    run_.finished_bytes.Add(chunk->stream_bytes);
    return;
  }
  if (!chunks_.empty() && MergeIntoLast(*chunk)) return;
  chunks_.push_back(std::move(chunk));
}

void Outbox::PutText(std::string text) { AddText(std::move(text), false); }

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
  for (std::size_t i = 0; i < chunk.block.items.size(); ++i) {
    LineItem item = chunk.block.items[i];
    const uint32_t size = ItemSize(item);
    memcpy(last.buffer.get() + last.size, chunk.buffer.get() + item.begin, size);
    deltas.insert(deltas.end(), chunk.block.deltas.begin() + delta,
                  chunk.block.deltas.begin() + item.deltas_end);
    delta = item.deltas_end;
    item.deltas_end = static_cast<uint32_t>(deltas.size());
    item.begin = last.size;
    item.end = last.size += size;
    if (i >= chunk.tainted_from) {
      last.tainted_from = std::min(last.tainted_from, static_cast<uint32_t>(items.size()));
    }
    LineItem* const before = items.size() > prepared ? &items.back() : nullptr;
    if (before != nullptr && before->kind == LineItem::Kind::kRun && !before->add_newline &&
        item.kind == LineItem::Kind::kRun && before->end == item.begin) {
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

// Fills pieces_ with what comes next.
void Outbox::Prepare() {
  if (held_ && !ReleaseHeld()) return;
  while (pieces_.size() < kPiecesMax && prepared_bytes_ < kGatherBytesMax &&
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
    if (is_state && prepared_bytes_ > kBytesBeforeStateMax) return;
    for (; prepare_delta_ < item.deltas_end; ++prepare_delta_) {
      cover_.Add(chunk.block.deltas[prepare_delta_]);
    }
    const bool tainted = prepare_item_++ >= chunk.tainted_from;
    if (!is_state) {
      PrepareRun(chunk, item);
    } else if (!HoldState(chunk, item, tainted)) {
      AddPiece("", 0, true);  // refused: nothing is written in its place
    } else if (!ReleaseHeld()) {
      return;
    }
  }
}

void Outbox::PrepareRun(const Chunk& chunk, const LineItem& item) {
  if (chunk.long_line) {
    for (const Chunk* part = &chunk; part != nullptr; part = part->next.get()) {
      AddPiece(part->buffer.get(), part->size, !item.add_newline && part->next == nullptr);
    }
  } else {
    AddPiece(chunk.buffer.get() + item.begin, ItemSize(item), !item.add_newline);
  }
  if (item.add_newline) AddPiece("\n", 1, true);
}

bool Outbox::HoldState(const Chunk& chunk, const LineItem& item, bool tainted) {
  const std::string_view line = ItemBytes(chunk, item, options_.value_bytes_max + 1, &scratch_);
  if (line.size() > options_.value_bytes_max) {
    RefuseState(Fault::Effect::kListed,
                absl::StrCat("a STATE is longer than ", options_.value_bytes_max,
                             " bytes and was not forwarded: raise --memory-budget"));
    return false;
  }
  auto state = ParseState(line);
  if (!state.ok()) {
    RefuseState(Fault::Effect::kListed, std::string(S(state.status().message())));
    return false;
  }
  if (state_type_ && *state_type_ != state->type) {
    RefuseState(Fault::Effect::kAbort,
                absl::StrCat("the source mixes ", A(StateTypeName(*state_type_)), " and ",
                             A(StateTypeName(state->type)), " states in one run"));
    return false;
  }
  state_type_ = state->type;
  const bool is_stream = state->type == StateType::kStream;
  HeldState held;
  held.stream = is_stream ? index_.Find(state->stream) : std::nullopt;
  uint64_t records = cover_.RecordsOfAll();
  if (is_stream) records = held.stream ? cover_.RecordsOf(*held.stream) : 0;
  Announcement& announcement = held.announcement;
  announcement.lane = {state->type, state->stream};
  announcement.state = {.number = next_state_++,
                        .digest = state->digest,
                        .tainted = tainted,
                        .removes_lane = state->blob_is_null,
                        .covered = !is_stream    ? cover_.TakeAll()
                                   : held.stream ? cover_.TakeStream(*held.stream)
                                                 : std::vector<CoveredRecords>{}};
  const bool fill = options_.fill_state_counts && state->type != StateType::kLegacy &&
                    !state->source_record_count;
  // A long state is copied once for the ledger and once for the writing, and no more.
  if (!tainted) announcement.blob = std::string(state->blob);
  if (fill) {
    held.text = WithCount(line, state->count_splice, records);
  } else if (chunk.long_line) {
    held.text = std::move(scratch_);
  } else {
    held.bytes = line;
  }
  if (chunk.long_line) std::string().swap(scratch_);
  held.add_newline = item.add_newline;
  held_ = std::move(held);
  return true;
}

bool Outbox::ReleaseHeld() {
  const std::size_t weight = held_->announcement.blob.size() + sizeof(Announcement);
  if (!announcements_.Send(std::move(held_->announcement), weight)) return false;
  state_streams_.push_back(held_->stream);
  if (held_->bytes.empty()) {
    if (held_->add_newline) held_->text += '\n';
    AddText(std::move(held_->text), true);
  } else {
    AddPiece(held_->bytes.data(), held_->bytes.size(), !held_->add_newline);
    if (held_->add_newline) AddPiece("\n", 1, true);
  }
  held_.reset();
  return true;
}

void Outbox::RefuseState(Fault::Effect effect, std::string why) {
  state_streams_.push_back(std::nullopt);
  faults_.Send(MakeFault(ExitCode::kSourceFailed, effect, Origin::kSource, std::move(why)));
}

void Outbox::AddPiece(const char* data, std::size_t size, bool ends_item) {
  pieces_.push_back({data, size, ends_item, false});
  prepared_bytes_ += size;
}

void Outbox::AddText(std::string text, bool ends_item) {
  texts_.push_back(std::move(text));
  AddPiece(texts_.back().data(), texts_.back().size(), ends_item);
  pieces_.back().owns_text = true;
}

Outbox::Result Outbox::Write() {
  if (!finishing_line_) Prepare();
  while (!pieces_.empty() && pieces_.front().size == 0) Advance(0);
  if (pieces_.empty()) return held_ ? Result::kBlocked : Result::kNothing;
  if (broken_ || run_.end_writing.Get()) {
    DropAll();
    return Result::kBroken;
  }
  iovec parts[kPiecesMax];
  const std::size_t count = std::min(pieces_.size(), kPiecesMax);
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {const_cast<char*>(pieces_[i].data), pieces_[i].size};
  }
  const IoResult result = destination_.WriteInput(std::span<const iovec>(parts, count));
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

void Outbox::Advance(std::size_t written) {
  prepared_bytes_ -= written;
  while (!pieces_.empty() && written >= pieces_.front().size) {
    const Piece piece = pieces_.front();
    pieces_.pop_front();
    written -= piece.size;
    item_written_ += piece.size;
    if (piece.size > 0) inside_line_ = piece.data[piece.size - 1] != '\n';
    if (piece.owns_text) texts_.pop_front();
    if (piece.ends_item) FinishItem();
    if (written == 0 && (pieces_.empty() || pieces_.front().size > 0)) break;
  }
  if (written > 0) {
    Piece& piece = pieces_.front();
    inside_line_ = piece.data[written - 1] != '\n';
    piece.data += written;
    piece.size -= written;
    item_written_ += written;
  }
  if (finishing_line_ && pieces_.empty()) {
    CountPartialItem();
    DropAll();
  }
}

void Outbox::FinishItem() {
  Chunk& chunk = *chunks_.front();
  const LineItem& item = chunk.block.items[finish_item_++];
  CountDeltas(
      std::span(chunk.block.deltas).subspan(finish_delta_, item.deltas_end - finish_delta_));
  finish_delta_ = item.deltas_end;
  if (item.kind == LineItem::Kind::kState) {
    const std::optional<uint32_t> stream = state_streams_.front();
    state_streams_.pop_front();
    if (item_written_ > 0) {  // not refused
      ++states_forwarded_;
      run_.states_forwarded.Add(1);
      if (stream) ++streams_[*stream].states_forwarded;
    }
  }
  item_written_ = 0;
  if (finish_item_ == chunk.block.items.size()) FinishChunk();
}

void Outbox::FinishChunk() {
  run_.finished_bytes.Add(chunks_.front()->stream_bytes);
  chunks_.pop_front();
  finish_item_ = finish_delta_ = 0;
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

void Outbox::Discard() {
  if (discarding_) return;
  discarding_ = true;
  if (inside_line_ && !broken_) {
    finishing_line_ = true;
    CutToLineEnd();
    return;
  }
  CountPartialItem();
  DropAll();
}

// Keeps the rest of the line begun and nothing behind it.
void Outbox::CutToLineEnd() {
  std::size_t kept = 0;
  for (bool ended = false; kept < pieces_.size() && !ended; ++kept) {
    Piece& piece = pieces_[kept];
    const void* newline = piece.size > 0 ? memchr(piece.data, '\n', piece.size) : nullptr;
    ended = newline != nullptr;
    if (ended) {
      piece.size = static_cast<std::size_t>(static_cast<const char*>(newline) + 1 - piece.data);
    }
    piece.ends_item = false;  // CountPartialItem does the counting
  }
  pieces_.resize(kept);
  // The line begun is in the first chunk; what the others hold is lost, and must not keep the
  // source from being read.
  for (; chunks_.size() > 1; chunks_.pop_back()) {
    run_.finished_bytes.Add(chunks_.back()->stream_bytes);
  }
}

// Counts what is out of the item that was cut short.
void Outbox::CountPartialItem() {
  if (chunks_.empty() || item_written_ == 0) return;
  Chunk& chunk = *chunks_.front();
  const LineItem& item = chunk.block.items[finish_item_];
  if (item.kind == LineItem::Kind::kState) {
    if (inside_line_) return;
    ++states_forwarded_;
    run_.states_forwarded.Add(1);
    if (const auto stream = state_streams_.front()) ++streams_[*stream].states_forwarded;
    return;
  }
  if (chunk.long_line) {
    if (!inside_line_) CountDeltas(chunk.block.deltas);
    return;
  }
  const std::string_view out =
      chunk.bytes().substr(item.begin, std::min<std::size_t>(item_written_, ItemSize(item)));
  std::size_t whole = out.rfind('\n') + 1;  // npos + 1 is 0
  if (item_written_ > ItemSize(item)) whole = out.size();
  LineClassifier classifier(options_.classifier, &catalog_);
  ClassifiedBlock block;
  classifier.Classify(out.substr(0, whole), &block);
  CountDeltas(block.deltas);
}

void Outbox::DropAll() {
  finishing_line_ = false;
  for (const ChunkPtr& chunk : chunks_) run_.finished_bytes.Add(chunk->stream_bytes);
  chunks_.clear();
  pieces_.clear();
  texts_.clear();
  held_.reset();
  state_streams_.clear();
  prepare_chunk_ = prepare_item_ = prepare_delta_ = 0;
  finish_item_ = finish_delta_ = 0;
  prepared_bytes_ = item_written_ = 0;
}

void Outbox::OnBroken(int error) {
  broken_ = true;
  CountPartialItem();
  DropAll();
  discarding_ = true;
  run_.destination_broken.Set(true);
  Fault fault = MakeFault(ExitCode::kDestinationFailed, Fault::Effect::kAbort, Origin::kDestination,
                          "the destination stopped reading before its input ended");
  fault.failure.internal_message = error == 0 ? kBrokenPipe : strerror(error);
  faults_.Send(std::move(fault));
}

}  // namespace shunt
