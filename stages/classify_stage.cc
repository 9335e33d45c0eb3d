#include "stages/classify_stage.h"

#include <utility>

namespace shunt {

absl::StatusOr<Step> ClassifyStage::Run() {
  ChunkPtr chunk{nullptr, ChunkPool::Return{}};
  if (!chunks_.Receive(&chunk)) {
    if (debt_.Settle()) ring_.WakeConsumer();
    return chunks_.closed() ? Step::kDone : Step::kIdle;
  }
  if (chunk->long_line) {
    ClassifyLong(*chunk);
  } else if (!chunk->oversize) {
    classifier_.Classify(chunk->bytes(), &chunk->block);
  }
  const uint64_t seq = chunk->seq;
  const Wake wake = debt_.For(chunk->stream_bytes);
  ring_.Publish(seq, std::move(chunk), wake);
  return Step::kBusy;
}

void ClassifyStage::ClassifyLong(Chunk& chunk) {
  parts_.clear();
  for (const Chunk* part = &chunk; part != nullptr; part = part->next.get()) {
    parts_.push_back(part->bytes());
  }
  classifier_.ClassifyLong(parts_, &chunk.block);
}

}  // namespace shunt
