// Accounting: what happened to each stream's records on the way from the source to the destination.
// Pure core: plain counters, no clock, no thread, no I/O. Streams are indexes into the catalog.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/line_classifier.h"
#include "stages/checkpoint_ledger.h"

namespace shunt {

struct StreamAccount {
  uint64_t records_read = 0, bytes_read = 0;
  uint64_t records_forwarded = 0, bytes_forwarded = 0;
  uint64_t states_forwarded = 0;
};

struct CommittedAccount {
  uint64_t records = 0, bytes = 0, states = 0;
};

// Counts records since the previous state, in the order of the stream: what a state covers.
class CoverCounter {
 public:
  explicit CoverCounter(std::size_t streams) : since_(streams), listed_(streams, false) {}
  void Add(const StreamDelta& delta);
  // What a STREAM state of `stream` covers; peek at the number, then take it.
  uint64_t RecordsOf(uint32_t stream) const { return since_[stream].records; }
  std::vector<CoveredRecords> TakeStream(uint32_t stream);
  // What a GLOBAL or LEGACY state covers.
  uint64_t RecordsOfAll() const { return total_; }
  std::vector<CoveredRecords> TakeAll();

 private:
  std::vector<CoveredRecords> since_;
  std::vector<bool> listed_;       // in touched_
  std::vector<uint32_t> touched_;  // streams that TakeAll has to look at, each once
  uint64_t total_ = 0;
};

}  // namespace shunt
