// A row filter that leaves nothing: what is read comes to nothing, and the run goes on as if it had
// been written. Progress is counted in steps of the router, on a clock that stands still, so that
// whoever waited for a write that never comes, or for time, would wait for ever.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"
#include "transforms/record_rules.h"

namespace shunt::testing {
namespace {

constexpr int kStreams = 2;
constexpr std::size_t kLong = 600'000;  // longer than a chunk

// Rows whose x is empty or begins with an x are filtered out: all that RecordOf makes here.
std::string Catalog() {
  constexpr const char* kRest =
      R"(","json_schema":{"properties":{"x":{}}},"supported_sync_modes":["full_refresh"]},)"
      R"("sync_mode":"full_refresh","destination_sync_mode":"append","mappers":[{"name":)"
      R"("row-filtering","config":{"conditions":{"type":"EQUAL","fieldName":"x",)"
      R"("comparisonValue":"kept"}}}]})";
  return absl::StrCat(R"({"streams":[{"stream":{"name":"s0)", kRest, R"(,{"stream":{"name":"s1)",
                      kRest, "]}");
}

struct Input {
  std::string text;
  uint64_t records = 0, states = 0;
};

// `state_every`: 0 for none; of every third the source says how many records it covers. Every
// eighth record is `padding` long, the others short.
Input MakeInput(uint64_t records, uint64_t state_every, std::size_t padding) {
  Input input;
  uint64_t since[kStreams] = {};
  for (uint64_t i = 1; i <= records; ++i) {
    const int stream = static_cast<int>(i % kStreams);
    absl::StrAppend(&input.text, RecordOf(stream, i % 8 == 0 ? padding : 20), "\n");
    ++input.records;
    ++since[stream];
    if (state_every == 0 || i % state_every != 0) continue;
    std::string state = StateOf(stream, i, i % 3 == 0);
    absl::StrReplaceAll(
        {{R"("recordCount":1})", absl::StrCat(R"("recordCount":)", since[stream], "}")}}, &state);
    since[stream] = 0;
    absl::StrAppend(&input.text, state, "\n");
    ++input.states;
  }
  return input;
}

// Takes nothing, ever, until it is over.
class FullDestination final : public Connector {
 public:
  IoResult WriteInput(std::span<const iovec>) override {
    ++writes;
    return {};
  }
  void CloseInput() override { closed_ = true; }
  bool has_output() const override { return false; }
  IoResult ReadOutput(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  std::optional<ExitStatus> Exit() override {
    return closed_ ? std::optional<ExitStatus>({.code = 0}) : std::nullopt;
  }
  void Terminate() override {}
  void Kill() override {}

  int writes = 0;

 private:
  bool closed_ = false;
};

class FilteredRun {
 public:
  FilteredRun(const Input& input, std::size_t piece_bytes, Connector& destination, Threads threads)
      : source_({.output = input.text, .piece_bytes = piece_bytes}), store_(*OpenStore("memory:")) {
    RouterOptions options = OptionsFor(*store_, {"s0", "s1"}, threads, clock_);
    options.rules = CompileRecordRules({}, Catalog())->rules;
    router_ = *Router::Create(options, {source_, destination, *store_, events_, clock_});
  }
  struct Steps {
    uint64_t all = 0, idle = 0;
  };
  // Until it is done, or `steps_max` were too few.
  Steps StepToTheEnd(uint64_t steps_max) {
    Steps steps;
    for (;; ++steps.all) {
      const Step step = *router_->RunOnce();
      if (step == Step::kDone || steps.all == steps_max) return steps;
      steps.idle += step == Step::kIdle;
    }
  }
  Report Go() { return *router_->Run(); }
  Report TakeReport() { return router_->TakeReport(); }
  std::size_t stored_states() const { return store_->ReadCheckpoint("p")->size(); }

 private:
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  MemorySource source_;
  std::unique_ptr<Store> store_;
  NoSink events_;
  std::unique_ptr<Router> router_;
};

void ExpectAllFiltered(const Report& report, const Input& input, const std::string& received) {
  EXPECT_EQ(report.exit_code, 0);
  const StreamReport totals = report.Totals();
  EXPECT_EQ(totals.records_read, input.records);
  EXPECT_EQ(totals.records_filtered, input.records);
  EXPECT_EQ(totals.records_forwarded, 0u);
  EXPECT_EQ(totals.records_committed, 0u);
  EXPECT_EQ(report.states.forwarded, input.states);
  EXPECT_EQ(report.states.committed, input.states);
  EXPECT_EQ(report.states.source_count_mismatches, 0u);
  EXPECT_EQ(received.find("RECORD"), std::string::npos);
  uint64_t zeros = 0;
  for (std::size_t at = 0; (at = received.find(R"("recordCount":0})", at)) != std::string::npos;
       ++at) {
    ++zeros;
  }
  EXPECT_EQ(zeros, input.states) << "a state counts records that the destination did not get";
}

struct Shape {
  uint64_t records, state_every;
  std::size_t padding, piece_bytes;
};
constexpr Shape kShapes[] = {
    {20'000, 0, 300, 0},       // full chunks, no state
    {20'000, 7, 300, 0},       // states in between
    {2'000, 1, 20, 0},         // a state behind every record
    {2'000, 51, 300, 100},     // read in small pieces: chunks that are merged
    {2'000, 0, 300, 100},      //
    {64, 5, kLong, 0},         // lines longer than a chunk
    {64, 0, kLong, 0},         //
    {64, 5, kLong, 10'000},    //
    {20'000, 20'000, 300, 0},  // one state at the very end
};

TEST(AllFiltered, TheRunGoesOnAndEndsWithoutWaitingForAnything) {
  for (const Shape& shape : kShapes) {
    const Input input = MakeInput(shape.records, shape.state_every, shape.padding);
    SCOPED_TRACE(absl::StrCat(shape.records, " records, a state every ", shape.state_every,
                              ", padding ", shape.padding, ", pieces of ", shape.piece_bytes));
    MemoryDestination destination;
    FilteredRun run(input, shape.piece_bytes, destination, Threads::kInline);
    const std::size_t piece = shape.piece_bytes == 0 ? 1 << 16 : shape.piece_bytes;
    const uint64_t reads = input.text.size() / piece + 1;
    const uint64_t steps_max = 1000 + 4 * (reads + input.states);
    const FilteredRun::Steps steps = run.StepToTheEnd(steps_max);
    printf("%llu steps, %llu of them idle, of at most %llu\n",
           static_cast<unsigned long long>(steps.all), static_cast<unsigned long long>(steps.idle),
           static_cast<unsigned long long>(steps_max));
    ASSERT_LT(steps.all, steps_max) << "it stalls";
    EXPECT_LE(steps.idle, 20u) << "it rests although there is something to do";
    ExpectAllFiltered(run.TakeReport(), input, destination.received());
    EXPECT_EQ(run.stored_states(), std::min<uint64_t>(input.states, kStreams));
  }
}

TEST(AllFiltered, NothingIsAskedOfADestinationThatTakesNothing) {
  for (const Shape& shape : kShapes) {
    if (shape.state_every != 0) continue;
    const Input input = MakeInput(shape.records, 0, shape.padding);
    FullDestination destination;
    FilteredRun run(input, shape.piece_bytes, destination, Threads::kInline);
    ASSERT_LT(run.StepToTheEnd(100'000).all, 100'000u) << "it stalls";
    ExpectAllFiltered(run.TakeReport(), input, "");
    EXPECT_EQ(destination.writes, 0);
  }
}

// Whoever sleeps there must be woken by what came to nothing, too.
TEST(AllFiltered, EveryPresetGoesOn) {
  for (const Threads threads : {Threads::kInline, Threads::kCompact, Threads::kDedicated}) {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(absl::StrCat("preset ", static_cast<int>(threads), ", padding ", shape.padding));
      const Input input = MakeInput(shape.records, shape.state_every, shape.padding);
      MemoryDestination destination;
      FilteredRun run(input, shape.piece_bytes, destination, threads);
      const Report report = run.Go();
      ExpectAllFiltered(report, input, destination.received());
    }
  }
}

}  // namespace
}  // namespace shunt::testing
