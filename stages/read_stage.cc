#include "stages/read_stage.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace shunt {

ReadStage::ReadStage(Connector& source, const ReadLimits& limits, const Clock& clock,
                     ChunkPool& pool, ChunkLane& chunks, ChunkRing& ring, FaultLane& faults,
                     RunState& run)
    : source_(source),
      limits_(limits),
      clock_(clock),
      pool_(pool),
      chunks_(chunks),
      ring_(ring),
      faults_(faults),
      run_(run) {}

Wait ReadStage::wait() const {
  if (done_) return {};
  if (blocked_on_source_) return {.read_fd = source_.output_fd()};
  // Waiting for room: the pool wakes us when a chunk returns; the byte count has no waker.
  return {.at_most = absl::Milliseconds(2)};
}

absl::StatusOr<Step> ReadStage::Run() {
  if (done_) return Step::kDone;
  blocked_on_source_ = false;
  if (!MayRead() || !TakeChunk()) {
    run_.source_waiting.Set(false);
    return Step::kIdle;
  }
  if (current_->size == kChunkBytes) return OnBytes(0);  // could not be published last time
  const IoResult result = source_.ReadOutput(current_->room());
  switch (result.state) {
    case IoState::kBytes:
      run_.source_waiting.Set(false);
      return OnBytes(result.bytes);
    case IoState::kBlocked:
      return run_.end_source.Get() ? OnEnd(0) : OnBlocked();
    case IoState::kEnd:
      return OnEnd(0);
    case IoState::kError:
      return OnEnd(result.error);
  }
  return Step::kIdle;
}

// A long line needs the pool, not the read-ahead: it must be whole before it can go anywhere.
bool ReadStage::MayRead() const {
  return long_head_ != nullptr || run_.waiting_bytes() < limits_.read_ahead_bytes;
}

bool ReadStage::TakeChunk() {
  if (current_ != nullptr) return true;
  current_ = pool_.Acquire();
  if (current_ == nullptr) return false;
  current_->Reset();
  lines_end_ = 0;
  return true;
}

Step ReadStage::OnBytes(std::size_t n) {
  const char* fresh = current_->buffer.get() + current_->size;
  current_->size += static_cast<uint32_t>(n);
  run_.source_bytes.Add(n);
  if (skipping_ || long_head_ != nullptr) {
    const void* newline = memchr(fresh, '\n', n);
    if (newline != nullptr) {
      const auto end = static_cast<uint32_t>(static_cast<const char*>(newline) + 1 -
                                             current_->buffer.get());
      if (skipping_) {
        SkipTo(end);
      } else if (!PublishLongLine(end)) {
        current_->size -= static_cast<uint32_t>(n);
        SHUNT_CHECK(false);  // PublishLongLine keeps what it cannot publish
      }
      return Step::kBusy;
    }
    if (skipping_) {
      SkipTo(current_->size);
      return Step::kBusy;
    }
  } else if (const void* newline = n > 0 ? memrchr(fresh, '\n', n) : nullptr; newline != nullptr) {
    lines_end_ =
        static_cast<uint32_t>(static_cast<const char*>(newline) + 1 - current_->buffer.get());
  }
  if (current_->size < kChunkBytes) return Step::kBusy;
  const bool moved = lines_end_ > 0 ? PublishLines(lines_end_) : ExtendLongLine();
  return moved ? Step::kBusy : Step::kIdle;
}

}  // namespace shunt
