// Fifo<T>: a queue in one block of memory, which it keeps: once it has been as long as it gets, it
// allocates nothing more. (std::deque gives its memory back and takes it again as it moves along.)
//
// Threads: one. Bounds: grows to the longest queue it was, times two. References live until the
// next push_back or pop_front. T is movable.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "platform/check.h"

namespace shunt {

template <typename T>
class Fifo {
 public:
  bool empty() const { return head_ == items_.size(); }
  std::size_t size() const { return items_.size() - head_; }
  T& operator[](std::size_t i) { return items_[head_ + i]; }
  const T& operator[](std::size_t i) const { return items_[head_ + i]; }
  T& front() { return items_[head_]; }
  T& back() { return items_.back(); }
  auto begin() { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
  auto end() { return items_.end(); }

  void push_back(T value) {
    // What was popped makes room before anything is allocated.
    if (items_.size() == items_.capacity() && head_ * 2 >= items_.size() && head_ > 0) {
      items_.erase(items_.begin(), begin());
      head_ = 0;
    }
    items_.push_back(std::move(value));
  }
  void pop_front() {
    SHUNT_CHECK(!empty());
    items_[head_++] = T{};
    if (empty()) clear();
  }
  // Keeps the first `size` of them.
  void shorten(std::size_t size) {
    while (this->size() > size) items_.pop_back();
    if (empty()) clear();
  }
  void clear() {
    items_.clear();
    head_ = 0;
  }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace shunt
