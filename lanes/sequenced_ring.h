// SequencedRing<T>: many producers finish numbered work in any order; one consumer takes it in
// number order. moodycamel has no order across producers, so the merge is done here.
//
// Threads: Publish by any thread, each number exactly once; Take by one thread; Close by any
// thread. Bound: `capacity` (a power of two) must cover every number that can be outstanding at
// once: a Publish that would overrun the consumer is a bug (CHECK), never a wait. Ownership: a
// published value belongs to the ring until taken. Memory ordering: Publish(n) is a release on slot
// n, Take an acquire, so Publish(n) happens-before the Take that returns n. The consumer's progress
// is published the same way for the overrun CHECK.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "lanes/waker.h"
#include "platform/check.h"

namespace shunt {

template <typename T>
class SequencedRing {
 public:
  explicit SequencedRing(uint64_t capacity)
      : mask_(capacity - 1), slots_(std::make_unique<Slot[]>(capacity)) {
    SHUNT_CHECK(capacity > 0 && (capacity & mask_) == 0);
  }

  // With Wake::kLater the publisher calls WakeConsumer before it sleeps.
  void Publish(uint64_t sequence, T value, Wake wake = Wake::kNow) {
    SHUNT_CHECK(sequence - taken_.load(std::memory_order_acquire) <= mask_);
    Slot& slot = slots_[sequence & mask_];
    SHUNT_CHECK(slot.ready.load(std::memory_order_relaxed) == kEmpty);
    slot.value = std::move(value);
    slot.ready.store(sequence + 1, std::memory_order_release);
    if (wake == Wake::kNow) WakeConsumer();
  }
  void WakeConsumer() {
    if (waker_ != nullptr) waker_->Wake();
  }

  // No number >= `end` will ever be published.
  void Close(uint64_t end) {
    end_.store(end, std::memory_order_release);
    WakeConsumer();
  }

  // False when the next number is not there yet (or never will be: see closed).
  bool Take(T* value) {
    Slot& slot = slots_[next_ & mask_];
    if (slot.ready.load(std::memory_order_acquire) != next_ + 1) return false;
    *value = std::move(slot.value);
    slot.ready.store(kEmpty, std::memory_order_relaxed);
    taken_.store(++next_, std::memory_order_release);
    return true;
  }
  // Consumer only: everything below the end was taken.
  bool closed() const { return next_ == end_.load(std::memory_order_acquire); }

  // How many numbers were ever taken. Any thread.
  uint64_t taken() const { return taken_.load(std::memory_order_acquire); }

  void set_waker(Waker* waker) { waker_ = waker; }

 private:
  static constexpr uint64_t kEmpty = 0;
  struct alignas(64) Slot {
    std::atomic<uint64_t> ready{kEmpty};  // sequence + 1 when `value` is there
    T value{};
  };

  const uint64_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  Waker* waker_ = nullptr;
  alignas(64) std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> end_{UINT64_MAX};
  alignas(64) uint64_t next_ = 0;  // the consumer's
};

}  // namespace shunt
