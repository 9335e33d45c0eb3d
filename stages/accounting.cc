#include "stages/accounting.h"

#include <utility>

namespace shunt {

void CoverCounter::Add(const StreamDelta& delta) {
  CoveredRecords& since = since_[delta.stream];
  if (!listed_[delta.stream]) {
    listed_[delta.stream] = true;
    touched_.push_back(delta.stream);
  }
  since.stream = delta.stream;
  since.records += delta.records;
  since.bytes += delta.bytes;
  total_ += delta.records;
}

std::vector<CoveredRecords> CoverCounter::TakeStream(uint32_t stream) {
  const CoveredRecords covered = std::exchange(since_[stream], CoveredRecords{});
  total_ -= covered.records;
  if (covered.records == 0) return {};
  return {covered};
}

std::vector<CoveredRecords> CoverCounter::TakeAll() {
  std::vector<CoveredRecords> all;
  for (const uint32_t stream : touched_) {
    const CoveredRecords covered = std::exchange(since_[stream], CoveredRecords{});
    if (covered.records > 0) all.push_back(covered);
    listed_[stream] = false;
  }
  touched_.clear();
  total_ = 0;
  return all;
}

}  // namespace shunt
