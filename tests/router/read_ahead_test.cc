// How far the router reads past records that the destination has not taken: little while it takes
// them, so that a STATE does not wait behind megabytes; up to the read-ahead when it has stopped,
// so that a config update is found. On a clock that only the test moves.

#include <gtest/gtest.h>

#include <string>

#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// Takes as many bytes as it is allowed to.
class Sluggish final : public Connector {
 public:
  void Allow(std::size_t bytes) { allowed_ += bytes; }
  std::size_t taken() const { return taken_; }

  IoResult WriteInput(std::span<const iovec> parts) override {
    const std::size_t n = std::min(parts[0].iov_len, allowed_);
    if (n == 0) return {IoState::kBlocked, 0, 0};
    allowed_ -= n;
    taken_ += n;
    return {IoState::kBytes, n, 0};
  }
  IoResult ReadOutput(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  bool has_output() const override { return false; }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override { closed_ = true; }
  std::optional<ExitStatus> Exit() override {
    return closed_ ? std::optional(ExitStatus{.code = 0}) : std::nullopt;
  }
  void Terminate() override {}
  void Kill() override {}

 private:
  std::size_t allowed_ = 0;
  std::size_t taken_ = 0;
  bool closed_ = false;
};

std::string Records(uint64_t bytes) {
  const std::string line =
      R"({"type":"RECORD","record":{"stream":"s","data":{"id":1},"emitted_at":1}})"
      "\n";
  std::string lines;
  while (lines.size() < bytes) lines += line;
  return lines;
}

class ReadAheadTest : public ::testing::Test {
 protected:
  ReadAheadTest() : source_({.output = Records(20 * kMiB)}) {
    RouterOptions options = OptionsFor(*store_, {"s"}, Threads::kInline, clock_);
    options.read_ahead_bytes = 8 * kMiB;
    router_ = *Router::Create(options, {source_, destination_, *store_, events_, clock_});
  }
  void RunUntilIdle() {
    for (int idle = 0; idle < 3;) idle = *router_->RunOnce() == Step::kIdle ? idle + 1 : 0;
  }
  // Read and not yet taken by the destination.
  uint64_t waiting() const { return router_->stats().bytes_read - destination_.taken(); }

  MemorySource source_;
  Sluggish destination_;
  std::unique_ptr<Store> store_ = *OpenStore("memory:");
  NoSink events_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<Router> router_;
};

TEST_F(ReadAheadTest, IsShortWhileTheDestinationTakesItsBytes) {
  for (int i = 0; i < 100; ++i) {
    destination_.Allow(64 * 1024);
    RunUntilIdle();
    EXPECT_GT(waiting(), 256 * 1024u);
    EXPECT_LE(waiting(), 2 * kMiB);
    clock_.Advance(absl::Milliseconds(9));
  }
}

TEST_F(ReadAheadTest, IsLongWhenTheDestinationHasStopped) {
  destination_.Allow(64 * 1024);
  RunUntilIdle();
  EXPECT_LE(waiting(), 2 * kMiB);
  clock_.Advance(absl::Milliseconds(10));
  RunUntilIdle();
  EXPECT_GT(waiting(), 7 * kMiB);
  EXPECT_LE(waiting(), 9 * kMiB);
}

TEST_F(ReadAheadTest, IsLongBeforeADestinationThatTrickles) {
  // It never stops, and would take minutes for what is read ahead; an update behind that must not.
  for (int i = 0; i < 40; ++i) {
    destination_.Allow(1024);
    RunUntilIdle();
    clock_.Advance(absl::Milliseconds(5));
  }
  EXPECT_GT(waiting(), 7 * kMiB);
  EXPECT_LE(waiting(), 9 * kMiB);
}

}  // namespace
}  // namespace shunt::testing
