#include "stages/classify_stage.h"

#include <utility>

namespace shunt {

absl::StatusOr<Step> ClassifyStage::Run() {
  ChunkPtr chunk{nullptr, ChunkPool::Return{}};
  if (!MayList()) {
    room_.Await();
    if (!MayList()) {
      if (debt_.Settle()) ring_.WakeConsumer();
      return Step::kIdle;
    }
  }
  if (!chunks_.Receive(&chunk)) {
    if (debt_.Settle()) ring_.WakeConsumer();
    return chunks_.closed() ? Step::kDone : Step::kIdle;
  }
  if (chunk->long_line) {
    ClassifyLong(*chunk);
  } else if (!chunk->oversize) {
    chunk->classified = static_cast<uint32_t>(classifier_.Classify(chunk->bytes(), &chunk->block));
  }
  run_.listed_items.Add(chunk->block.items.size());
  const uint64_t seq = chunk->seq;
  const Wake wake = debt_.For(chunk->stream_bytes);
  ring_.Publish(seq, std::move(chunk), wake);
  return Step::kBusy;
}

// Chunks are taken in the order of the stream, so the one that the intake waits for is in work or
// listed already, and lists become fewer whatever this stage does.
bool ClassifyStage::MayList() const {
  return run_.listed_items.Get() - run_.looked_at_items.value() < kUnreadItemsMax;
}

void ClassifyStage::ClassifyLong(Chunk& chunk) {
  parts_.clear();
  for (const Chunk* part = &chunk; part != nullptr; part = part->next.get()) {
    parts_.push_back(part->bytes());
  }
  classifier_.ClassifyLong(parts_, &chunk.block);
}

}  // namespace shunt
