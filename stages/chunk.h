// Chunk: a piece of the source's stream that holds whole lines, and what the classifier found in
// it.
//
// Ownership: exactly one owner at any instant: pool -> ReadStage -> lane -> ClassifyStage -> ring
// -> ForwardStage -> pool. Only the owner touches it. A line longer than a chunk is a chain of
// chunks (`next`), never one contiguous copy.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "lanes/lane.h"
#include "lanes/pool.h"
#include "lanes/sequenced_ring.h"
#include "lanes/waker.h"
#include "protocol/line_classifier.h"
#include "stages/source_tap.h"

namespace shunt {

// A long STATE is there several times on its way (as read, as looked at, as acknowledged, in the
// store): how many bytes of the memory budget each of its bytes needs, measured and rounded up.
inline constexpr uint64_t kBudgetPerValue = 6;

// Large enough that the cost per chunk (two lane operations, two system calls) disappears, small
// enough that the chunk that was freed last is still in the second-level cache.
inline constexpr uint32_t kChunkBytes = 256 * 1024;

// How many items of one chunk are listed at once, about; what comes behind them is classified when
// they have been looked at. Ordinary streams have a few to a few thousand in a chunk.
inline constexpr std::size_t kItemsMax = 4 * 1024;
// How many items of classified chunks may wait to be looked at.
inline constexpr uint64_t kUnreadItemsMax = 8 * 1024;

// What a chunk of records usually holds, so that its lists are made with it and not on the way.
inline constexpr std::size_t kItemsReserved = 8;
inline constexpr std::size_t kDeltasReserved = 16;

struct Chunk;
using ChunkPool = Pool<Chunk>;
using ChunkPtr = ChunkPool::Handle;

struct Chunk {
  uint32_t pool_index = 0;
  std::unique_ptr<char[]> buffer;  // kChunkBytes + kLinePadding, untouched until first used

  // Written by ReadStage.
  uint64_t seq = 0;
  absl::Time read_at;         // when its last byte was read
  absl::Duration read_mono;   // the same on the monotonic clock
  uint32_t size = 0;          // bytes in use
  bool long_line = false;     // one line, continued in `next`
  bool oversize = false;      // stands for a line over the limit, whose bytes were thrown away
  TappedRange tapped;         // what of it is in the source's tap
  uint64_t tap_end = 0;       // what is before it in the tap is of no later chunk
  uint64_t stream_bytes = 0;  // how many bytes of the source's stream it stands for, chain included
  ChunkPtr next{nullptr, ChunkPool::Return{}};

  // Written by ClassifyStage.
  ClassifiedBlock block;    // of the first
  uint32_t classified = 0;  // bytes: all, unless there are too many items in them

  // Written by ForwardStage's intake.
  uint64_t lines_before = 0;           // lines of the source in front of it
  uint32_t tainted_from = UINT32_MAX;  // states from this item on follow a loss

  std::string_view bytes() const { return {buffer.get(), size}; }
  std::span<char> room(uint32_t bytes_max = kChunkBytes) {
    return {buffer.get() + size, bytes_max - size};
  }
  void Reset() {
    seq = 0;
    size = 0;
    long_line = oversize = false;
    stream_bytes = 0;
    tapped = {};
    tap_end = 0;
    lines_before = 0;
    tainted_from = UINT32_MAX;
    classified = 0;
    block.Clear();
  }
  void OnReturn() { next.reset(); }  // a chain goes back as a whole
};

inline std::unique_ptr<Chunk> MakeChunk(uint32_t index) {
  auto chunk = std::make_unique<Chunk>();
  chunk->pool_index = index;
  chunk->buffer.reset(new char[kChunkBytes + kLinePadding]);  // not zeroed on purpose
  chunk->block.items.reserve(kItemsReserved);
  chunk->block.deltas.reserve(kDeltasReserved);
  return chunk;
}

// Chunks change hands in batches while they come without pause: who takes them is woken once for
// this many, or when there are no more to come at once, or for a small one.
inline constexpr uint32_t kChunksPerWake = 8;
inline constexpr uint64_t kSmallChunkBytes = kChunkBytes / 4;

// Counts the wake-ups that a stage owes to who takes its chunks.
class WakeDebt {
 public:
  // What to do about a chunk of this size that is handed over now.
  Wake For(uint64_t bytes) {
    if (bytes >= kSmallChunkBytes && ++owed_ < kChunksPerWake) return Wake::kLater;
    owed_ = 0;
    return Wake::kNow;
  }
  // True when somebody is to be woken before the stage rests.
  bool Settle() { return std::exchange(owed_, 0) > 0; }

 private:
  uint32_t owed_ = 0;
};

using ChunkLane = Lane<ChunkPtr>;
using ChunkRing = SequencedRing<ChunkPtr>;

}  // namespace shunt
