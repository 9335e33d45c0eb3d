// CheckpointLedger: which states are on their way to the destination, their bytes, and what an
// acknowledgement makes durable.
//
// Rules (contract decision 6, edge rule 3; G6, G11, G13, G15):
//  - A lane is one stream's STREAM states, all GLOBAL states, or all LEGACY states.
//  - An ack matches the oldest outstanding state of its lane with an equal blob, and covers the
//    earlier ones of the lane. An ack that matches nothing changes nothing, nor does one that could
//    only be of a state that was not written yet: it is an earlier one's, said twice.
//  - A tainted state is never durable: an ack that covers it makes the newest clean one before it
//    durable.
//  - After a clean exit of the destination, everything in a lane up to its newest outstanding state
//    that equals the lane's durable one is explained.
//
// Threads: one. Bounds: kBytesPerOutstanding bytes of memory at most for each outstanding state,
// and what StateLog and StateBodies keep in memory; the rest is in unlinked files. More than
// `outstanding_max` are OutOfRange. A state costs amortised O(1) to announce and to cover,
// an ack that matches nothing O(1), whatever is outstanding. Other errors: the files'; the ledger
// is of no use then.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "protocol/canonical_json.h"
#include "protocol/state.h"
#include "stages/state_bodies.h"
#include "stages/state_index.h"
#include "stages/state_log.h"

namespace shunt {

struct LaneKey {
  StateType type = StateType::kLegacy;
  StreamDescriptor stream;  // kStream only
  auto operator<=>(const LaneKey&) const = default;
};

// Mostly one stream's, and then nothing is allocated.
using CoveredList = absl::InlinedVector<CoveredRecords, 1>;

// A sum of them, by stream: one entry for each, however many are added.
class CoveredSum {
 public:
  struct Counts {
    uint64_t records = 0, bytes = 0;
    uint64_t rejected = 0;  // no longer among the records
  };
  void Add(const CoveredRecords& covered) {
    if (covered.records == 0) return;
    Counts& counts = streams_[covered.stream];
    counts.records += covered.records;
    counts.bytes += covered.bytes;
  }
  void Add(const CoveredSum& more) {
    for (const auto& [stream, counts] : more.streams_) {
      Add({stream, counts.records, counts.bytes});
      if (counts.rejected > 0) streams_[stream].rejected += counts.rejected;
    }
    rejected_of_many_ += more.rejected_of_many_;
  }
  // So many of them the destination did not take. Their bytes are taken for a fair share. Of which
  // streams they are is only known when there is one.
  void Reject(uint64_t records);
  uint64_t rejected_of_many() const { return rejected_of_many_; }
  const absl::flat_hash_map<uint32_t, Counts>& streams() const { return streams_; }

 private:
  absl::flat_hash_map<uint32_t, Counts> streams_;
  uint64_t rejected_of_many_ = 0;
};

struct OutstandingState {
  uint64_t number = 0;  // 1, 2, ... in the order in which they were forwarded
  JsonDigest digest;
  bool tainted = false;
  bool removes_lane = false;  // a null stream state, or null LEGACY data
  CoveredList covered;
};

// The budget's bytes for each state that may be outstanding, and how many of them the ledger takes:
// 15 for the index, and a part of what StateLog remembers of a page.
inline constexpr uint64_t kBudgetPerOutstanding = 48;
inline constexpr uint64_t kBytesPerOutstanding = 16;

class CheckpointLedger {
 public:
  struct Options {
    std::string spill_dir;  // "": everything stays in memory
    uint64_t bodies_memory_bytes_max = std::numeric_limits<uint64_t>::max();
    uint64_t outstanding_max = StateIndex::kIdMax;
  };
  struct Ack {
    uint64_t covered = 0;  // states that are no longer outstanding; 0: it matched nothing
    // Of them, up to the one that is to be made durable: 0 when all were tainted.
    uint64_t committed = 0;
    // What all of them covered, and the one that was matched alone.
    uint64_t records_of_all = 0, records_of_last = 0;
    uint64_t durable = 0;             // its number,
    JsonDigest digest;                // its digest,
    std::optional<std::string> blob;  // and its bytes; empty: the lane is removed
  };

  CheckpointLedger() : CheckpointLedger(Options{}) {}
  explicit CheckpointLedger(const Options& options);

  // REQUIRES: numbers grow. `blob` is not looked at when tainted, or when it removes the lane.
  absl::Status Announce(const LaneKey& lane, const OutstandingState& state, std::string blob);
  // Adds to `records` what the committed states covered. States with a number beyond `out` were
  // not written yet, so that it cannot be them that are acknowledged.
  absl::StatusOr<Ack> Acknowledge(const LaneKey& lane, const JsonDigest& digest,
                                  CoveredSum* records, uint64_t out = UINT64_MAX);

  // How many outstanding states are explained by `durable`, the lane's durable state; they are
  // removed, and what the clean ones covered is added to `records`.
  absl::StatusOr<uint64_t> Explain(const LaneKey& lane, const JsonDigest& durable,
                                   CoveredSum* records);

  uint64_t outstanding() const { return outstanding_; }
  bool HasOutstanding(const LaneKey& lane) const;
  // For tests: how many notes of states were read, which is what the work is proportional to.
  uint64_t states_read() const { return states_read_; }
  std::size_t index_bytes() const { return index_.bytes(); }
  int64_t file_bytes() const { return log_.file_bytes() + bodies_.file_bytes(); }
  int64_t spilled_bytes() const { return log_.spilled_bytes() + bodies_.spilled_bytes(); }

 private:
  struct Lane {
    uint32_t id = 0;
    uint64_t last = 0;     // id of its newest state
    uint64_t covered = 0;  // all up to this one are covered
  };
  struct LaneHash {
    std::size_t operator()(const LaneKey& lane) const {
      return StreamDescriptorHash{}(lane.stream) * 4 + static_cast<std::size_t>(lane.type);
    }
  };

  absl::StatusOr<LoggedState> Read(uint64_t id);
  absl::StatusOr<uint64_t> FindOldest(uint32_t lane, const JsonDigest& digest, uint64_t up_to);
  absl::Status Link(uint64_t oldest, uint64_t id);
  absl::Status Unindex(uint64_t id, const LoggedState& state, uint64_t up_to);
  // How many records it covers; adds them to `sum` unless that is null.
  absl::StatusOr<uint64_t> AddCovered(const LoggedState& state, CoveredSum* sum);
  absl::Status Drop(uint64_t id, const LoggedState& state, uint64_t up_to);

  const uint64_t outstanding_max_;
  absl::flat_hash_map<LaneKey, Lane, LaneHash> lanes_;
  StateIndex index_;  // of the oldest of equal states of a lane
  StateLog log_;
  StateBodies bodies_;
  uint64_t outstanding_ = 0;
  uint64_t last_number_ = 0;
  uint64_t states_read_ = 0;
};

}  // namespace shunt
