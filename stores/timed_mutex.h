// TimedMutex: a mutex that can be waited for with a deadline. std::timed_mutex could, but the
// thread sanitizer of GCC 12 does not know the call that it makes.
//
// For std::lock_guard and std::unique_lock, which is why its functions are named as they are.
// Threads: thread-safe. Errors: none.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace shunt {

class TimedMutex {
 public:
  void lock() {
    std::unique_lock<std::mutex> guard(mutex_);
    free_.wait(guard, [this] { return !held_; });
    held_ = true;
  }
  bool try_lock_for(std::chrono::nanoseconds at_most) {
    std::unique_lock<std::mutex> guard(mutex_);
    if (!free_.wait_for(guard, at_most, [this] { return !held_; })) return false;
    held_ = true;
    return true;
  }
  void unlock() {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      held_ = false;
    }
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool held_ = false;  // guarded by mutex_
};

}  // namespace shunt
