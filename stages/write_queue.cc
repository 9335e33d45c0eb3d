#include "stages/write_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace shunt {

void WriteQueue::Add(std::string_view bytes, bool ends_item, uint64_t tapped) {
  Add(bytes, ends_item, Owner::kCaller, tapped);
}

void WriteQueue::AddText(std::string_view text, bool ends_item) {
  if (text.size() > kSlotBytes || slots_used_ == kTextSlots) {
    texts_.emplace_back(text);
    Add(texts_.back(), ends_item, Owner::kTexts, kNotTapped);
    return;
  }
  char* const slot = slots_[next_slot_++ % kTextSlots].data();
  ++slots_used_;
  text.copy(slot, text.size());
  Add({slot, text.size()}, ends_item, Owner::kSlot, kNotTapped);
}

void WriteQueue::AddOwned(std::string text, std::size_t size, bool ends_item) {
  texts_.push_back(std::move(text));
  Add(std::string_view(texts_.back()).substr(0, size), ends_item, Owner::kTexts, kNotTapped);
}

std::string WriteQueue::SpareText() {
  if (spare_texts_.empty()) return {};
  std::string text = std::move(spare_texts_.back());
  spare_texts_.pop_back();
  return text;
}

void WriteQueue::Add(std::string_view bytes, bool ends_item, Owner owner, uint64_t tapped) {
  pieces_.push_back({bytes.data(), bytes.size(), tapped, ends_item, owner});
  bytes_ += bytes.size();
}

void WriteQueue::Release(const Piece& piece) {
  if (piece.owner == Owner::kSlot) --slots_used_;
  if (piece.owner != Owner::kTexts) return;
  std::string& text = texts_.front();
  if (spare_texts_.size() < kSpareTexts && text.size() >= kSpareBytesMin &&
      text.size() <= kSpareBytesMax) {
    spare_texts_.push_back(std::move(text));
  }
  texts_.pop_front();
}

WriteQueue::Tapped WriteQueue::FrontTapped() const {
  Tapped found;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (piece.tapped == kNotTapped) break;
    if (found.bytes == 0) found.offset = piece.tapped;
    if (piece.tapped != found.offset + found.bytes) break;
    found.bytes += piece.size;
  }
  return found;
}

std::span<const iovec> WriteQueue::Gather(std::size_t move_bytes_min) {
  std::size_t count = std::min(pieces_.size(), kPiecesMax);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && pieces_[i].tapped != kNotTapped && pieces_[i].size >= move_bytes_min) {
      count = i;
      break;
    }
    parts_[i] = {const_cast<char*>(pieces_[i].data), pieces_[i].size};
  }
  return {parts_.data(), count};
}

std::size_t WriteQueue::Advance(std::size_t written) {
  std::size_t ended = 0;
  bytes_ -= written;
  while (!pieces_.empty() && written >= pieces_.front().size) {
    const Piece piece = pieces_.front();
    if (piece.size > 0) inside_line_ = piece.data[piece.size - 1] != '\n';
    pieces_.pop_front();
    Release(piece);
    written -= piece.size;
    item_written_ += piece.size;
    if (!piece.ends_item) continue;
    ++ended;
    item_written_ = 0;
  }
  if (written > 0) {
    Piece& piece = pieces_.front();
    inside_line_ = piece.data[written - 1] != '\n';
    piece.data += written;
    if (piece.tapped != kNotTapped) piece.tapped += written;
    piece.size -= written;
    item_written_ += written;
  }
  return ended;
}

void WriteQueue::CutToLineEnd() {
  std::size_t kept = 0;
  for (bool ended = false; kept < pieces_.size() && !ended; ++kept) {
    Piece& piece = pieces_[kept];
    const void* newline = piece.size > 0 ? memchr(piece.data, '\n', piece.size) : nullptr;
    ended = newline != nullptr;
    if (ended) {
      piece.size = static_cast<std::size_t>(static_cast<const char*>(newline) + 1 - piece.data);
    }
    piece.ends_item = false;
  }
  for (std::size_t i = kept; i < pieces_.size(); ++i) {
    if (pieces_[i].owner == Owner::kTexts) texts_.pop_back();
    if (pieces_[i].owner != Owner::kSlot) continue;
    --slots_used_;  // the ones taken last
    --next_slot_;
  }
  pieces_.shorten(kept);
  bytes_ = 0;
  for (const Piece& piece : pieces_) bytes_ += piece.size;
}

void WriteQueue::Clear() {
  pieces_.clear();
  texts_.clear();
  slots_used_ = 0;
  bytes_ = item_written_ = 0;
}

}  // namespace shunt
