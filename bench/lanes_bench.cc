// What handing a value over costs: the lane, the sequenced ring and the pool, on one thread and
// between two.
//
//   bazel run //bench:lanes_bench

#include <cstdint>
#include <memory>
#include <thread>

#include "benchmark/benchmark.h"
#include "lanes/cell.h"
#include "lanes/lane.h"
#include "lanes/pool.h"
#include "lanes/sequenced_ring.h"

namespace shunt::bench {
namespace {

void BM_LaneSendReceive(benchmark::State& state) {
  Lane<uint64_t> lane(64, 1 << 20);
  Lane<uint64_t>::Sender sender(lane);
  Lane<uint64_t>::Receiver receiver(lane);
  uint64_t value = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sender.Send(value + 1, 100));
    benchmark::DoNotOptimize(receiver.Receive(&value));
  }
  if (value != static_cast<uint64_t>(state.iterations())) state.SkipWithError("values are lost");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

// Another thread takes what this one sends; both spin.
void BM_LaneBetweenThreads(benchmark::State& state) {
  Lane<uint64_t> lane(64, 1 << 20);
  auto sender = std::make_unique<Lane<uint64_t>::Sender>(lane);
  Cell<uint64_t> received(0);
  std::thread taker([&lane, &received] {
    Lane<uint64_t>::Receiver receiver(lane);
    uint64_t value = 0, count = 0;
    while (!receiver.closed()) {
      if (receiver.Receive(&value))
        ++count;
      else
        std::this_thread::yield();
    }
    received.Set(count);
  });
  for (auto _ : state) {
    while (!sender->Send(1, 100)) std::this_thread::yield();
  }
  sender.reset();
  taker.join();
  if (received.Get() != static_cast<uint64_t>(state.iterations())) {
    state.SkipWithError("values are lost");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void BM_RingPublishTake(benchmark::State& state) {
  SequencedRing<uint64_t> ring(64);
  uint64_t sequence = 0, value = 0;
  for (auto _ : state) {
    ring.Publish(sequence, sequence);
    benchmark::DoNotOptimize(ring.Take(&value));
    ++sequence;
  }
  if (value + 1 != sequence) state.SkipWithError("out of order");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

struct Item {
  uint32_t pool_index = 0;
  void OnReturn() {}
};

void BM_PoolAcquireReturn(benchmark::State& state) {
  Pool<Item> pool(64, [](uint32_t index) {
    auto item = std::make_unique<Item>();
    item->pool_index = index;
    return item;
  });
  for (auto _ : state) benchmark::DoNotOptimize(pool.Acquire().get());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

BENCHMARK(BM_LaneSendReceive);
BENCHMARK(BM_LaneBetweenThreads)->UseRealTime();
BENCHMARK(BM_RingPublishTake);
BENCHMARK(BM_PoolAcquireReturn);

}  // namespace
}  // namespace shunt::bench
