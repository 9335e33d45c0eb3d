// Every time in the report counts from the same instant on the clock that never steps: a wall clock
// that is set during the run changes none of them, and they come in the order of what happened.

#include <gtest/gtest.h>

#include "connectors/memory_connector.h"
#include "platform/clock.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

Report RunSync(absl::Duration step) {
  MemorySource source({.output =
                           R"({"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1}})"
                           "\n",
                       .piece_bytes = 10});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  NoSink events;
  ManualClock clock(absl::FromUnixSeconds(1'700'000'000));
  const RouterOptions options = OptionsFor(*store, {"s"}, Threads::kInline, clock);
  auto router = *Router::Create(options, {source, destination, *store, events, clock});
  clock.StepWall(step);
  while (*router->RunOnce() != Step::kDone) clock.Advance(absl::Milliseconds(1));
  return router->TakeReport();
}

TEST(Timings, CountFromOneInstantWhateverTheWallClockDoes) {
  const Report still = RunSync(absl::ZeroDuration());
  ASSERT_TRUE(still.timings.first_record_ms && still.timings.source_done_ms &&
              still.timings.destination_done_ms);
  EXPECT_GT(*still.timings.first_record_ms, 0);
  EXPECT_LE(*still.timings.first_record_ms, *still.timings.source_done_ms);
  EXPECT_LE(*still.timings.source_done_ms, *still.timings.destination_done_ms);
  EXPECT_LE(*still.timings.destination_done_ms, absl::ToInt64Milliseconds(still.duration));
  for (const absl::Duration step : {absl::Hours(1), -absl::Hours(1)}) {
    const Report stepped = RunSync(step);
    EXPECT_EQ(stepped.timings.first_record_ms, still.timings.first_record_ms);
    EXPECT_EQ(stepped.timings.source_done_ms, still.timings.source_done_ms);
    EXPECT_EQ(stepped.timings.destination_done_ms, still.timings.destination_done_ms);
    EXPECT_EQ(stepped.duration, still.duration);
  }
}

}  // namespace
}  // namespace shunt::testing
