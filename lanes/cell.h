// Cell<T>: one small value (an enum, a number) that threads publish to each other.
// Threads: any. Memory ordering: Set is a release and Get an acquire, so whatever was written
// before a Set is visible to who has seen its value. SetOnce keeps the first value that was set.
// Add is one step: of two at the same time none is lost. Signals: lock-free for the types used
// here, so all of it is async-signal-safe.
#pragma once

#include <atomic>
#include <type_traits>

namespace shunt {

template <typename T>
class Cell {
 public:
  explicit Cell(T initial) : initial_(initial), value_(initial) {
    static_assert(std::atomic<T>::is_always_lock_free);
  }
  void Set(T value) { value_.store(value, std::memory_order_release); }
  T Get() const { return value_.load(std::memory_order_acquire); }
  void Add(T value)
    requires std::is_integral_v<T>
  {
    value_.fetch_add(value, std::memory_order_acq_rel);
  }
  // True when this call changed the cell from its initial value.
  bool SetOnce(T value) {
    T expected = initial_;
    return value_.compare_exchange_strong(expected, value, std::memory_order_acq_rel);
  }

 private:
  const T initial_;
  std::atomic<T> value_;
};

}  // namespace shunt
