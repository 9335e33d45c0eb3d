#include "stages/state_index.h"

#include <algorithm>
#include <utility>

#include "platform/check.h"

namespace shunt {
namespace {

constexpr int kIdBits = 36;
constexpr int kTagBits = 64 - kIdBits;
constexpr std::size_t kSlotsMin = 16;

std::size_t ShardOf(uint64_t hash) { return hash & 63; }
uint64_t TagOf(uint64_t hash) { return hash >> 6 & ((uint64_t{1} << kTagBits) - 1); }
uint64_t SlotTag(uint64_t slot) { return slot >> kIdBits; }
uint64_t SlotId(uint64_t slot) { return slot & StateIndex::kIdMax; }

// Where a tag would like to be: spread by its value, for any number of slots.
std::size_t Home(uint64_t tag, std::size_t slots) { return tag * slots >> kTagBits; }

std::size_t After(std::size_t at, std::size_t slots) { return at + 1 == slots ? 0 : at + 1; }

bool TooFull(std::size_t used, std::size_t slots) { return used * 8 >= slots * 7; }

}  // namespace

void StateIndex::Put(Shard& shard, uint64_t slot) {
  const std::size_t slots = shard.slots.size();
  std::size_t at = Home(SlotTag(slot), slots);
  while (shard.slots[at] != 0) at = After(at, slots);
  shard.slots[at] = slot;
}

void StateIndex::Insert(uint64_t hash, uint64_t id) {
  SHUNT_CHECK(id > 0 && id <= kIdMax);
  Shard& shard = shards_[ShardOf(hash)];
  if (TooFull(shard.used + 1, shard.slots.size())) {
    const std::size_t more = std::max(kSlotsMin, shard.slots.size() + shard.slots.size() / 2);
    const std::vector<uint64_t> old = std::exchange(shard.slots, std::vector<uint64_t>(more));
    for (const uint64_t slot : old) {
      if (slot != 0) Put(shard, slot);
    }
  }
  Put(shard, TagOf(hash) << kIdBits | id);
  ++shard.used;
}

uint64_t StateIndex::Find(uint64_t hash, IsIt is_it) const {
  const Shard& shard = shards_[ShardOf(hash)];
  const std::size_t slots = shard.slots.size();
  if (shard.used == 0) return 0;
  const uint64_t tag = TagOf(hash);
  for (std::size_t at = Home(tag, slots); shard.slots[at] != 0; at = After(at, slots)) {
    const uint64_t slot = shard.slots[at];
    if (SlotTag(slot) == tag && is_it(SlotId(slot))) return SlotId(slot);
  }
  return 0;
}

void StateIndex::Replace(uint64_t hash, uint64_t old_id, uint64_t new_id) {
  Shard& shard = shards_[ShardOf(hash)];
  const uint64_t slot = TagOf(hash) << kIdBits | old_id;
  SHUNT_CHECK(shard.used > 0 && new_id <= kIdMax);
  std::size_t at = Home(TagOf(hash), shard.slots.size());
  while (shard.slots[at] != slot) {
    SHUNT_CHECK(shard.slots[at] != 0);
    at = After(at, shard.slots.size());
  }
  if (new_id != 0) {
    shard.slots[at] = TagOf(hash) << kIdBits | new_id;
    return;
  }
  Remove(shard, at);
  if (--shard.used == 0 && shard.slots.size() > 64 * kSlotsMin) {
    std::vector<uint64_t>().swap(shard.slots);
  }
}

// What stands behind a hole and would like to be at or before it moves up.
void StateIndex::Remove(Shard& shard, std::size_t at) {
  const std::size_t slots = shard.slots.size();
  std::size_t hole = at;
  for (std::size_t next = After(at, slots); shard.slots[next] != 0; next = After(next, slots)) {
    const std::size_t home = Home(SlotTag(shard.slots[next]), slots);
    const std::size_t from_home = (next + slots - home) % slots;
    const std::size_t from_hole = (next + slots - hole) % slots;
    if (from_home < from_hole) continue;
    shard.slots[hole] = shard.slots[next];
    hole = next;
  }
  shard.slots[hole] = 0;
}

std::size_t StateIndex::bytes() const {
  std::size_t bytes = 0;
  for (const Shard& shard : shards_) bytes += shard.slots.capacity() * sizeof(uint64_t);
  return bytes;
}

}  // namespace shunt
