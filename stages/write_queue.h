// WriteQueue: what is written next, as pieces of memory in the order of the stream. Keeps track of
// where the writing stands: in which line, and in which of the items that the pieces make up.
//
// Threads: one. Ownership: Add refers to bytes that stay where they are until they are written or
// dropped; AddText copies, AddOwned keeps. Bounds: the caller's, by `pieces` and `bytes`; short
// texts cost no allocation while fewer than kTextSlots of them wait, and kSpareTexts strings of up
// to kSpareBytesMax are used again.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/fifo.h"

namespace shunt {

class WriteQueue {
 public:
  static constexpr std::size_t kPiecesMax = 256;  // that one write takes

  // `ends_item`: the item that is being written ends behind these bytes.
  // `tapped`: the offset of the bytes in the source's tap, if they are there.
  static constexpr uint64_t kNotTapped = UINT64_MAX;
  void Add(std::string_view bytes, bool ends_item, uint64_t tapped = kNotTapped);
  void AddText(std::string_view text, bool ends_item);
  // The first `size` bytes of a text, without a copy. SpareText gives a string whose content,
  // whatever it is, may be overwritten: making room anew would mean to zero it.
  void AddOwned(std::string text, std::size_t size, bool ends_item);
  std::string SpareText();

  bool empty() const { return pieces_.empty(); }
  std::size_t pieces() const { return pieces_.size(); }
  std::size_t bytes() const { return bytes_; }

  // The bytes at the front that lie in the tap one behind the other.
  struct Tapped {
    uint64_t offset = kNotTapped;
    std::size_t bytes = 0;
  };
  Tapped FrontTapped() const;
  // The front of the queue, for one gathered write, up to a piece that is worth being moved out of
  // the tap (`move_bytes_min`). Valid until the next call of anything else.
  std::span<const iovec> Gather(std::size_t move_bytes_min = SIZE_MAX);
  // `written` bytes of it are out; returns how many items ended with them. Empty pieces at the
  // front are passed over, so Advance(0) may end items too.
  std::size_t Advance(std::size_t written);

  bool inside_line() const { return inside_line_; }           // the last byte out was no LF
  std::size_t item_written() const { return item_written_; }  // bytes of the item begun

  // Keeps the rest of the line begun, which ends no item any more. REQUIRES: inside_line().
  void CutToLineEnd();
  void Clear();  // what is out stays out: inside_line() is kept

 private:
  static constexpr std::size_t kTextSlots = 2 * kPiecesMax;
  static constexpr std::size_t kSlotBytes = 64;
  static constexpr std::size_t kSpareTexts = 4;
  static constexpr std::size_t kSpareBytesMin = std::size_t{1} << 16;
  static constexpr std::size_t kSpareBytesMax = std::size_t{1} << 20;
  enum class Owner : unsigned char { kCaller, kSlot, kTexts };
  struct Piece {
    const char* data = nullptr;
    std::size_t size = 0;
    uint64_t tapped = kNotTapped;
    bool ends_item = false;
    Owner owner = Owner::kCaller;
  };

  void Add(std::string_view bytes, bool ends_item, Owner owner, uint64_t tapped);
  void Release(const Piece& piece);

  Fifo<Piece> pieces_;
  std::size_t bytes_ = 0;
  std::array<iovec, kPiecesMax> parts_;
  std::array<std::array<char, kSlotBytes>, kTextSlots> slots_;  // used in turn
  std::size_t next_slot_ = 0;
  std::size_t slots_used_ = 0;
  std::deque<std::string> texts_;  // those that no slot could take
  std::vector<std::string> spare_texts_;
  std::size_t item_written_ = 0;
  bool inside_line_ = false;
};

}  // namespace shunt
