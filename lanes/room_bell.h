// RoomBell: wakes who waits for room (in a lane, in a pool, in a count of bytes), and nobody else:
// ringing costs a load while nobody waits.
//
// The waiter: Await(); look once more; if there still is no room, sleep on its Waker. Who makes
// room: publish it; Ring(). Threads: any; wakers are added before threads start. Memory ordering:
// Await and Ring have a sequentially consistent fence between their own write (the flag; the room)
// and their read of the other's, as in lanes/waker.h, so no wake-up is missed. A bell that is
// awaited and not rung rings once too often later, which is harmless.
#pragma once

#include <atomic>
#include <vector>

#include "lanes/waker.h"

namespace shunt {

class RoomBell {
 public:
  void add_waker(Waker* waker) { wakers_.push_back(waker); }

  void Await() {
    awaited_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void Ring() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!awaited_.load(std::memory_order_relaxed)) return;
    if (!awaited_.exchange(false, std::memory_order_acq_rel)) return;
    for (Waker* waker : wakers_) waker->Wake();
  }

 private:
  std::vector<Waker*> wakers_;
  std::atomic<bool> awaited_{false};
};

}  // namespace shunt
