#include "stages/read_stage.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// A read that brings less found the pipe empty behind it, more often than not.
constexpr std::size_t kTrickleBytes = 32 * 1024;

// How far the reader runs ahead of the classifiers: further only costs cache. When a read was not
// full the source is no faster than we are, so while they have something to do it is left to
// gather: few large reads instead of many small ones.
constexpr uint64_t kUnreadBytesMax = 16 * kChunkBytes;
constexpr uint64_t kUnreadBytesFew = 2 * kChunkBytes;

// A destination that has taken next to nothing for so long is read past, as far as the read-ahead
// goes, because a config update may stand there. "Next to nothing" is what would need more than
// this many stalls for all of the read-ahead, which is seconds.
constexpr absl::Duration kStall = absl::Milliseconds(10);
constexpr uint64_t kStallsForReadAhead = 150;

}  // namespace

ReadStage::ReadStage(Connector& source, const ReadLimits& limits, const Clock& clock,
                     ChunkPool& pool, RoomBell& room, SourceTap& tap, ChunkLane& chunks,
                     ChunkRing& ring, FaultLane& faults, RunState& run)
    : source_(source),
      limits_(limits),
      chunk_bytes_(static_cast<uint32_t>(std::min<uint64_t>(kChunkBytes, limits.line_bytes_max))),
      clock_(clock),
      pool_(pool),
      room_(room),
      tap_(tap),
      chunks_(chunks),
      ring_(ring),
      faults_(faults),
      run_(run) {}

Wait ReadStage::wait() const {
  if (done_) return {};
  if (blocked_on_source_) {
    const int fd = source_.output_fd();
    return {.read_fd = fd, .at_most = fd < 0 ? source_.retry_after() : absl::InfiniteDuration()};
  }
  // For room: the forwarder rings when it has made some. Or for a stall.
  const absl::Duration moving = clock_.MonoNow() - taken_at_;
  return {.at_most = awaits_stall_ ? kStall - moving : absl::InfiniteDuration()};
}

absl::StatusOr<Step> ReadStage::Run() {
  if (done_) return Step::kDone;
  blocked_on_source_ = false;
  if (!HasRoom()) {
    room_.Await();
    if (!HasRoom()) {
      run_.source_waiting.Set(false);
      run_.source_held.Set(true);
      run_.source_flows.Set(false);
      SettleDebt();
      return Step::kIdle;
    }
  }
  run_.source_held.Set(false);
  const uint64_t asked = run_.source_output.asked.Get();  // before the read
  bool cut = false;
  const IoResult result = Read(&cut);
  switch (result.state) {
    case IoState::kBytes:
      run_.source_waiting.Set(false);
      OnBytes(result.bytes);
      // So little, so there is probably no more: what is whole goes on without asking again.
      if (!cut && result.bytes < kTrickleBytes && lines_end_ > 0 && spare_ != nullptr) {
        PublishLines(lines_end_);
        SettleDebt();
      }
      return Step::kBusy;
    case IoState::kBlocked:
      if (run_.end_source.Get()) {
        OnEnd(0);
        return Step::kBusy;
      }
      blocked_on_source_ = true;
      run_.source_waiting.Set(true);
      if (lines_end_ > 0) PublishLines(lines_end_);  // the input pauses: what is whole goes on
      Answer(asked);
      SettleDebt();
      return Step::kIdle;
    case IoState::kEnd:
      OnEnd(0);
      return Step::kBusy;
    case IoState::kError:
      OnEnd(result.error);
      return Step::kBusy;
  }
  return Step::kIdle;
}

// One read into the chunk. Of what the tap has ahead, no more than that, so that it stays one
// range: *cut says so, and then the read tells nothing about how fast the source is.
IoResult ReadStage::Read(bool* cut) {
  std::span<char> room = current_->room(chunk_bytes_);
  const std::size_t ahead = tap_.Ahead(source_.output_pipe());
  *cut = ahead > 0 && ahead < room.size();
  if (*cut) room = room.first(ahead);
  const IoResult result = source_.ReadOutput(room);
  if (ahead > 0 && result.bytes > 0) {
    const uint64_t offset = tap_.Took(result.bytes);
    current_->tapped.Extend(current_->size, static_cast<uint32_t>(result.bytes), offset);
  }
  if (!*cut) {
    tap_.NoteRead(result.bytes);
    run_.source_flows.Set(result.bytes == room.size());
  }
  return result;
}

bool ReadStage::HasRoom() { return MayRead() && TakeChunks(); }

// A long line needs the pool, not the read-ahead: it must be whole before it can go anywhere.
bool ReadStage::MayRead() {
  awaits_stall_ = false;
  if (long_head_ != nullptr) return true;
  const uint64_t unread = run_.unread_bytes();
  if (unread >= (run_.source_flows.Get() ? kUnreadBytesMax : kUnreadBytesFew)) return false;
  const uint64_t waiting = run_.waiting_bytes();
  if (waiting == 0) return true;
  if (waiting >= limits_.read_ahead_bytes) return false;
  if (waiting < limits_.flow_bytes) return true;
  awaits_stall_ = !DestinationStalls();
  return !awaits_stall_;
}

bool ReadStage::DestinationStalls() {
  const uint64_t taken = run_.forwarded_bytes.value();
  const absl::Duration now = clock_.MonoNow();
  if (taken - taken_bytes_ > limits_.read_ahead_bytes / kStallsForReadAhead) {
    taken_bytes_ = taken;
    taken_at_ = now;
  }
  return now - taken_at_ >= kStall;
}

bool ReadStage::TakeChunks() {
  for (ChunkPtr* chunk : {&current_, &spare_}) {
    if (*chunk != nullptr) continue;
    *chunk = pool_.Acquire();
    if (*chunk == nullptr) return false;
    (*chunk)->Reset();
  }
  return true;
}

void ReadStage::OnBytes(std::size_t n) {
  const char* base = current_->buffer.get();
  const char* fresh = base + current_->size;
  current_->size += static_cast<uint32_t>(n);
  run_.source_bytes.Add(n);
  if (skipping_ || long_head_ != nullptr) {
    const auto* newline = static_cast<const char*>(memchr(fresh, '\n', n));
    const bool ended = newline != nullptr;
    if (ended) run_.source_line_ends.Add(1);
    const uint32_t end = ended ? static_cast<uint32_t>(newline + 1 - base) : current_->size;
    if (skipping_) {
      SkipTo(end, ended);
    } else if (ended) {
      PublishLongLine(end);
    } else if (current_->size == chunk_bytes_) {
      ExtendLongLine();
    }
    return;
  }
  if (const auto* newline = static_cast<const char*>(memrchr(fresh, '\n', n))) {
    lines_end_ = static_cast<uint32_t>(newline + 1 - base);
    run_.source_line_ends.Add(1);
  }
  if (current_->size < chunk_bytes_) return;
  if (lines_end_ > 0) {
    PublishLines(lines_end_);
  } else {
    ExtendLongLine();
  }
}

void ReadStage::OnEnd(int error) {
  if (error != 0) {
    faults_.Send(MakeFault(ExitCode::kSourceFailed, Fault::Effect::kAbort, Origin::kSource,
                           absl::StrCat("reading the source's output failed: ", strerror(error))));
  }
  if (long_head_ != nullptr) {
    PublishLongLine(current_->size);
  } else if (current_->size > 0 && !skipping_) {
    PublishLines(current_->size);  // the last line may lack its LF
  }
  current_.reset();
  spare_.reset();
  done_ = true;
  run_.source_waiting.Set(false);
  run_.source_flows.Set(false);
  run_.source_ended.Set(true);
  Answer(kNoMoreOutput);
  chunks_.Close();
  ring_.Close(next_seq_);
  faults_.Close();  // wakes the supervisor, which then sees the rest
}

ChunkPtr ReadStage::CutTail(uint32_t end) {
  ChunkPtr head = std::exchange(current_, std::move(spare_));
  current_->size = head->size - end;
  memcpy(current_->buffer.get(), head->buffer.get() + end, current_->size);
  head->size = end;
  current_->tapped = head->tapped.Split(end);
  const auto* newline =
      static_cast<const char*>(memrchr(current_->buffer.get(), '\n', current_->size));
  lines_end_ = newline == nullptr ? 0 : static_cast<uint32_t>(newline + 1 - current_->buffer.get());
  return head;
}

void ReadStage::PublishLines(uint32_t end) {
  ChunkPtr lines = CutTail(end);
  lines->stream_bytes = end;
  Publish(std::move(lines));
}

void ReadStage::ExtendLongLine() {
  if (long_bytes_ + current_->size >= limits_.line_bytes_max) {
    DropLongLine();
    SkipTo(current_->size, false);
    return;
  }
  long_bytes_ += current_->size;
  ChunkPtr part = std::exchange(current_, std::move(spare_));
  Chunk* const tail = part.get();
  if (long_head_ == nullptr) {
    long_head_ = std::move(part);
  } else {
    long_tail_->next = std::move(part);
  }
  long_tail_ = tail;
}

void ReadStage::PublishLongLine(uint32_t end) {
  if (long_bytes_ + end > limits_.line_bytes_max) {
    DropLongLine();
    SkipTo(end, true);
    return;
  }
  ChunkPtr last = CutTail(end);
  ChunkPtr line = std::move(long_head_);
  line->long_line = true;
  line->stream_bytes = std::exchange(long_bytes_, 0) + end;
  long_tail_->next = std::move(last);
  long_tail_ = nullptr;
  Publish(std::move(line));
}

// The line's place in the stream is kept by an empty chunk, published now; its bytes go as they
// come.
void ReadStage::DropLongLine() {
  skipping_ = true;
  long_head_.reset();
  long_tail_ = nullptr;
  ChunkPtr mark = std::move(spare_);
  mark->oversize = true;
  mark->stream_bytes = std::exchange(long_bytes_, 0);
  Publish(std::move(mark));
}

void ReadStage::SkipTo(uint32_t end, bool line_ended) {
  skipping_ = !line_ended;
  const uint32_t rest = current_->size - end;
  memmove(current_->buffer.get(), current_->buffer.get() + end, rest);
  current_->size = rest;
  current_->tapped = {};
  const auto* newline = static_cast<const char*>(memrchr(current_->buffer.get(), '\n', rest));
  lines_end_ = newline == nullptr ? 0 : static_cast<uint32_t>(newline + 1 - current_->buffer.get());
}

void ReadStage::Publish(ChunkPtr chunk) {
  chunk->seq = next_seq_++;
  chunk->tap_end = current_->tapped.empty() ? tap_.next_offset() : current_->tapped.offset;
  chunk->read_at = clock_.WallNow();
  chunk->read_mono = clock_.MonoNow();
  run_.queued_bytes.Add(chunk->stream_bytes);
  const Wake wake = debt_.For(chunk->stream_bytes);
  // The lane has room for every chunk of the pool.
  SHUNT_CHECK(chunks_.Send(std::move(chunk), 0, wake));
}

void ReadStage::Answer(uint64_t question) {
  run_.source_output.drained.Set(run_.queued_bytes.value());
  run_.source_output.answered.Set(question);
}

void ReadStage::SettleDebt() {
  if (debt_.Settle()) chunks_.WakeReceivers();
}

}  // namespace shunt
