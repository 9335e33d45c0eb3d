// SourceTap: lets the outbox pass on the source's bytes without copying them, when source and
// destination are both pipes. The reader duplicates what it is about to read into a tap
// (platform/pipe_tap.h) and notes in the chunk where it is; the outbox, which knows by then what of
// it is forwarded, moves that and forgets the rest. Whatever is not in the tap is written from the
// chunk, as all of it is without a tap.
//
// Offsets count the bytes that were ever duplicated. They only grow, on both sides, so the two need
// no other agreement.
//
// Threads: Ahead, Took, NoteRead and next_offset belong to the reader, the others to the outbox.
// Bounds: PipeTap::kBytes of pipe; the outbox forgets what it has passed before half of that is
// stale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lanes/cell.h"
#include "platform/pipe_tap.h"

namespace shunt {

class SourceTap {
 public:
  // Less than this is not worth a system call of its own.
  static constexpr std::size_t kMoveBytesMin = std::size_t{64} * 1024;

  explicit SourceTap(bool allowed) : allowed_(allowed) {}

  // How many of the next bytes in `source`, a descriptor, are in the tap; duplicates some when
  // there are none. Zero most of the time when the source is slow or there is no tap.
  std::size_t Ahead(int source);
  // The reader has read `bytes` of them; returns the offset of the first.
  uint64_t Took(std::size_t bytes);
  uint64_t next_offset() const { return duplicated_ - ahead_; }  // of what is read next
  // How much the last read brought: only a busy source is worth the trouble.
  void NoteRead(std::size_t bytes) { busy_ = bytes >= kMoveBytesMin; }

  // That much was written to `destination`, a descriptor, from memory: perhaps a tap would pay.
  void NoteWrite(int destination, std::size_t bytes);
  // Moves up to `bytes` from `offset` on into `destination`. kError: nothing was moved, and nothing
  // will be; write from memory.
  IoResult Move(int destination, uint64_t offset, std::size_t bytes);
  // Nothing before `offset` will be moved any more.
  void Forget(uint64_t offset);
  bool usable() const { return ready_.Get(); }

 private:
  static constexpr uint32_t kPauseReads = 3;  // after there was nothing to duplicate, or no room

  bool DropTo(uint64_t offset);  // false: the tap is of no use any more

  const bool allowed_;
  Cell<bool> ready_{false};  // set by the outbox: there is a tap; cleared: it failed
  std::unique_ptr<PipeTap> tap_;

  // The reader's.
  uint64_t duplicated_ = 0;
  std::size_t ahead_ = 0;  // of those, not yet read
  uint32_t pause_ = 0;
  bool busy_ = false;

  // The outbox's.
  bool asked_ = false;
  uint64_t passed_ = 0;  // moved or dropped
};

// Which bytes of a chunk are in the tap: [begin, end), the first of them at `offset`.
struct TappedRange {
  uint64_t offset = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  // `bytes` at `at` of the chunk are in the tap from `from` on. A second range is not kept.
  void Extend(uint32_t at, uint32_t bytes, uint64_t from);
  // Cuts the chunk at `at`: this keeps what is before, the result has the rest, counted from 0.
  TappedRange Split(uint32_t at);
  bool Holds(uint32_t from, uint32_t to) const { return begin <= from && to <= end && from < to; }
  uint64_t OffsetOf(uint32_t at) const { return offset + (at - begin); }
  uint64_t EndOffset() const { return OffsetOf(end); }
  bool empty() const { return begin == end; }
};

}  // namespace shunt
