#include "stages/source_tap.h"

#include <algorithm>

#include "platform/check.h"

namespace shunt {

std::size_t SourceTap::Ahead(int source) {
  if (ahead_ > 0) return ahead_;
  if (!busy_ || source < 0 || !ready_.Get()) return 0;
  if (pause_ > 0) {
    --pause_;
    return 0;
  }
  ahead_ = tap_->Duplicate(source, PipeTap::kBytes);
  duplicated_ += ahead_;
  if (ahead_ == 0) pause_ = kPauseReads;
  return ahead_;
}

uint64_t SourceTap::Took(std::size_t bytes) {
  SHUNT_CHECK(bytes <= ahead_);
  const uint64_t offset = duplicated_ - ahead_;
  ahead_ -= bytes;
  return offset;
}

void SourceTap::NoteWrite(int destination, std::size_t bytes) {
  if (asked_ || !allowed_ || destination < 0 || bytes < kMoveBytesMin) return;
  asked_ = true;
  if (!PipeTap::IsPipe(destination)) return;
  tap_ = PipeTap::Create();
  ready_.Set(tap_ != nullptr);
}

IoResult SourceTap::Move(int destination, uint64_t offset, std::size_t bytes) {
  if (!DropTo(offset)) return {IoState::kError, 0, 0};
  const IoResult result = tap_->MoveTo(destination, bytes);
  passed_ += result.bytes;
  if (result.state == IoState::kError) ready_.Set(false);
  return result;
}

void SourceTap::Forget(uint64_t offset) {
  if (offset >= passed_ + PipeTap::kBytes / 4) DropTo(offset);
}

bool SourceTap::DropTo(uint64_t offset) {
  SHUNT_CHECK(passed_ <= offset);
  if (!usable()) return false;
  if (offset > passed_ && !tap_->Drop(offset - passed_)) ready_.Set(false);
  passed_ = offset;
  return usable();
}

void TappedRange::Extend(uint32_t at, uint32_t bytes, uint64_t from) {
  if (empty()) {
    *this = {from, at, at + bytes};
  } else if (end == at && EndOffset() == from) {
    end += bytes;
  }
}

TappedRange TappedRange::Split(uint32_t at) {
  TappedRange rest;
  if (end > at) {
    const uint32_t from = std::max(begin, at);
    rest = {OffsetOf(from), from - at, end - at};
    end = from;
  }
  if (begin == end) *this = {};
  return rest;
}

}  // namespace shunt
