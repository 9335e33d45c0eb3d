#include "stages/checkpoint_ledger.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"

namespace shunt {
namespace {

uint64_t HashOf(uint32_t lane, const JsonDigest& digest) {
  uint64_t hash = digest.low ^ (digest.high + lane) * 0x9E3779B97F4A7C15;
  hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93;
  return hash ^ hash >> 32;
}

std::string ToBytes(const CoveredList& covered) {
  return {reinterpret_cast<const char*>(covered.data()), covered.size() * sizeof(CoveredRecords)};
}

}  // namespace

void CoveredSum::Reject(uint64_t records) {
  uint64_t all = 0;
  for (const auto& [stream, counts] : streams_) all += counts.records;
  records = std::min(records, all);
  if (records == 0) return;
  if (streams_.size() > 1) {
    rejected_of_many_ += records;
    return;
  }
  Counts& counts = streams_.begin()->second;
  const double share = static_cast<double>(records) / static_cast<double>(counts.records);
  counts.bytes -= static_cast<uint64_t>(static_cast<double>(counts.bytes) * share);
  counts.records -= records;
  counts.rejected += records;
}

CheckpointLedger::CheckpointLedger(const Options& options)
    : outstanding_max_(options.outstanding_max),
      log_(options.spill_dir),
      bodies_(options.spill_dir, options.bodies_memory_bytes_max) {}

absl::StatusOr<LoggedState> CheckpointLedger::Read(uint64_t id) {
  ++states_read_;
  return log_.Read(id);
}

// 0: there is none among those up to `up_to`.
absl::StatusOr<uint64_t> CheckpointLedger::FindOldest(uint32_t lane, const JsonDigest& digest,
                                                      uint64_t up_to) {
  absl::Status status;
  const uint64_t id = index_.Find(HashOf(lane, digest), [&](uint64_t candidate) {
    if (candidate > up_to || !status.ok()) return false;
    const absl::StatusOr<LoggedState> state = Read(candidate);
    if (!state.ok()) {
      status = state.status();
      return false;
    }
    return state->lane == lane && state->digest == digest;
  });
  if (!status.ok()) return status;
  return id;
}

absl::Status CheckpointLedger::Announce(const LaneKey& key, const OutstandingState& state,
                                        std::string blob) {
  SHUNT_CHECK(state.number > last_number_);
  if (outstanding_ >= outstanding_max_) {
    return absl::OutOfRangeError(absl::StrCat(outstanding_, " states are outstanding"));
  }
  last_number_ = state.number;
  const auto [found, is_new] = lanes_.try_emplace(key);
  Lane& lane = found->second;
  if (is_new) lane.id = static_cast<uint32_t>(lanes_.size());
  LoggedState logged{.number = state.number,
                     .digest = state.digest,
                     .before = lane.last,
                     .body = {},
                     .covered = {},
                     .covers = {},
                     .lane = lane.id,
                     .tainted = state.tainted,
                     .removes_lane = state.removes_lane};
  if (!state.tainted && !state.removes_lane) {
    absl::StatusOr<StateBodies::Body> body = bodies_.Keep(std::move(blob));
    if (!body.ok()) return body.status();
    logged.body = *body;
  }
  if (state.covered.size() == 1) {
    logged.covered = state.covered[0];
  } else if (!state.covered.empty()) {
    absl::StatusOr<StateBodies::Body> covers = bodies_.Keep(ToBytes(state.covered));
    if (!covers.ok()) return covers.status();
    logged.covers = *covers;
  }
  const absl::StatusOr<uint64_t> oldest = FindOldest(lane.id, state.digest, StateIndex::kIdMax);
  if (!oldest.ok()) return oldest.status();
  const absl::StatusOr<uint64_t> id = log_.Append(logged);
  if (!id.ok()) return id.status();
  lane.last = *id;
  ++outstanding_;
  if (*oldest != 0) return Link(*oldest, *id);
  index_.Insert(HashOf(lane.id, state.digest), *id);
  return absl::OkStatus();
}

// `id` is the newest of the states that equal `oldest`.
absl::Status CheckpointLedger::Link(uint64_t oldest, uint64_t id) {
  absl::StatusOr<LoggedState> first = Read(oldest);
  if (!first.ok()) return first.status();
  const uint64_t tail = std::exchange(first->newest_equal, id);
  if (tail == 0) {
    first->next_equal = id;
  } else {
    absl::StatusOr<LoggedState> last = Read(tail);
    if (!last.ok()) return last.status();
    last->next_equal = id;
    if (absl::Status status = log_.Write(tail, *last); !status.ok()) return status;
  }
  return log_.Write(oldest, *first);
}

absl::StatusOr<CheckpointLedger::Ack> CheckpointLedger::Acknowledge(const LaneKey& key,
                                                                    const JsonDigest& digest,
                                                                    CoveredSum* records,
                                                                    uint64_t out) {
  Ack ack;
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) return ack;
  Lane& lane = found->second;
  const absl::StatusOr<uint64_t> match = FindOldest(lane.id, digest, StateIndex::kIdMax);
  if (!match.ok()) return match.status();
  if (*match == 0) return ack;
  uint64_t before = 0;
  for (uint64_t id = *match; id > lane.covered; id = before) {
    absl::StatusOr<LoggedState> state = Read(id);
    if (!state.ok()) return state.status();
    if (state->number > out) return ack;  // the first one that is looked at
    before = state->before;
    ++ack.covered;
    if (!state->tainted && ack.durable == 0) {
      ack.durable = state->number;
      ack.digest = state->digest;
      if (!state->removes_lane) {
        absl::StatusOr<std::string> blob = bodies_.Take(std::exchange(state->body, {}));
        if (!blob.ok()) return blob.status();
        ack.blob = *std::move(blob);
      }
    }
    if (ack.durable != 0) ++ack.committed;
    const absl::StatusOr<uint64_t> count = AddCovered(*state, ack.durable != 0 ? records : nullptr);
    if (!count.ok()) return count.status();
    ack.records_of_all += *count;
    if (id == *match) ack.records_of_last = *count;
    if (absl::Status status = Drop(id, *state, *match); !status.ok()) return status;
  }
  lane.covered = *match;
  return ack;
}

absl::StatusOr<uint64_t> CheckpointLedger::Explain(const LaneKey& key, const JsonDigest& durable,
                                                   CoveredSum* records) {
  uint64_t explained = 0;
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) return explained;
  Lane& lane = found->second;
  const absl::StatusOr<uint64_t> oldest = FindOldest(lane.id, durable, StateIndex::kIdMax);
  if (!oldest.ok()) return oldest.status();
  if (*oldest == 0) return explained;
  const absl::StatusOr<LoggedState> first = Read(*oldest);
  if (!first.ok()) return first.status();
  const uint64_t newest = first->newest_equal == 0 ? *oldest : first->newest_equal;
  uint64_t before = 0;
  for (uint64_t id = newest; id > lane.covered; id = before) {
    absl::StatusOr<LoggedState> state = Read(id);
    if (!state.ok()) return state.status();
    before = state->before;
    ++explained;
    const absl::StatusOr<uint64_t> count = AddCovered(*state, state->tainted ? nullptr : records);
    if (!count.ok()) return count.status();
    if (absl::Status status = Drop(id, *state, newest); !status.ok()) return status;
  }
  lane.covered = newest;
  return explained;
}

bool CheckpointLedger::HasOutstanding(const LaneKey& lane) const {
  const auto found = lanes_.find(lane);
  return found != lanes_.end() && found->second.last > found->second.covered;
}

absl::StatusOr<uint64_t> CheckpointLedger::AddCovered(const LoggedState& state, CoveredSum* sum) {
  uint64_t records = state.covered.records;
  if (sum != nullptr) sum->Add(state.covered);
  if (!state.covers.kept()) return records;
  const absl::StatusOr<std::string> bytes = bodies_.Read(state.covers);
  if (!bytes.ok()) return bytes.status();
  for (std::size_t at = 0; at < bytes->size(); at += sizeof(CoveredRecords)) {
    CoveredRecords covered;
    memcpy(&covered, bytes->data() + at, sizeof covered);
    records += covered.records;
    if (sum != nullptr) sum->Add(covered);
  }
  return records;
}

// Everything of its lane up to `up_to` goes, newest first.
absl::Status CheckpointLedger::Drop(uint64_t id, const LoggedState& state, uint64_t up_to) {
  bodies_.Drop(state.body);
  bodies_.Drop(state.covers);
  if (absl::Status status = Unindex(id, state, up_to); !status.ok()) return status;
  log_.Release(id);
  --outstanding_;
  return absl::OkStatus();
}

// The first of equal states to come here is the newest of those that go, so the index goes on with
// the one behind it; the others find that done.
absl::Status CheckpointLedger::Unindex(uint64_t id, const LoggedState& state, uint64_t up_to) {
  const absl::StatusOr<uint64_t> oldest = FindOldest(state.lane, state.digest, up_to);
  if (!oldest.ok()) return oldest.status();
  if (*oldest == 0) return absl::OkStatus();
  const uint64_t next = state.next_equal;
  index_.Replace(HashOf(state.lane, state.digest), *oldest, next);
  if (next == 0) return absl::OkStatus();
  uint64_t newest = state.newest_equal;
  if (*oldest != id) {
    const absl::StatusOr<LoggedState> first = Read(*oldest);
    if (!first.ok()) return first.status();
    newest = first->newest_equal;
  }
  if (newest == next) return absl::OkStatus();
  absl::StatusOr<LoggedState> behind = Read(next);
  if (!behind.ok()) return behind.status();
  behind->newest_equal = newest;
  return log_.Write(next, *behind);
}

}  // namespace shunt
