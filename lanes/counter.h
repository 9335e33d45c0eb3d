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

}  // namespace shunt
