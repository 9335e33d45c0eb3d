// Lines of two bytes that are an item each: lists of them would take many times the memory of the
// lines. What is said about them is the same as ever, in every preset, and the lists stay short:
// the memory that the whole run allocates is bounded.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

constexpr char kRecord[] = R"({"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1}})"
                           "\n";

struct Hostile {
  std::string text;
  uint64_t records = 0, texts = 0, malformed = 0, others = 0;
};

// Text and malformed lines in turn never merge; a record stands here and there between them, and
// one line is thousands of messages glued together.
Hostile MakeHostile() {
  Hostile hostile;
  for (int i = 0; i < 2'000'000; ++i) {
    hostile.text += i % 2 == 0 ? "x\n" : "{\"\n";
    ++(i % 2 == 0 ? hostile.texts : hostile.malformed);
    if (i % 10'007 == 0) {
      hostile.text += kRecord;
      ++hostile.records;
    }
    if (i % 500'000 != 0) continue;
    for (int piece = 0; piece < 15'000; ++piece) hostile.text += R"({"type":"X"})";
    hostile.text += "\n";
    hostile.others += 15'000;
  }
  return hostile;
}

class HostileLines : public ::testing::TestWithParam<Threads> {};

struct Routed {
  Routed(Threads threads, const std::string& text, OnMalformed on_malformed)
      : source({.output = text}) {
    RouterOptions options = OptionsFor(*store, {"s"}, threads);
    options.on_malformed = on_malformed;
    router = *Router::Create(options, {source, destination, *store, events, SystemClock()});
    report = *router->Run();
  }
  MemorySource source;
  MemoryDestination destination;
  std::unique_ptr<Store> store = *OpenStore("memory:");
  NoSink events;
  std::unique_ptr<Router> router;
  Report report;
};

TEST_P(HostileLines, AreCountedOneByOneAndListedAFewAtATime) {
  const Hostile hostile = MakeHostile();
  const Routed run(GetParam(), hostile.text, OnMalformed::kDrop);
  const Report& report = run.report;
  EXPECT_EQ(report.exit_code, 0) << report.ToJson();
  EXPECT_EQ(report.lines[LineKind::kText], hostile.texts);
  EXPECT_EQ(report.lines[LineKind::kMalformed], hostile.malformed);
  EXPECT_EQ(report.lines[LineKind::kOther], hostile.others);
  EXPECT_EQ(report.Totals().records_forwarded, hostile.records);
  std::string expected;
  for (uint64_t i = 0; i < hostile.records; ++i) expected += kRecord;
  EXPECT_EQ(run.destination.received(), expected);
  EXPECT_LE(run.router->stats().items_listed_max, 3u * 8 * 1024 + 2 * 15'000) << "at once";
}

TEST_P(HostileLines, KeepTheirNumbersAndTheirOrder) {
  // All in one chunk, most of it behind what is listed at first.
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "x\n{\"type\":\"X\"}\n";
  const std::string state =
      R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"s"},)"
      R"("stream_state":{"c":1}},"sourceStats":{"recordCount":1}}})"
      "\n";
  text = absl::StrCat(kRecord, text, kRecord, state, "{\"\n", kRecord);
  const Routed run(GetParam(), text, OnMalformed::kTaint);
  EXPECT_EQ(run.destination.received(), absl::StrCat(kRecord, kRecord, state, kRecord));
  EXPECT_EQ(run.report.Totals().records_forwarded, 3u);
  EXPECT_EQ(run.report.Totals().records_committed, 2u);
  ASSERT_EQ(run.report.failures.size(), 2u) << "the second one says that X is not known";
  EXPECT_EQ(run.report.failures[0].message.find("line 20004 of the source"), 0u)
      << run.report.failures[0].message;
}

INSTANTIATE_TEST_SUITE_P(All, HostileLines,
                         ::testing::Values(Threads::kInline, Threads::kCompact, Threads::kAuto,
                                           Threads::kDedicated));

}  // namespace
}  // namespace shunt::testing
