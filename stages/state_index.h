// StateIndex: from the hash of a state to the number under which its oldest equal is logged. Eight
// bytes a slot and nothing else, because there may be a million states that nobody acknowledged.
// Hashes are cut short, so what is found must be looked at: `is_it(id)` says whether it is the one.
//
// Threads: one. Bounds: 8 to 15 bytes for each id in it; grown a 64th at a time, given back when
// empty. Expected O(1).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"

namespace shunt {

class StateIndex {
 public:
  static constexpr uint64_t kIdMax = (uint64_t{1} << 36) - 1;
  using IsIt = absl::FunctionRef<bool(uint64_t id)>;

  // REQUIRES: 0 < id <= kIdMax; nothing equal is in it.
  void Insert(uint64_t hash, uint64_t id);
  // 0: nothing. `is_it` is asked about ids of (nearly) equal hashes.
  uint64_t Find(uint64_t hash, IsIt is_it) const;
  // REQUIRES: `old_id` is in it with this hash. 0 instead of `new_id` takes it out.
  void Replace(uint64_t hash, uint64_t old_id, uint64_t new_id);

  std::size_t bytes() const;

 private:
  struct Shard {
    std::vector<uint64_t> slots;  // the hash's bits above the id; 0: empty
    std::size_t used = 0;
  };
  static void Put(Shard& shard, uint64_t slot);
  static void Remove(Shard& shard, std::size_t at);

  std::array<Shard, 64> shards_;
};

}  // namespace shunt
