#include "stages/read_stage.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {

ReadStage::ReadStage(Connector& source, const ReadLimits& limits, const Clock& clock,
                     ChunkPool& pool, ChunkLane& chunks, ChunkRing& ring, FaultLane& faults,
                     RunState& run)
    : source_(source),
      limits_(limits),
      chunk_bytes_(static_cast<uint32_t>(std::min<uint64_t>(kChunkBytes, limits.line_bytes_max))),
      clock_(clock),
      pool_(pool),
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
  // Waiting for room: the pool wakes us when a chunk returns; the byte count has no waker.
  return {.at_most = absl::Milliseconds(2)};
}

absl::StatusOr<Step> ReadStage::Run() {
  if (done_) return Step::kDone;
  blocked_on_source_ = false;
  if (!MayRead() || !TakeChunks()) {
    run_.source_waiting.Set(false);
    return Step::kIdle;
  }
  const IoResult result = source_.ReadOutput(current_->room(chunk_bytes_));
  switch (result.state) {
    case IoState::kBytes:
      run_.source_waiting.Set(false);
      OnBytes(result.bytes);
      return Step::kBusy;
    case IoState::kBlocked:
      if (run_.end_source.Get()) {
        OnEnd(0);
        return Step::kBusy;
      }
      blocked_on_source_ = true;
      run_.source_waiting.Set(true);
      if (lines_end_ == 0) return Step::kIdle;
      PublishLines(lines_end_);  // the input pauses: what is whole goes on at once
      return Step::kBusy;
    case IoState::kEnd:
      OnEnd(0);
      return Step::kBusy;
    case IoState::kError:
      OnEnd(result.error);
      return Step::kBusy;
  }
  return Step::kIdle;
}

// A long line needs the pool, not the read-ahead: it must be whole before it can go anywhere.
bool ReadStage::MayRead() const {
  const uint64_t waiting = run_.waiting_bytes();
  return long_head_ != nullptr || waiting == 0 || waiting < limits_.read_ahead_bytes;
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
  chunks_.Close();
  ring_.Close(next_seq_);
  faults_.Close();
  run_.source_waiting.Set(false);
  run_.source_ended.Set(true);
}

ChunkPtr ReadStage::CutTail(uint32_t end) {
  ChunkPtr head = std::exchange(current_, std::move(spare_));
  current_->size = head->size - end;
  memcpy(current_->buffer.get(), head->buffer.get() + end, current_->size);
  head->size = end;
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
  const auto* newline = static_cast<const char*>(memrchr(current_->buffer.get(), '\n', rest));
  lines_end_ = newline == nullptr ? 0 : static_cast<uint32_t>(newline + 1 - current_->buffer.get());
}

void ReadStage::Publish(ChunkPtr chunk) {
  chunk->seq = next_seq_++;
  chunk->read_at = clock_.WallNow();
  run_.queued_bytes.Add(chunk->stream_bytes);
  // The lane has room for every chunk of the pool.
  SHUNT_CHECK(chunks_.Send(std::move(chunk)));
}

}  // namespace shunt
