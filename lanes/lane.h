// Lane<T>: hands values from any number of sending threads to any number of receiving threads.
//
// Order: kept per sender, none across senders (moodycamel::ConcurrentQueue underneath).
// Bound: `capacity` values and `bytes_max` bytes of what the senders say a value weighs; full is
// `false`, and what to do then is the sender's explicit choice. One value is always let in when the
// lane holds no bytes, so a value heavier than the bound does not wait for ever. After a Send that
// found no room the lane wakes its senders when a value has been taken out.
// Threads: Lane is thread-safe; each Sender/Receiver belongs to one thread at a time. Senders are
// made before threads start, so sending never allocates a producer. Room for the first
// kPreallocated values is made then too; a lane that is fuller than that grows (and keeps what it
// grew). Ownership: a sent value belongs to the lane until received. Senders and receivers do not
// outlive the lane. Close: a sender closes by Close() or destruction; the lane is closed when all
// are. Memory ordering: sending happens-before receiving the same value; a sender's Close
// happens-before `closed()` being true. Errors: none.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "lanes/room_bell.h"
#include "lanes/waker.h"
#include "platform/check.h"

namespace shunt {

template <typename T>
class Lane {
 public:
  class Sender {
   public:
    explicit Sender(Lane& lane) : lane_(&lane), token_(lane.queue_) {
      lane.open_senders_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Sender() { Close(); }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    // False when full: `value` is untouched. With Wake::kLater the sender calls WakeReceivers
    // before it sleeps.
    bool Send(T&& value, std::size_t bytes = 0, Wake wake = Wake::kNow) {
      SHUNT_CHECK(!closed_);
      if (!lane_->Reserve(bytes)) {
        lane_->room_.Await();
        if (!lane_->Reserve(bytes)) return false;
      }
      SHUNT_CHECK(lane_->queue_.enqueue(token_, Entry{std::move(value), bytes}));
      if (wake == Wake::kNow) WakeReceivers();
      return true;
    }
    void WakeReceivers() {
      for (Waker* waker : lane_->wakers_) waker->Wake();
    }
    void Close() {
      if (std::exchange(closed_, true)) return;
      lane_->open_senders_.fetch_sub(1, std::memory_order_release);
      WakeReceivers();
    }

   private:
    Lane* const lane_;
    moodycamel::ProducerToken token_;
    bool closed_ = false;
  };

  class Receiver {
   public:
    explicit Receiver(Lane& lane) : lane_(&lane), token_(lane.queue_) {}
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;

    // False when nothing is there now. After `closed()` was true *before* a failed call, nothing
    // will ever come.
    bool Receive(T* value) {
      const bool was_closed = lane_->open_senders_.load(std::memory_order_acquire) == 0;
      Entry entry;
      if (!lane_->queue_.try_dequeue(token_, entry)) {
        // A closed lane with values left: a dequeue may miss what another thread sent, so only the
        // exact count ends the stream.
        if (was_closed && lane_->items_.load(std::memory_order_acquire) == 0) closed_ = true;
        return false;
      }
      lane_->items_.fetch_sub(1, std::memory_order_acq_rel);
      lane_->bytes_.fetch_sub(static_cast<int64_t>(entry.bytes), std::memory_order_acq_rel);
      lane_->room_.Ring();
      *value = std::move(entry.value);
      return true;
    }
    // True once a Receive has found the end.
    bool closed() const { return closed_; }

   private:
    Lane* const lane_;
    moodycamel::ConsumerToken token_;
    bool closed_ = false;
  };

  // `senders`: how many Sender objects will be made.
  Lane(std::size_t capacity, std::size_t bytes_max, std::size_t senders = 1)
      : capacity_(static_cast<int64_t>(capacity)),
        bytes_max_(static_cast<int64_t>(bytes_max)),
        queue_(std::min(capacity, kPreallocated), senders, 0) {}

  // How many values were ever sent. Any thread; exact once the senders are quiet.
  uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }

  // The agents of the receiving stages, all of which are woken. Added before threads start.
  void add_waker(Waker* waker) { wakers_.push_back(waker); }
  // The agents of the sending stages that wait for room.
  void add_room_waker(Waker* waker) { room_.add_waker(waker); }

 private:
  static constexpr std::size_t kPreallocated = 256;

  struct Entry {
    T value;
    std::size_t bytes = 0;
  };

  bool Reserve(std::size_t bytes) {
    const int64_t weight = static_cast<int64_t>(bytes);
    const int64_t held = bytes_.fetch_add(weight, std::memory_order_acq_rel);
    if (held > 0 && held + weight > bytes_max_) {
      bytes_.fetch_sub(weight, std::memory_order_acq_rel);
      return false;
    }
    if (items_.fetch_add(1, std::memory_order_acq_rel) >= capacity_) {
      items_.fetch_sub(1, std::memory_order_acq_rel);
      bytes_.fetch_sub(weight, std::memory_order_acq_rel);
      return false;
    }
    sent_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  const int64_t capacity_;
  const int64_t bytes_max_;
  std::vector<Waker*> wakers_;
  RoomBell room_;
  moodycamel::ConcurrentQueue<Entry> queue_;
  alignas(64) std::atomic<int64_t> open_senders_{0};
  alignas(64) std::atomic<int64_t> items_{0};
  std::atomic<int64_t> bytes_{0};
  std::atomic<uint64_t> sent_{0};
};

}  // namespace shunt
