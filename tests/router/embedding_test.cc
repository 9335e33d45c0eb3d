// The example of the README, word for word (tests/docs/readme_test.py compares them), and what it
// must do.

#include <gtest/gtest.h>

#include "connectors/memory_connector.h"
#include "platform/entropy.h"
#include "router/router.h"

namespace {

struct Stdout final : shunt::EventSink {
  void Log(shunt::Origin, shunt::LogLevel, std::string_view text) override {
    printf("%.*s\n", static_cast<int>(text.size()), text.data());
  }
};

// [README]
absl::StatusOr<shunt::Report> MoveOnce(shunt::Connector& source, shunt::Connector& destination,
                                       std::string_view catalog_json) {
  auto store = shunt::OpenStore("sqlite:/tmp/worker/store.db");
  if (!store.ok()) return store.status();
  shunt::RouterOptions options;
  auto catalog = shunt::ParseConfiguredCatalog(catalog_json);
  if (!catalog.ok()) return catalog.status();
  options.catalog = *catalog;
  options.source.config_id = "orders/source";
  options.destination.config_id = "orders/destination";
  auto run = (*store)->BeginRun("orders", shunt::SystemEntropy().HexId(), absl::Now(), false);
  if (!run.ok()) return run.status();  // Aborted: another live run holds the connection
  options.run = *run;
  Stdout events;
  auto router =
      shunt::Router::Create(options, {source, destination, **store, events, shunt::SystemClock()});
  if (!router.ok()) return router.status();
  return (*router)->Run();
}
// [README]

TEST(Embedding, TheExampleMovesRecordsAndKeepsTheCheckpoint) {
  std::remove("/tmp/worker/store.db");
  shunt::MemorySource source(
      {.output =
           R"({"type":"RECORD","record":{"stream":"orders","data":{"id":1},"emitted_at":1}})"
           "\n"
           R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"orders"},"stream_state":{"id":1}}}})"
           "\n"});
  shunt::MemoryDestination destination;
  const auto report = MoveOnce(source, destination,
                               R"({"streams":[{"stream":{"name":"orders","json_schema":{}}}]})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code, 0);
  EXPECT_EQ(report->Totals().records_committed, 1u);
  EXPECT_EQ((*(*shunt::OpenStore("sqlite:/tmp/worker/store.db"))->ReadCheckpoint("orders"))[0].blob,
            R"({"id":1})");
  std::remove("/tmp/worker/store.db");
}

}  // namespace
