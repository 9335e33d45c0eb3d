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
  total_.forwarded += delta.records;
}

void CoverCounter::LeaveOut(const StreamDelta& delta) {
  since_[delta.stream].records -= delta.records;
  since_[delta.stream].bytes -= delta.bytes;
  left_out_[delta.stream] += delta.records;
  total_.forwarded -= delta.records;
  total_.left_out += delta.records;
}

CoveredRecords CoverCounter::Take(uint32_t stream) {
  total_.left_out -= std::exchange(left_out_[stream], 0);
  const CoveredRecords covered = std::exchange(since_[stream], CoveredRecords{});
  total_.forwarded -= covered.records;
  return covered;
}

CoveredList CoverCounter::TakeStream(uint32_t stream) {
  const CoveredRecords covered = Take(stream);
  if (covered.records == 0) return {};
  return {covered};
}

CoveredList CoverCounter::TakeAll() {
  CoveredList all;
  for (const uint32_t stream : touched_) {
    const CoveredRecords covered = Take(stream);
    if (covered.records > 0) all.push_back(covered);
    listed_[stream] = false;
  }
  touched_.clear();
  return all;
}

}  // namespace shunt
