// The index of outstanding states finds what is in it and nothing else, in a few bytes for each,
// however hashes collide.

#include "stages/state_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace shunt {
namespace {

// Under each hash there is one value here, so whatever is found under it must be that.
TEST(StateIndex, AgreesWithAMap) {
  const uint64_t seed = std::random_device{}();
  printf("seed %lu\n", seed);
  std::mt19937_64 random(seed);
  for (const uint64_t hashes : {20u, 1000u, 30'000u}) {
    // The lowest six bits choose the shard: with few hashes, all in one, and many to a slot.
    const auto hash_of = [&](uint64_t key) { return (key * 0x9E3779B97F4A7C15 >> 36) << 6; };
    StateIndex index;
    std::map<uint64_t, uint64_t> model;       // key to id
    std::map<uint64_t, uint64_t> keys_by_id;  // the other way round
    uint64_t id = 0;
    const auto find = [&](uint64_t key) {
      return index.Find(hash_of(key), [&](uint64_t found) { return keys_by_id.at(found) == key; });
    };
    for (int step = 0; step < 200'000; ++step) {
      const uint64_t key = random() % hashes;
      const auto known = model.find(key);
      ASSERT_EQ(find(key), known == model.end() ? 0 : known->second);
      if (known == model.end()) {
        model[key] = ++id;
        keys_by_id[id] = key;
        index.Insert(hash_of(key), id);
        continue;
      }
      const uint64_t next = random() % 3 == 0 ? ++id : 0;
      index.Replace(hash_of(key), known->second, next);
      keys_by_id.erase(known->second);
      if (next == 0) {
        model.erase(known);
      } else {
        keys_by_id[next] = known->second = next;
        keys_by_id[next] = key;
      }
    }
    for (const auto& [key, value] : model) ASSERT_EQ(find(key), value);
  }
}

TEST(StateIndex, TakesFifteenBytesForEachAtMostAndGivesThemBack) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> hashes;
  StateIndex index;
  for (uint64_t id = 1; id <= 300'000; ++id) {
    hashes.push_back(random());
    index.Insert(hashes.back(), id);
    if (id > 100'000) {
      ASSERT_LE(index.bytes(), 15 * id);
    }
  }
  for (uint64_t id = 1; id <= 300'000; ++id) index.Replace(hashes[id - 1], id, 0);
  EXPECT_LT(index.bytes(), 1u << 16);
}

}  // namespace
}  // namespace shunt
