// Accounting: what happened to each stream's records on the way from the source to the destination.
// Pure core: plain counters, no clock, no thread, no I/O. Streams are indexes into the catalog.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/line_classifier.h"
#include "stages/checkpoint_ledger.h"

namespace shunt {

struct StreamAccount {
  uint64_t records_read = 0, bytes_read = 0;
  uint64_t records_forwarded = 0, bytes_forwarded = 0;  // bytes as the source wrote them
  uint64_t records_filtered = 0;                        // left out by a row filter
  uint64_t records_lost = 0;  // could not be mapped, or are over the bound
  uint64_t states_forwarded = 0;
};

struct CommittedAccount {
  uint64_t records = 0, bytes = 0, states = 0;
  uint64_t rejected = 0;  // by the destination; not among the records
};

// Counts records since the previous state, in the order of the stream: what a state covers.
class CoverCounter {
 public:
  struct Since {
    uint64_t forwarded = 0;
    uint64_t left_out = 0;
  };
  explicit CoverCounter(std::size_t streams)
      : since_(streams), left_out_(streams), listed_(streams, false) {}
  void Add(const StreamDelta& delta);
  // Records that are not forwarded, of those that were or will be added before the next state.
  void LeaveOut(const StreamDelta& delta);
  // What a STREAM state of `stream` covers; peek at the number, then take it.
  Since Of(uint32_t stream) const { return {since_[stream].records, left_out_[stream]}; }
  CoveredList TakeStream(uint32_t stream);
  // What a GLOBAL or LEGACY state covers.
  Since OfAll() const { return total_; }
  CoveredList TakeAll();

 private:
  CoveredRecords Take(uint32_t stream);

  // Forwarded ones; below zero between LeaveOut and Add, which unsigned numbers bear.
  std::vector<CoveredRecords> since_;
  std::vector<uint64_t> left_out_;
  std::vector<bool> listed_;       // in touched_
  std::vector<uint32_t> touched_;  // streams that TakeAll has to look at, each once
  Since total_;
};

}  // namespace shunt
