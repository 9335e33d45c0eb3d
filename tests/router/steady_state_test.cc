// Nothing is paid per record (issue 3): the real router, all stages and lanes of it, between ends
// in memory. Ten times the records may take ten times the chunks, and not one allocation, lock or
// hand-over between stages more than those chunks explain. What a STATE costs is printed and
// bounded.
//
// malloc, operator new and pthread_mutex_lock are counted by standing in for them, in this program
// only; that is why it has no sanitizer variant.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace {
std::atomic<uint64_t> allocations{0};
std::atomic<uint64_t> locks{0};
}  // namespace

// operator new of libstdc++ calls malloc, so these are all there is.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  locks.fetch_add(1, std::memory_order_relaxed);
  return real(mutex);
}
}

namespace shunt::testing {
namespace {

constexpr int kStreams = 7;
constexpr int kBlockRecords = 1000;
constexpr uint64_t kLongerQueues = 20;  // a queue of all chunks has grown eight times

// Writes the same block again and again, as much as the reader takes; allocates nothing.
class RepeatingSource final : public Connector {
 public:
  RepeatingSource(std::string_view block, int times)
      : block_(block), left_(block.size() * static_cast<uint64_t>(times)), exited_(MakeEvent()) {}

  IoResult ReadOutput(std::span<char> buffer) override {
    const std::size_t bytes = std::min<std::size_t>(buffer.size(), left_);
    if (bytes == 0) {
      ended_.store(true);
      exited_.Signal();
      return {IoState::kEnd, 0, 0};
    }
    for (std::size_t done = 0; done < bytes;) {
      const std::size_t piece = block_.copy(buffer.data() + done, bytes - done, at_);
      at_ = (at_ + piece) % block_.size();
      done += piece;
    }
    left_ -= bytes;
    return {IoState::kBytes, bytes, 0};
  }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  std::optional<ExitStatus> Exit() override {
    if (!ended_.load()) return std::nullopt;
    return ExitStatus{.code = 0};
  }
  int exit_fd() const override { return exited_.get(); }
  void Terminate() override {}
  void Kill() override {}

  static EventFd MakeEvent() { return *EventFd::Create(); }

 private:
  const std::string_view block_;
  uint64_t left_;
  std::size_t at_ = 0;
  const EventFd exited_;
  std::atomic<bool> ended_{false};
};

// Takes everything, compares it with the repeated block, and acknowledges at once: the STATE lines
// of a block are its output, once for each block that came in.
class ComparingDestination final : public Connector {
 public:
  ComparingDestination(std::string_view block, std::string_view acks)
      : block_(block), acks_(acks), ready_(RepeatingSource::MakeEvent()) {}

  IoResult WriteInput(std::span<const iovec> parts) override {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
      std::string_view text(static_cast<const char*>(part.iov_base), part.iov_len);
      bytes += text.size();
      while (!text.empty()) {
        const std::string_view expected = block_.substr(at_, text.size());
        equal_ = equal_ && text.starts_with(expected);
        at_ = (at_ + expected.size()) % block_.size();
        text.remove_prefix(expected.size());
        if (at_ == 0 && !acks_.empty()) {
          acks_due_.fetch_add(acks_.size());
          ready_.Signal();
        }
      }
    }
    received_ += bytes;
    return {IoState::kBytes, bytes, 0};
  }
  void CloseInput() override {
    closed_.store(true);
    ready_.Signal();
  }
  IoResult ReadOutput(std::span<char> buffer) override {
    const bool closed = closed_.load();
    const uint64_t due = acks_due_.load();
    if (acks_given_ == due) {
      if (closed) {
        ended_.store(true);
        return {IoState::kEnd, 0, 0};
      }
      ready_.Drain();
      return {};
    }
    const std::size_t bytes = std::min<uint64_t>(buffer.size(), due - acks_given_);
    for (std::size_t done = 0; done < bytes;) {
      const std::size_t from = acks_given_ % acks_.size();
      const std::size_t piece = acks_.copy(buffer.data() + done, bytes - done, from);
      acks_given_ += piece;
      done += piece;
    }
    return {IoState::kBytes, bytes, 0};
  }
  int output_fd() const override { return ready_.get(); }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  std::optional<ExitStatus> Exit() override {
    if (!ended_.load()) return std::nullopt;
    return ExitStatus{.code = 0};
  }
  int exit_fd() const override { return ready_.get(); }
  void Terminate() override {}
  void Kill() override {}

  bool equal() const { return equal_; }
  uint64_t received() const { return received_; }

 private:
  const std::string_view block_, acks_;
  const EventFd ready_;
  std::size_t at_ = 0;  // in block_; input part
  bool equal_ = true;
  uint64_t received_ = 0;
  uint64_t acks_given_ = 0;  // output part
  std::atomic<uint64_t> acks_due_{0};
  std::atomic<bool> closed_{false}, ended_{false};
};

struct Block {
  std::string text;
  std::string acks;
  int states = 0;
};

// Records of several streams, and a STATE after every `state_every` of them (0: none).
Block MakeBlock(int state_every) {
  Block block;
  for (int i = 1; i <= kBlockRecords; ++i) {
    absl::StrAppend(&block.text, R"({"type":"RECORD","record":{"stream":"s)", i % kStreams,
                    R"(","data":{"id":)", i, R"(,"name":")", std::string(i % 97, 'n'),
                    R"("},"emitted_at":1}})", "\n");
    if (state_every == 0 || i % state_every != 0) continue;
    const std::string state = absl::StrCat(
        R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"s)",
        i % kStreams, R"("},"stream_state":{"cursor":)", i,
        R"(}},"sourceStats":{"recordCount":3}}})", "\n");
    block.text += state;
    block.acks += state;
    ++block.states;
  }
  return block;
}

struct Cost {
  uint64_t records = 0, states = 0;
  uint64_t allocations = 0, locks = 0, chunks = 0, hand_overs = 0;
};

// What a whole run of `times` blocks takes, from the router's first step to its last.
Cost RunSync(Threads threads, const Block& block, int times) {
  RepeatingSource source(block.text, times);
  ComparingDestination destination(block.text, block.acks);
  auto store = *OpenStore("memory:");
  NoSink events;
  RouterOptions options = OptionsFor(*store, {}, threads);
  for (int i = 0; i < kStreams; ++i) {
    options.catalog.streams.push_back({.stream = {.name = absl::StrCat("s", i), .name_space = {}}});
  }
  auto router = *Router::Create(options, {source, destination, *store, events, SystemClock()});
  const uint64_t allocations_before = allocations.load(), locks_before = locks.load();
  const Report report = *router->Run();
  const uint64_t allocated = allocations.load() - allocations_before;
  const uint64_t locked = locks.load() - locks_before;
  EXPECT_EQ(report.exit_code, 0) << report.ToJson();
  EXPECT_TRUE(destination.equal());
  EXPECT_EQ(destination.received(), block.text.size() * static_cast<uint64_t>(times));
  EXPECT_EQ(report.states.acked, static_cast<uint64_t>(block.states) * times);
  const RouterStats stats = router->stats();
  return {stats.records_forwarded, stats.states_forwarded, allocated, locked, stats.chunks,
          stats.hand_overs};
}

void Print(const char* what, const Cost& cost) {
  printf(
      "%-10s %9lu records %6lu states: %7lu allocations, %5lu locks, %5lu chunks, %6lu "
      "hand-overs\n",
      what, cost.records, cost.states, cost.allocations, cost.locks, cost.chunks, cost.hand_overs);
}

std::string Name(const ::testing::TestParamInfo<Threads>& info) {
  switch (info.param) {
    case Threads::kAuto:
      return "Auto";
    case Threads::kDedicated:
      return "Dedicated";
    case Threads::kCompact:
      return "Compact";
    case Threads::kInline:
      return "Inline";
  }
  return "";
}

class SteadyState : public ::testing::TestWithParam<Threads> {};

TEST_P(SteadyState, TenTimesTheRecordsCostNothingButTheirChunks) {
  const Block block = MakeBlock(0);
  const int times = 200;          // blocks of 90 KB
  RunSync(GetParam(), block, 1);  // what a process pays once
  const Cost once = RunSync(GetParam(), block, times);
  const Cost ten = RunSync(GetParam(), block, 10 * times);
  Print("N", once);
  Print("10 N", ten);
  ASSERT_EQ(ten.records, uint64_t{10} * times * kBlockRecords);
  const uint64_t more_chunks = ten.chunks - once.chunks;
  EXPECT_LT(ten.chunks, 2 * ten.records * 100 / (256 * 1024) + 100);
  EXPECT_LE(ten.hand_overs - once.hand_overs, 2 * more_chunks);
  // With threads, how many chunks are on their way at once, and so how long queues get, is a matter
  // of luck; the longest there was may come late. One thread has no such luck.
  const bool one_data_thread = GetParam() == Threads::kInline || GetParam() == Threads::kCompact;
  EXPECT_LE(ten.allocations, once.allocations + (one_data_thread ? 0 : kLongerQueues));
  EXPECT_EQ(ten.locks, once.locks);
}

TEST_P(SteadyState, AStateCostsTheSameWhereverItStands) {
  const Block block = MakeBlock(100);
  RunSync(GetParam(), block, 1);
  const Cost once = RunSync(GetParam(), block, 200);
  const Cost ten = RunSync(GetParam(), block, 2000);
  Print("N", once);
  Print("10 N", ten);
  const double states = static_cast<double>(ten.states - once.states);
  const double allocated = static_cast<double>(ten.allocations - once.allocations) / states;
  const uint64_t chunk_hand_overs = 2 * (ten.chunks - once.chunks);
  const double handed =
      static_cast<double>(ten.hand_overs - once.hand_overs - chunk_hand_overs) / states;
  printf("a STATE: %.2f allocations, %.2f hand-overs\n", allocated, handed);
  EXPECT_LE(handed, 2.0);
  EXPECT_LE(allocated, 8.0);
}

INSTANTIATE_TEST_SUITE_P(All, SteadyState,
                         ::testing::Values(Threads::kInline, Threads::kCompact, Threads::kAuto,
                                           Threads::kDedicated),
                         Name);

}  // namespace
}  // namespace shunt::testing
