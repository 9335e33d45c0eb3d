// The same sync in every threading preset: what arrives, what is durable and what is counted does
// not depend on how the stages are spread over threads. Run under ThreadSanitizer as well.

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

class CountingSink final : public EventSink {
 public:
  void Log(Origin, LogLevel, std::string_view) override { ++lines; }
  int lines = 0;
};

struct Sync {
  std::string output;    // of the source
  std::string expected;  // at the destination
  uint64_t records = 0, states = 0, updates = 0;
};

Sync MakeSync(int rows) {
  Sync sync;
  uint64_t since = 0;
  for (int i = 1; i <= rows; ++i) {
    const std::string record = absl::StrCat(R"({"type":"RECORD","record":{"stream":"s)", i % 3,
                                            R"(","data":{"id":)", i, "},\"emitted_at\":1}}\n");
    sync.output += record;
    sync.expected += record;
    ++sync.records;
    since += i % 3 == 0;
    if (i % 10 == 0) sync.output += "a log line\n";
    if (i % 50 == 0) {
      sync.output +=
          absl::StrCat(R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)", i,
                       R"(,"connectorConfig":{"config":{"token":"token-)", i, "\"}}}}\n");
      ++sync.updates;
    }
    if (i % 30 == 0) {
      const std::string head = absl::StrCat(
          R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"s0"},"stream_state":{"id":)",
          i, "}}");
      sync.output += head + "}}\n";
      absl::StrAppend(&sync.expected, head, R"(,"sourceStats":{"recordCount":)", since, "}}}\n");
      since = 0;
      ++sync.states;
    }
  }
  return sync;
}

class Presets : public ::testing::TestWithParam<std::tuple<Threads, std::size_t>> {};

TEST_P(Presets, DoTheSame) {
  const auto [threads, piece_bytes] = GetParam();
  const int rows = 6000;
  const Sync sync = MakeSync(rows);
  MemorySource source({.output = sync.output, .log = "on stderr\n", .piece_bytes = piece_bytes});
  MemoryDestination destination({.piece_bytes = piece_bytes});
  auto store = *OpenStore("memory:");
  CountingSink events;
  RouterOptions options = OptionsFor(*store, {"s0", "s1", "s2"}, threads);
  options.read_ahead_bytes = 64 * 1024;
  auto router = Router::Create(options, {source, destination, *store, events, SystemClock()});
  ASSERT_TRUE(router.ok()) << router.status();
  const auto report = (*router)->Run();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->exit_code, 0) << report->ToJson();
  EXPECT_EQ(destination.received(), sync.expected);
  EXPECT_EQ(report->Totals().records_forwarded, sync.records);
  EXPECT_EQ(report->states.acked, sync.states);
  EXPECT_EQ(report->control.received, sync.updates);
  EXPECT_EQ((*store->ReadCheckpoint("p"))[0].blob, absl::StrCat(R"({"id":)", rows, "}"));
  EXPECT_EQ(store->ReadConfig("p/source")->ToJson(),
            absl::StrCat(R"({"token":"token-)", rows, "\"}"));
  EXPECT_GT(events.lines, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Presets,
                         ::testing::Combine(::testing::Values(Threads::kAuto, Threads::kDedicated,
                                                              Threads::kCompact, Threads::kInline),
                                            ::testing::Values(std::size_t{0}, std::size_t{97})));

TEST(Router, RefusesOptionsThatCannotWork) {
  MemorySource source({});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  CountingSink events;
  RouterOptions options;  // no connection, no run
  const auto router = Router::Create(options, {source, destination, *store, events, SystemClock()});
  EXPECT_TRUE(absl::IsInvalidArgument(router.status())) << router.status();
}

}  // namespace
}  // namespace shunt::testing
