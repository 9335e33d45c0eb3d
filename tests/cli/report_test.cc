// The report is a contract with scripts: its keys, their order and what stands for "absent" are
// fixed (contract section 3).
#include "router/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> KeysOf(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

Report SmallReport() {
  Report report;
  report.connection = "github";
  report.run_id = "4f1c";
  report.started_at = absl::FromUnixMillis(1'700'000'000'123);
  report.finished_at = report.started_at + absl::Milliseconds(2'050);
  report.duration = absl::Milliseconds(2'050);
  StreamReport orders;
  orders.stream = {"orders", "sales"};
  orders.status = "complete";
  orders.records_read = 3;
  orders.bytes_committed = 300;
  report.streams = {orders, StreamReport{.stream = {"events", std::nullopt}, .records_read = 4}};
  return report;
}

TEST(ReportTest, HasTheKeysOfTheContractInTheirOrder) {
  const Json json = Json::parse(SmallReport().ToJson());
  EXPECT_EQ(KeysOf(json),
            (std::vector<std::string>{"schema",      "connection",       "run_id",
                                      "status",      "exit_code",        "started_at",
                                      "finished_at", "duration_seconds", "source",
                                      "destination", "streams",          "unknown_streams",
                                      "totals",      "states",           "control",
                                      "lines",       "analytics",        "unknown_types",
                                      "failures",    "timings",          "peak_memory_bytes"}));
  EXPECT_EQ(KeysOf(json["source"]),
            (std::vector<std::string>{"command", "exit_code", "signal", "config_generation",
                                      "lines", "bytes"}));
  EXPECT_EQ(KeysOf(json["streams"][0]),
            (std::vector<std::string>{
                "name", "namespace", "status", "records_read", "bytes_read", "records_forwarded",
                "records_committed", "records_rejected", "bytes_committed", "states_forwarded",
                "states_committed", "records_filtered", "records_lost", "run_state", "estimate"}));
  EXPECT_EQ(KeysOf(json["states"]),
            (std::vector<std::string>{"read", "forwarded", "acked", "committed", "explained",
                                      "unmatched_acks", "injected", "source_count_mismatches",
                                      "destination_count_mismatches"}));
  EXPECT_EQ(KeysOf(json["control"]),
            (std::vector<std::string>{"received", "applied", "superseded", "duplicate",
                                      "quarantined", "last_generation", "alerts"}));
  EXPECT_EQ(KeysOf(json["lines"]),
            (std::vector<std::string>{"record", "state", "control", "log", "trace", "other", "text",
                                      "malformed", "empty"}));
  EXPECT_EQ(KeysOf(json["timings"]),
            (std::vector<std::string>{"first_record_ms", "source_done_ms", "destination_done_ms",
                                      "blocked_on_source_ms", "blocked_on_destination_ms"}));
}

TEST(ReportTest, WhatIsAbsentIsNull) {
  const Json json = Json::parse(SmallReport().ToJson());
  EXPECT_TRUE(json["source"]["exit_code"].is_null());
  EXPECT_TRUE(json["source"]["signal"].is_null());
  EXPECT_TRUE(json["source"]["config_generation"].is_null());
  EXPECT_TRUE(json["streams"][1]["namespace"].is_null());
  EXPECT_TRUE(json["control"]["last_generation"]["source"].is_null());
  EXPECT_TRUE(json["timings"]["first_record_ms"].is_null());
}

TEST(ReportTest, ValuesAreWrittenAsTheContractSays) {
  Report report = SmallReport();
  report.exit_code = 143;
  report.source.exit_code = 0;
  report.destination.signal = 9;
  const Json json = Json::parse(report.ToJson());
  EXPECT_EQ(json["schema"], "shunt.report/1");
  EXPECT_EQ(json["status"], "signal");
  EXPECT_EQ(json["exit_code"], 143);
  EXPECT_EQ(json["started_at"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json["duration_seconds"], 2.05);
  EXPECT_EQ(json["source"]["exit_code"], 0);
  EXPECT_EQ(json["destination"]["signal"], 9);
  EXPECT_EQ(json["streams"][0]["namespace"], "sales");
}

TEST(ReportTest, TotalsAreTheSumOfTheStreams) {
  Report report = SmallReport();
  report.records_dropped = 2;
  const Json totals = Json::parse(report.ToJson())["totals"];
  EXPECT_EQ(totals["records_read"], 7);
  EXPECT_EQ(totals["bytes_committed"], 300);
  EXPECT_EQ(totals["records_dropped"], 2);
  EXPECT_FALSE(totals.contains("status"));
}

TEST(ReportTest, ForeignTextCannotBreakTheJson) {
  Report report = SmallReport();
  Failure failure;
  failure.origin = Origin::kSource;
  failure.message = "bad \"quote\"\n\x01 and \xff\xfe";
  failure.stream = StreamDescriptor{"orders", std::nullopt};
  report.failures = {failure};
  const Json json = Json::parse(report.ToJson(), nullptr, /*allow_exceptions=*/false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["failures"][0]["origin"], "source");
  EXPECT_EQ(json["failures"][0]["stream"]["name"], "orders");
  EXPECT_TRUE(json["failures"][0]["stack_trace"].is_null());
}

TEST(ReportTest, ExitCodesHaveTheirNames) {
  const std::vector<std::string> names = {
      "ok",           "internal_error",  "usage",   "source_failed", "destination_failed",
      "store_failed", "config_rejected", "timeout", "data_loss",     "incomplete_acks",
      "fenced"};
  for (int code = 0; code < static_cast<int>(names.size()); ++code) {
    EXPECT_EQ(ExitCodeName(code), names[static_cast<std::size_t>(code)]);
  }
  EXPECT_EQ(ExitCodeName(130), "signal");
}

}  // namespace
}  // namespace shunt
