// However a run is cut short, the report counts exactly what the destination got: every RECORD and
// STATE line that is complete there, and no other. Random streams (records of several streams,
// broken lines, text and TRACEs between them, glued lines, lines longer than a chunk, states with
// and without a count) are stopped at random places, by a signal or by a destination that goes
// away.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

// Takes bytes in pieces of any size, with pauses, and none after `bytes_max`.
class FickleDestination final : public Connector {
 public:
  FickleDestination(uint64_t bytes_max, std::size_t piece_max, std::mt19937_64& random)
      : left_(bytes_max), piece_max_(piece_max), random_(random) {}
  IoResult WriteInput(std::span<const iovec> parts) override {
    if (random_() % 4 == 0) return {};
    if (left_ == 0) return {IoState::kEnd, 0, 0};
    std::size_t room = std::min<uint64_t>(left_, 1 + random_() % piece_max_);
    const std::size_t before = received.size();
    for (const iovec& part : parts) {
      const std::size_t bytes = std::min(part.iov_len, room);
      received.append(static_cast<const char*>(part.iov_base), bytes);
      room -= bytes;
    }
    left_ -= received.size() - before;
    return {IoState::kBytes, received.size() - before, 0};
  }
  void CloseInput() override { closed_ = true; }
  bool has_output() const override { return false; }
  IoResult ReadOutput(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  std::optional<ExitStatus> Exit() override {
    if (!closed_) return std::nullopt;
    return ExitStatus{.code = 0};
  }
  void Terminate() override {}
  void Kill() override {}

  std::string received;

 private:
  uint64_t left_;
  const std::size_t piece_max_;
  std::mt19937_64& random_;
  bool closed_ = false;
};

std::string MakeStream(std::mt19937_64& random) {
  std::string text;
  const std::size_t lines = 50 + random() % 400;
  for (std::size_t i = 0; i < lines; ++i) {
    const int stream = static_cast<int>(random() % 3);
    switch (random() % 13) {
      case 0:
        absl::StrAppend(&text, "{\"type\":\"RECORD\",broken\n");
        break;
      case 1:
        absl::StrAppend(&text, "some text\n");
        break;
      case 2:
        absl::StrAppend(&text, RecordOf(9, 10), "\n");  // a stream that nobody configured
        break;
      case 3:
        absl::StrAppend(&text, RecordOf(stream, random() % 50), " ", RecordOf(stream, 3), "\n");
        break;
      case 4:
        absl::StrAppend(&text, StateOf(stream, random() % 5, random() % 2 == 0), "\n");
        break;
      case 5:
        absl::StrAppend(&text,
                        R"({"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"estimate":)"
                        R"({"name":"s0","type":"STREAM"}}})",
                        "\n");
        break;
      case 6:
        if (random() % 40 == 0) absl::StrAppend(&text, RecordOf(stream, 600'000), "\n");
        break;
      default:
        absl::StrAppend(&text, RecordOf(stream, random() % 400), "\n");
    }
  }
  if (random() % 2 == 0) text += RecordOf(0, 5);  // the last line may lack its LF
  return text;
}

uint64_t CompleteLines(const std::string& text, std::string_view with) {
  uint64_t lines = 0;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    lines += std::string_view(text).substr(begin, end - begin).find(with) != std::string_view::npos;
  }
  return lines;
}

enum class Ending { kStop, kBroken, kWhole };

void RunOne(uint64_t seed) {
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  const std::string text = MakeStream(random);
  const Ending ending = static_cast<Ending>(random() % 3);
  const std::size_t piece_max = random() % 2 == 0 ? 300 : 1 << 20;
  MemorySource source({.output = text, .piece_bytes = random() % 3 == 0 ? 1000u : 0u});
  FickleDestination destination(ending == Ending::kBroken ? random() % text.size() : UINT64_MAX,
                                piece_max, random);
  auto store = *OpenStore("memory:");
  NoSink events;
  ManualClock clock(absl::FromUnixSeconds(1'700'000'000));
  RouterOptions options = OptionsFor(*store, {"s0", "s1", "s2"}, Threads::kInline, clock);
  options.on_malformed = OnMalformed::kDrop;
  options.read_ahead_bytes = random() % 2 == 0 ? 64 * 1024 : 1 << 20;
  auto router = *Router::Create(options, {source, destination, *store, events, clock});
  const uint64_t stop_at =
      ending == Ending::kStop ? random() % (2 + text.size() / piece_max) : UINT64_MAX;
  for (uint64_t step = 0; *router->RunOnce() != Step::kDone; ++step) {
    ASSERT_LT(step, 10'000'000u) << "it does not end";
    clock.Advance(absl::Milliseconds(1));
    if (step == stop_at) router->Stop(15);
  }
  const Report report = router->TakeReport();
  const StreamReport totals = report.Totals();
  EXPECT_EQ(totals.records_forwarded, CompleteLines(destination.received, R"("type":"RECORD")"));
  EXPECT_EQ(totals.states_forwarded, CompleteLines(destination.received, R"("type":"STATE")"));
  EXPECT_EQ(report.states.forwarded, totals.states_forwarded);
  for (const StreamReport& stream : report.streams) {
    EXPECT_EQ(stream.records_forwarded,
              CompleteLines(destination.received,
                            absl::StrCat(R"("record":{"stream":")", stream.stream.name, "\"")));
  }
  EXPECT_EQ(router->stats().records_forwarded, totals.records_forwarded);
  if (ending == Ending::kWhole) {
    EXPECT_EQ(totals.records_forwarded, totals.records_read);
  }
  if (ending == Ending::kStop) {
    EXPECT_TRUE(destination.received.empty() || destination.received.ends_with('\n'));
  }
}

TEST(CutShort, TheReportCountsWhatTheDestinationGot) {
  const char* const given = getenv("SHUNT_SEED");
  if (given != nullptr) return RunOne(strtoull(given, nullptr, 10));
  const uint64_t first = std::random_device()();
  printf("seeds from %lu (repeat one with SHUNT_SEED)\n", first);
  for (uint64_t seed = first; seed < first + 300 && !::testing::Test::HasFailure(); ++seed) {
    RunOne(seed);
  }
}

}  // namespace
}  // namespace shunt::testing
