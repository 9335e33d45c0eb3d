// Counter: a number that one thread counts up and any thread may look at.
// Threads: Add by one thread at a time (it is a load and a store, not a locked instruction); value
// by any. Memory ordering: relaxed; a counter says nothing about other data.
#pragma once

#include <atomic>
#include <cstdint>

namespace shunt {

class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<uint64_t> value_{0};
};

// A number that many threads count up and down, for budgets. Add and Subtract are release, value is
// acquire: who sees room also sees that what made the room is over.
class SharedCounter {
 public:
  void Add(int64_t n) { value_.fetch_add(n, std::memory_order_acq_rel); }
  void Subtract(int64_t n) { value_.fetch_sub(n, std::memory_order_acq_rel); }
  int64_t value() const { return value_.load(std::memory_order_acquire); }

 private:
  alignas(64) std::atomic<int64_t> value_{0};
};

}  // namespace shunt
