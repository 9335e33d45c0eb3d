// Waker: lets one thread sleep until another has something for it, without a lock and without a
// missed wake-up.
//
// The sleeper: PrepareSleep(); look at everything once more; if there is nothing, poll `fd()` (with
// an upper bound); Awake(). The sender: publish; Wake(). Awake is told whether the poll found fd()
// readable: only then, or when a sender is known to have signalled, is there something to drain.
// Threads: PrepareSleep, Awake and fd belong to the sleeping thread; Wake may be called by any
// thread and from a signal handler. Memory ordering: PrepareSleep and Wake each have a sequentially
// consistent fence between their own write (the flag; the publication) and their read of the
// other's, so at least one of the two sees the other: either the sleeper finds what was published
// or the sender finds the flag (Dekker).
#pragma once

#include <atomic>
#include <utility>

#include "platform/io.h"

namespace shunt {

// Whether handing something over also wakes who is to take it. A sender that has more at hand puts
// it off, so that the other side is woken once for many; it owes the wake-up then.
enum class Wake : bool { kNow, kLater };

class Waker {
 public:
  explicit Waker(EventFd event) : event_(std::move(event)) {}
  void PrepareSleep() {
    asleep_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void Awake(bool readable) {
    const bool signalled = !asleep_.exchange(false, std::memory_order_acq_rel);
    if (signalled || readable) event_.Drain();
  }
  void Wake() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (asleep_.load(std::memory_order_relaxed) &&
        asleep_.exchange(false, std::memory_order_acq_rel)) {
      event_.Signal();
    }
  }
  int fd() const { return event_.get(); }

 private:
  EventFd event_;
  std::atomic<bool> asleep_{false};
};

}  // namespace shunt
