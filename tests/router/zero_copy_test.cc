// Zero-copy forwarding may save copies, and nothing else: between two real pipes the destination
// gets the same bytes, and the report says the same, as without it. Random streams (dropped lines,
// glued lines, states with and without a count, lines longer than a chunk and over the limit) go
// through a source that writes pieces of any size and a destination that reads pieces of any size
// and pauses, in every threading preset. Other runs are stopped half-way.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "connectors/stream_connector.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

constexpr int64_t kLineBytesMax = 900'000;

// Stretches of records alone, which it is for, and stretches of everything.
std::string MakeStream(std::mt19937_64& random) {
  std::string text;
  const std::size_t bytes = 3'000'000 + random() % 6'000'000;
  while (text.size() < bytes) {
    const bool plain = random() % 3 != 0;
    const std::size_t lines = random() % (plain ? 5000 : 300);
    for (std::size_t i = 0; i < lines; ++i) {
      const int stream = static_cast<int>(random() % 3);
      const char fill = static_cast<char>('a' + random() % 26);
      switch (plain ? 9 : random() % 10) {
        case 0:
          absl::StrAppend(&text, "{\"type\":\"RECORD\",broken\n");
          break;
        case 1:
          absl::StrAppend(&text, "some text\n");
          break;
        case 2:
          absl::StrAppend(&text, RecordOf(9, 10, fill), "\n");
          break;
        case 3:
          absl::StrAppend(&text, RecordOf(stream, random() % 50, fill), " ", RecordOf(1, 3, fill),
                          "\n");
          break;
        case 4:
        case 5:
          absl::StrAppend(&text, StateOf(stream, random() % 50, random() % 2 == 0), "\n");
          break;
        case 6:
          if (random() % 100 == 0) absl::StrAppend(&text, RecordOf(stream, 700'000, fill), "\n");
          break;
        case 7:
          if (random() % 2000 == 0) absl::StrAppend(&text, RecordOf(stream, 1'000'000, fill), "\n");
          break;
        default:
          absl::StrAppend(&text, RecordOf(stream, random() % 600, fill), "\n");
      }
    }
  }
  return text;
}

struct Result {
  std::string received;
  std::string report;  // what depends neither on time nor on acknowledgements
  uint64_t records_forwarded = 0;
  uint64_t bytes_moved = 0;
};

std::string Describe(const Report& report) {
  std::string text = absl::StrCat("states ", report.states.read, " ", report.states.forwarded,
                                  " dropped ", report.records_dropped);
  for (const StreamReport& stream : report.streams) {
    absl::StrAppend(&text, "\n", stream.stream.name, " ", stream.records_read, " ",
                    stream.bytes_read, " ", stream.records_forwarded, " ", stream.states_forwarded);
  }
  for (int kind = 0; kind < kLineKinds; ++kind) {
    absl::StrAppend(&text, " ", report.lines.by_kind[kind]);
  }
  return text;
}

// A router with all that it needs.
struct Route {
  Route(Connector& source, Connector& destination, Threads threads, int64_t read_ahead,
        ZeroCopy zero_copy = ZeroCopy::kAuto) {
    RouterOptions options = OptionsFor(*store, {"s0", "s1", "s2"}, threads);
    options.on_malformed = OnMalformed::kDrop;
    options.read_ahead_bytes = read_ahead;
    options.zero_copy = zero_copy;
    options.line_bytes_max = kLineBytesMax;
    router = *Router::Create(options, {source, destination, *store, events, SystemClock()});
  }
  Result Run() {
    const Report report = *router->Run();
    return {"", Describe(report), report.Totals().records_forwarded, router->stats().bytes_moved};
  }
  std::unique_ptr<Store> store = *OpenStore("memory:");
  NoSink events;
  std::unique_ptr<Router> router;
};

// The same without pipes.
Result InMemory(const std::string& text) {
  MemorySource source({.output = text});
  MemoryDestination destination({.ack = [](std::string_view) { return ""; }});
  Result result = Route(source, destination, Threads::kInline, 8 << 20).Run();
  result.received = destination.received();
  return result;
}

struct Pace {
  std::size_t piece_max = 0;  // bytes per call, at most
  int pause_every = 0;        // lets the others go first, once in so many calls; 0: never
};

Pace MakePace(std::mt19937_64& random) {
  constexpr std::size_t kPieces[] = {3000, 100'000, 1 << 20, 1 << 20};
  constexpr int kPauses[] = {0, 0, 3, 50};
  return {kPieces[random() % 4], kPauses[random() % 4]};
}

struct Setting {
  int in_bytes = 1 << 20, out_bytes = 1 << 20;  // of the pipes
  Threads threads = Threads::kInline;
  int64_t read_ahead = 8 << 20;
  Pace write_pace = {1 << 20, 0}, read_pace = {1 << 20, 0};
  std::size_t stop_at = SIZE_MAX;  // bytes received
  ZeroCopy zero_copy = ZeroCopy::kAuto;
};

Setting MakeSetting(std::mt19937_64& random) {
  Setting setting;
  if (random() % 2 == 0) setting.in_bytes = 64 * 1024;
  if (random() % 2 == 0) setting.out_bytes = 64 * 1024;
  setting.threads = std::array{Threads::kInline, Threads::kCompact, Threads::kAuto,
                               Threads::kDedicated}[random() % 4];
  if (random() % 2 == 0) setting.read_ahead = 1 << 20;
  setting.write_pace = MakePace(random);
  setting.read_pace = MakePace(random);
  return setting;
}

Result BetweenPipes(const std::string& text, uint64_t seed, const Setting& setting) {
  Pipe in = *MakePipe(setting.in_bytes);
  Pipe out = *MakePipe(setting.out_bytes);
  auto source = *StreamConnector::Open(
      {.output = StreamEndpoint{StreamEndpoint::Kind::kDescriptor, "", in.read_end.release()}});
  auto destination = *StreamConnector::Open(
      {.input = StreamEndpoint{StreamEndpoint::Kind::kDescriptor, "", out.write_end.release()}});

  std::thread writer([&, random = std::mt19937_64(seed + 1)]() mutable {
    const SigpipeGuard guard;
    std::string_view left = text;
    for (int i = 1; !left.empty(); ++i) {
      if (setting.write_pace.pause_every > 0 && i % setting.write_pace.pause_every == 0)
        std::this_thread::yield();
      const IoResult result = WriteSome(
          in.write_end.get(), left.substr(0, 1 + random() % setting.write_pace.piece_max));
      if (result.state != IoState::kBytes) break;
      left.remove_prefix(result.bytes);
    }
    in.write_end.reset();
  });
  Route route(*source, *destination, setting.threads, setting.read_ahead, setting.zero_copy);
  std::string received;
  std::thread reader([&, random = std::mt19937_64(seed + 2)]() mutable {
    std::vector<char> buffer(setting.read_pace.piece_max);
    for (int i = 1;; ++i) {
      if (setting.read_pace.pause_every > 0 && i % setting.read_pace.pause_every == 0)
        std::this_thread::yield();
      const IoResult result =
          ReadSome(out.read_end.get(), {buffer.data(), 1 + random() % buffer.size()});
      if (result.state != IoState::kBytes) return;
      const bool before = received.size() < setting.stop_at;
      received.append(buffer.data(), result.bytes);
      if (before && received.size() >= setting.stop_at) route.router->Stop(15);
    }
  });
  Result result = route.Run();
  writer.join();
  reader.join();
  result.received = std::move(received);
  return result;
}

uint64_t RecordLines(const std::string& text) {
  uint64_t lines = 0;
  for (std::size_t at = 0; (at = text.find(R"({"type":"RECORD")", at)) != std::string::npos; ++at) {
    ++lines;
  }
  return lines;
}

class ZeroCopyTest : public ::testing::Test {
 protected:
  // Runs `check` with several seeds, or with the one that is asked for.
  template <typename Check>
  void ForSeeds(int count, Check check) {
    const char* const given = getenv("SHUNT_SEED");
    const uint64_t first =
        given != nullptr ? strtoull(given, nullptr, 10) : uint64_t{std::random_device()()};
    printf("seeds from %lu (repeat one with SHUNT_SEED)\n", first);
    for (uint64_t i = 0; i < (given != nullptr ? 1u : count) && !HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("seed ", first + i));
      check(first + i);
    }
  }
};

TEST_F(ZeroCopyTest, ForwardsTheSameBytesAsWithoutIt) {
  uint64_t moved = 0, forwarded = 0;
  ForSeeds(40, [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::string text = MakeStream(random);
    const Result expected = InMemory(text);
    const Result result = BetweenPipes(text, seed, MakeSetting(random));
    EXPECT_TRUE(result.received == expected.received)
        << result.received.size() << " bytes, " << expected.received.size() << " expected";
    EXPECT_EQ(result.report, expected.report);
    moved += result.bytes_moved;
    forwarded += result.received.size();
  });
  printf("%lu of %lu bytes moved\n", moved, forwarded);
  EXPECT_GT(moved, forwarded / 20) << "hardly anything was tested";
}

TEST_F(ZeroCopyTest, EndsAStoppedRunBehindALine) {
  ForSeeds(40, [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::string text = MakeStream(random);
    const Result expected = InMemory(text);
    Setting setting = MakeSetting(random);
    setting.stop_at = random() % text.size();
    const Result result = BetweenPipes(text, seed, setting);
    EXPECT_TRUE(expected.received.starts_with(result.received));
    EXPECT_TRUE(result.received.empty() || result.received.ends_with('\n'));
    EXPECT_EQ(result.records_forwarded, RecordLines(result.received));
  });
}

std::string Records(std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) absl::StrAppend(&text, RecordOf(0, 400, 'r'), "\n");
  return text;
}

TEST_F(ZeroCopyTest, GoesOnBehindStretchesThatAreNotForwarded) {
  std::string notices;
  while (notices.size() < 4'000'000) notices += "a notice that is not forwarded\n";
  for (const std::string& between : {notices, RecordOf(0, 4'000'000, 'x') + "\n"}) {
    const std::string text = Records(1'000'000) + between + Records(8'000'000);
    const std::string expected = InMemory(text).received;
    // How much it can do is a matter of who runs when; one good run shows that it goes on.
    uint64_t moved = 0;
    for (int i = 0; i < 10 && moved < 2'000'000; ++i) {
      const Result result = BetweenPipes(text, 1, Setting());
      EXPECT_TRUE(result.received == expected);
      moved = result.bytes_moved;
    }
    EXPECT_GE(moved, 2'000'000u) << between.substr(0, 20);
  }
}

TEST_F(ZeroCopyTest, IsLeftAloneWhenItIsNotWanted) {
  const std::string text = Records(4'000'000);
  Setting setting;
  setting.zero_copy = ZeroCopy::kNever;
  const Result result = BetweenPipes(text, 1, setting);
  EXPECT_TRUE(result.received == text);
  EXPECT_EQ(result.bytes_moved, 0u);
}

}  // namespace
}  // namespace shunt::testing
