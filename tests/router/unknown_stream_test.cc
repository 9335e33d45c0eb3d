// Records of streams that the catalog lacks are counted under their own name, whatever the name
// looks like and however long the record is: also when it is longer than any message that is copied
// out of the stream.

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

struct Sink final : public EventSink {
  void Log(Origin, LogLevel, std::string_view text) override {
    absl::StrAppend(&texts, std::string(text), "\n");
  }
  std::string texts;
};

std::string Record(const std::string& members, std::size_t padding) {
  return absl::StrCat(R"({"type":"RECORD","record":{"data":{"x":")", std::string(padding, 'x'),
                      R"("},)", members, "}}\n");
}

TEST(UnknownStreams, AreNamedHoweverLongTheirRecordsAre) {
  MemorySource source({.output = Record(R"("stream":"short","namespace":null)", 10) +
                                 Record(R"("stream":"short")", 10) +
                                 Record(R"("stream":"long","namespace":"caf\u00e9")", 5 << 20) +
                                 Record(R"("stream":"long","namespace":"caf\u00e9")", 300'000)});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  Sink events;
  RouterOptions options = OptionsFor(*store, {});
  options.memory_budget_bytes = 40 << 20;  // messages of 3 MiB at most are copied out
  auto router = *Router::Create(options, {source, destination, *store, events, SystemClock()});
  const Report report = *router->Run();
  EXPECT_EQ(report.exit_code, 0) << report.ToJson();
  EXPECT_EQ(report.records_dropped, 4u);
  ASSERT_EQ(report.unknown_streams.size(), 2u);
  EXPECT_EQ(report.unknown_streams[0].stream,
            (StreamDescriptor{.name = "long", .name_space = "caf\u00e9"}));
  EXPECT_EQ(report.unknown_streams[0].records, 2u);
  EXPECT_EQ(report.unknown_streams[1].stream,
            (StreamDescriptor{.name = "short", .name_space = {}}));
  EXPECT_EQ(report.unknown_streams[1].records, 2u);
  EXPECT_NE(events.texts.find("line 3: stream caf\u00e9.long"), std::string::npos) << events.texts;
}

// Whatever their names are: escaped, or in a state that is longer than a chunk.
TEST(UnknownStreams, StatesOfThemGoNowhere) {
  const auto state = [](const std::string& name, std::size_t padding) {
    return absl::StrCat(
        R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_state":{"x":")",
        std::string(padding, 'x'), R"("},"stream_descriptor":{"name":")", name, "\"}}}}\n");
  };
  const std::string good = StateOf(0, 1, true) + "\n";
  MemorySource source({.output = state("caf\\u00e9", 9) + good + state("caf\u00e9", 300'000) +
                                 state("s1", 9) + state("s1", 10) + state("s1", 11)});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  NoSink events;
  auto router = *Router::Create(OptionsFor(*store, {"s0"}),
                                {source, destination, *store, events, SystemClock()});
  const Report report = *router->Run();
  EXPECT_EQ(destination.received(), good);
  EXPECT_EQ(report.exit_code, 0) << report.ToJson();
  EXPECT_EQ(report.states.read, 6u);
  EXPECT_EQ(report.states.forwarded, 1u);
  ASSERT_EQ(report.unknown_streams.size(), 2u);
  EXPECT_EQ(report.unknown_streams[0].states, 2u);
  EXPECT_EQ(report.unknown_streams[1].states, 3u);
  EXPECT_EQ(store->ReadCheckpoint("p")->size(), 1u);
}

TEST(UnknownStreams, SoManyThatTheyAreCountedTogether) {
  std::string output;
  for (int i = 1; i <= 1500; ++i) output += StateOf(i, 1, false) + "\n";
  MemorySource source({.output = output});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  NoSink events;
  auto router = *Router::Create(OptionsFor(*store, {"s0"}),
                                {source, destination, *store, events, SystemClock()});
  const Report report = *router->Run();
  EXPECT_EQ(destination.received(), "");
  EXPECT_EQ(report.unknown_streams.size(), 1000u);
  ASSERT_TRUE(report.further_unknown_streams.has_value());
  EXPECT_EQ(report.further_unknown_streams->states, 500u);
}

}  // namespace
}  // namespace shunt::testing
