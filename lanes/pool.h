// Pool<T>: a fixed set of objects that are made once and handed around. The one returned last is
// handed out first, because it is the one that is still in the cache.
//
// Threads: Acquire and the return (by the handle's destructor) may happen on any thread.
// Ownership: Acquire gives a handle that returns the object by itself; the pool outlives its
// handles (CHECKed). T has a `pool_index` and an `OnReturn()`, called by the last owner. Bound:
// `size` objects, no allocation after construction. Errors: an empty pool gives null. Memory
// ordering: returning is a release and acquiring an acquire, so the next owner sees all that the
// last one did. The free list is a stack of indexes; its head carries a tag that changes with every
// operation, so that a head that went away and came back is not mistaken (ABA).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "platform/check.h"

namespace shunt {

template <typename T>
class Pool {
 public:
  struct Return {
    Pool* pool = nullptr;
    void operator()(T* object) const { pool->Release(object); }
  };
  using Handle = std::unique_ptr<T, Return>;

  // `make(index)` builds each object in place.
  template <typename Make>
  Pool(uint32_t size, Make make) : next_(size) {
    objects_.reserve(size);
    for (uint32_t i = 0; i < size; ++i) {
      objects_.push_back(make(i));
      next_[i].store(i + 1 < size ? i + 1 : kNone, std::memory_order_relaxed);
    }
    head_.store(size > 0 ? 0 : kNone, std::memory_order_release);
  }
  ~Pool() { SHUNT_CHECK(free_count() == objects_.size()); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  Handle Acquire() {
    uint64_t head = head_.load(std::memory_order_acquire);
    while (Index(head) != kNone) {
      const uint32_t next = next_[Index(head)].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, Pack(Tag(head) + 1, next), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return Handle(objects_[Index(head)].get(), Return{this});
      }
    }
    return Handle(nullptr, Return{this});
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static uint32_t Index(uint64_t head) { return static_cast<uint32_t>(head); }
  static uint32_t Tag(uint64_t head) { return static_cast<uint32_t>(head >> 32); }
  static uint64_t Pack(uint32_t tag, uint32_t index) { return uint64_t{tag} << 32 | index; }

  void Release(T* object) {
    const uint32_t index = object->pool_index;
    SHUNT_CHECK(index < objects_.size() && objects_[index].get() == object);
    object->OnReturn();
    uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      next_[index].store(Index(head), std::memory_order_relaxed);
    } while (!head_.compare_exchange_weak(head, Pack(Tag(head) + 1, index),
                                          std::memory_order_acq_rel, std::memory_order_relaxed));
  }

  std::size_t free_count() const {
    std::size_t n = 0;
    for (uint32_t i = Index(head_.load(std::memory_order_acquire)); i != kNone; ++n) {
      i = next_[i].load(std::memory_order_relaxed);
    }
    return n;
  }

  std::vector<std::unique_ptr<T>> objects_;
  std::vector<std::atomic<uint32_t>> next_;
  alignas(64) std::atomic<uint64_t> head_{kNone};
};

}  // namespace shunt
