// The lock-free shapes: each promise of their headers, alone and with threads. The threaded tests
// prove by numbered items: everything arrives, nothing twice, in the promised order, and the end is
// found.

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "lanes/cell.h"
#include "lanes/lane.h"
#include "lanes/pool.h"
#include "lanes/sequenced_ring.h"
#include "lanes/waker.h"

namespace shunt {
namespace {

struct Item {
  uint32_t pool_index = 0;
  int returns = 0;
  void OnReturn() { ++returns; }
};
std::unique_ptr<Item> MakeItem(uint32_t index) {
  auto item = std::make_unique<Item>();
  item->pool_index = index;
  return item;
}

TEST(Pool, HandsOutWhatWasReturnedLast) {
  Pool<Item> pool(3, MakeItem);
  auto first = pool.Acquire();
  auto second = pool.Acquire();
  Item* const warm = second.get();
  first.reset();
  second.reset();
  EXPECT_EQ(pool.Acquire().get(), warm);
}

TEST(Pool, IsEmptyWhenAllAreOut) {
  Pool<Item> pool(2, MakeItem);
  auto first = pool.Acquire();
  auto second = pool.Acquire();
  EXPECT_EQ(pool.Acquire(), nullptr);
  second.reset();
  EXPECT_NE(pool.Acquire(), nullptr);
}

TEST(Pool, ThreadsNeverShareAnObject) {
  Pool<Item> pool(4, MakeItem);
  std::vector<int> owner(4,
                         0);  // written only by who holds the object: a race would be a TSan report
  const auto work = [&](int id) {
    for (int i = 0; i < 20'000; ++i) {
      auto item = pool.Acquire();
      if (item == nullptr) continue;
      owner[item->pool_index] = id;
      ASSERT_EQ(owner[item->pool_index], id);
    }
  };
  std::thread a(work, 1), b(work, 2), c(work, 3);
  a.join();
  b.join();
  c.join();
}

TEST(Lane, KeepsTheOrderOfEachSender) {
  Lane<int> lane(8, 1000);
  Lane<int>::Sender sender(lane);
  Lane<int>::Receiver receiver(lane);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(sender.Send(int{i}));
  for (int i = 0; i < 5; ++i) {
    int value = -1;
    ASSERT_TRUE(receiver.Receive(&value));
    EXPECT_EQ(value, i);
  }
}

TEST(Lane, IsFullByCount) {
  Lane<int> lane(2, 1000);
  Lane<int>::Sender sender(lane);
  EXPECT_TRUE(sender.Send(1));
  EXPECT_TRUE(sender.Send(2));
  EXPECT_FALSE(sender.Send(3));
}

TEST(Lane, IsFullByBytesButNeverStuckOnOneValue) {
  Lane<int> lane(10, 100);
  Lane<int>::Sender sender(lane);
  Lane<int>::Receiver receiver(lane);
  EXPECT_TRUE(sender.Send(1, 500));  // heavier than the lane: let in because nothing else is there
  EXPECT_FALSE(sender.Send(2, 1));
  int value = 0;
  ASSERT_TRUE(receiver.Receive(&value));
  EXPECT_TRUE(sender.Send(2, 1));
}

TEST(Lane, AValueThatDidNotFitIsUntouched) {
  Lane<std::unique_ptr<int>> lane(1, 1000);
  Lane<std::unique_ptr<int>>::Sender sender(lane);
  ASSERT_TRUE(sender.Send(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(sender.Send(std::move(second)));
  EXPECT_NE(second, nullptr);
}

TEST(Lane, ClosesWhenEverySenderHasAndAllIsReceived) {
  Lane<int> lane(8, 1000, 2);
  Lane<int>::Sender first(lane), second(lane);
  Lane<int>::Receiver receiver(lane);
  ASSERT_TRUE(first.Send(1));
  first.Close();
  int value = 0;
  ASSERT_TRUE(receiver.Receive(&value));
  EXPECT_FALSE(receiver.Receive(&value));
  EXPECT_FALSE(receiver.closed());
  ASSERT_TRUE(second.Send(2));
  second.Close();
  ASSERT_TRUE(receiver.Receive(&value));
  EXPECT_FALSE(receiver.closed()) << "closed is only told by a Receive that found the end";
  EXPECT_FALSE(receiver.Receive(&value));
  EXPECT_TRUE(receiver.closed());
}

TEST(Lane, NoTailIsLostBetweenThreads) {
  constexpr int kSenders = 3, kEach = 30'000;
  Lane<int> lane(64, 1 << 20, kSenders);
  std::vector<std::unique_ptr<Lane<int>::Sender>> senders;
  for (int s = 0; s < kSenders; ++s) senders.push_back(std::make_unique<Lane<int>::Sender>(lane));
  std::vector<std::thread> threads;
  for (int s = 0; s < kSenders; ++s) {
    threads.emplace_back([&, s] {
      for (int i = 0; i < kEach; ++i) {
        while (!senders[static_cast<std::size_t>(s)]->Send(s * kEach + i, 8))
          std::this_thread::yield();
      }
      senders[static_cast<std::size_t>(s)]->Close();
    });
  }
  Lane<int>::Receiver receiver(lane);
  std::vector<int> next(kSenders, 0);
  while (!receiver.closed()) {
    int value = -1;
    if (!receiver.Receive(&value)) continue;
    const auto sender = static_cast<std::size_t>(value / kEach);
    ASSERT_EQ(value % kEach, next[sender]++);
  }
  for (const int count : next) EXPECT_EQ(count, kEach);
  for (std::thread& thread : threads) thread.join();
}

TEST(SequencedRing, GivesBackNumberOrder) {
  SequencedRing<int> ring(8);
  ring.Publish(2, 20);
  int value = 0;
  EXPECT_FALSE(ring.Take(&value));
  ring.Publish(0, 0);
  ring.Publish(1, 10);
  for (const int expected : {0, 10, 20}) {
    ASSERT_TRUE(ring.Take(&value));
    EXPECT_EQ(value, expected);
  }
  EXPECT_FALSE(ring.closed());
  ring.Close(3);
  EXPECT_TRUE(ring.closed());
}

TEST(SequencedRing, AnOverrunIsABug) {
  SequencedRing<int> ring(2);
  ring.Publish(0, 1);
  ring.Publish(1, 1);
  EXPECT_DEATH(ring.Publish(2, 1), "");
}

TEST(SequencedRing, ManyProducersOneOrder) {
  constexpr uint64_t kItems = 60'000, kWindow = 64;
  SequencedRing<uint64_t> ring(kWindow);
  Cell<uint64_t> taken(0), next(0);
  std::vector<std::thread> producers;
  for (uint64_t p = 0; p < 3; ++p) {
    producers.emplace_back([&, p] {
      for (uint64_t i = p; i < kItems; i += 3) {
        while (i >= taken.Get() + kWindow) std::this_thread::yield();
        ring.Publish(i, i * 7);
      }
    });
  }
  for (uint64_t i = 0; i < kItems;) {
    uint64_t value = 0;
    if (!ring.Take(&value)) continue;
    ASSERT_EQ(value, i * 7);
    taken.Set(++i);
  }
  for (std::thread& producer : producers) producer.join();
}

TEST(Cell, CountsWhatSeveralThreadsAdd) {
  Cell<int> cell(0);
  const auto add = [&] {
    for (int i = 0; i < 50'000; ++i) cell.Add(1);
  };
  std::thread one(add), other(add);
  one.join();
  other.join();
  EXPECT_EQ(cell.Get(), 100'000);
}

TEST(Lane, WakesTheSenderThatWaitsForRoom) {
  // The sender sleeps without a time limit whenever the lane is full: a missed wake-up would hang
  // the test.
  Waker sender_waker(*EventFd::Create()), receiver_waker(*EventFd::Create());
  Lane<int> lane(2, 100);
  lane.add_waker(&receiver_waker);
  lane.add_room_waker(&sender_waker);
  constexpr int kValues = 5'000;
  const auto sleep_until = [](Waker& waker, const auto& done) {
    while (!done()) {
      waker.PrepareSleep();
      PollRequest request{.fd = waker.fd(), .want_read = true};
      const bool now = done();
      if (!now) Poll(std::span(&request, 1), absl::InfiniteDuration());
      waker.Awake(request.ready);
      if (now) return;
    }
  };
  std::thread sending([&] {
    Lane<int>::Sender sender(lane);
    for (int i = 0; i < kValues; ++i) {
      sleep_until(sender_waker, [&] {
        int value = i;
        return sender.Send(std::move(value), 1);
      });
    }
  });
  Lane<int>::Receiver receiver(lane);
  for (int expected = 0; expected < kValues; ++expected) {
    int value = -1;
    sleep_until(receiver_waker, [&] { return receiver.Receive(&value); });
    ASSERT_EQ(value, expected);
  }
  sending.join();
  EXPECT_EQ(lane.sent(), uint64_t{kValues});
}

TEST(Lane, WakesOnceForManyWhenTheSenderPutsItOff) {
  Waker waker(*EventFd::Create());
  Lane<int> lane(8, 100);
  lane.add_waker(&waker);
  Lane<int>::Sender sender(lane);
  const auto woken = [&] {
    PollRequest request{.fd = waker.fd(), .want_read = true};
    return Poll(std::span(&request, 1), absl::ZeroDuration()) == 1;
  };
  waker.PrepareSleep();
  EXPECT_TRUE(sender.Send(1, 0, Wake::kLater));
  EXPECT_TRUE(sender.Send(2, 0, Wake::kLater));
  EXPECT_FALSE(woken());
  sender.WakeReceivers();
  EXPECT_TRUE(woken());
  waker.Awake(true);
  EXPECT_FALSE(woken());
}

TEST(Waker, NoWakeUpIsMissed) {
  // A ping-pong in which each side sleeps without a time limit: a missed wake-up would hang the
  // test.
  Waker there(*EventFd::Create()), back(*EventFd::Create());
  Cell<int> ping(0), pong(0);
  const auto wait_for = [](Waker& waker, Cell<int>& cell, int value) {
    while (cell.Get() != value) {
      waker.PrepareSleep();
      PollRequest request{.fd = waker.fd(), .want_read = true};
      if (cell.Get() != value) Poll(std::span(&request, 1), absl::InfiniteDuration());
      waker.Awake(request.ready);
    }
  };
  constexpr int kRounds = 5'000;
  std::thread other([&] {
    for (int i = 1; i <= kRounds; ++i) {
      wait_for(there, ping, i);
      pong.Set(i);
      back.Wake();
    }
  });
  for (int i = 1; i <= kRounds; ++i) {
    ping.Set(i);
    there.Wake();
    wait_for(back, pong, i);
  }
  other.join();
}

}  // namespace
}  // namespace shunt
