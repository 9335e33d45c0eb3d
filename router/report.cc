#include "router/report.h"

#include <nlohmann/json.hpp>

#include "absl/time/time.h"

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;

Json Nullable(const std::optional<int>& value) { return value ? Json(*value) : Json(nullptr); }
Json Nullable(const std::optional<int64_t>& value) { return value ? Json(*value) : Json(nullptr); }
Json Generation(int64_t generation) { return generation < 0 ? Json(nullptr) : Json(generation); }
Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json Instant(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

Json Descriptor(const StreamDescriptor& stream) {
  Json json = {{"name", stream.name}};
  json["namespace"] = stream.name_space ? Json(*stream.name_space) : Json(nullptr);
  return json;
}

void AddCounters(const StreamReport& stream, Json* json) {
  (*json)["records_read"] = stream.records_read;
  (*json)["bytes_read"] = stream.bytes_read;
  (*json)["records_forwarded"] = stream.records_forwarded;
  (*json)["records_committed"] = stream.records_committed;
  (*json)["bytes_committed"] = stream.bytes_committed;
  (*json)["states_forwarded"] = stream.states_forwarded;
  (*json)["states_committed"] = stream.states_committed;
}

Json ConnectorJson(const ConnectorReport& connector) {
  return {{"command", connector.command},
          {"exit_code", Nullable(connector.exit_code)},
          {"signal", Nullable(connector.signal)},
          {"config_generation", Generation(connector.config_generation)},
          {"lines", connector.lines},
          {"bytes", connector.bytes}};
}

Json StreamsJson(const std::vector<StreamReport>& streams) {
  Json json = Json::array();
  for (const StreamReport& stream : streams) {
    Json row = Descriptor(stream.stream);
    row["status"] = stream.status;
    AddCounters(stream, &row);
    json.push_back(std::move(row));
  }
  return json;
}

Json UnknownStreamsJson(const std::vector<UnknownStreamReport>& streams) {
  Json json = Json::array();
  for (const UnknownStreamReport& stream : streams) {
    Json row = Descriptor(stream.stream);
    row["records"] = stream.records;
    json.push_back(std::move(row));
  }
  return json;
}

Json TotalsJson(const Report& report) {
  Json json = Json::object();
  AddCounters(report.Totals(), &json);
  json["records_dropped"] = report.records_dropped;
  return json;
}

Json StatesJson(const StateCounts& states) {
  return {{"read", states.read},           {"forwarded", states.forwarded},
          {"acked", states.acked},         {"committed", states.committed},
          {"explained", states.explained}, {"unmatched_acks", states.unmatched_acks}};
}

Json ControlJson(const ControlCounts& control) {
  return {{"received", control.received},
          {"applied", control.applied},
          {"superseded", control.superseded},
          {"duplicate", control.duplicate},
          {"quarantined", control.quarantined},
          {"last_generation",
           {{"source", Generation(control.source_generation)},
            {"destination", Generation(control.destination_generation)}}},
          {"alerts", control.alerts}};
}

Json LinesJson(const LineCounts& lines) {
  Json json = Json::object();
  for (int kind = 0; kind < kLineKinds; ++kind) {
    json[std::string(LineKindName(static_cast<LineKind>(kind)))] = lines.by_kind[kind];
  }
  return json;
}

Json FailuresJson(const std::vector<FailureReport>& failures) {
  Json json = Json::array();
  for (const FailureReport& failure : failures) {
    json.push_back({{"origin", OriginName(failure.origin)},
                    {"type", failure.type},
                    {"message", failure.message},
                    {"internal_message", TextOrNull(failure.internal_message)},
                    {"stack_trace", TextOrNull(failure.stack_trace)},
                    {"stream", failure.stream ? Descriptor(*failure.stream) : Json(nullptr)}});
  }
  return json;
}

Json TimingsJson(const TimingReport& timings) {
  return {{"first_record_ms", Nullable(timings.first_record_ms)},
          {"source_done_ms", Nullable(timings.source_done_ms)},
          {"destination_done_ms", Nullable(timings.destination_done_ms)},
          {"blocked_on_source_ms", timings.blocked_on_source_ms},
          {"blocked_on_destination_ms", timings.blocked_on_destination_ms}};
}

}  // namespace

std::string_view ExitCodeName(int exit_code) {
  if (exit_code > 128) return "signal";
  switch (static_cast<ExitCode>(exit_code)) {
    case ExitCode::kOk: return "ok";
    case ExitCode::kInternalError: return "internal_error";
    case ExitCode::kUsage: return "usage";
    case ExitCode::kSourceFailed: return "source_failed";
    case ExitCode::kDestinationFailed: return "destination_failed";
    case ExitCode::kStoreFailed: return "store_failed";
    case ExitCode::kConfigRejected: return "config_rejected";
    case ExitCode::kTimeout: return "timeout";
    case ExitCode::kDataLoss: return "data_loss";
    case ExitCode::kIncompleteAcks: return "incomplete_acks";
    case ExitCode::kFenced: return "fenced";
  }
  return "internal_error";
}

StreamReport Report::Totals() const {
  StreamReport totals;
  for (const StreamReport& stream : streams) {
    totals.records_read += stream.records_read;
    totals.bytes_read += stream.bytes_read;
    totals.records_forwarded += stream.records_forwarded;
    totals.records_committed += stream.records_committed;
    totals.bytes_committed += stream.bytes_committed;
    totals.states_forwarded += stream.states_forwarded;
    totals.states_committed += stream.states_committed;
  }
  return totals;
}

std::string Report::ToJson() const {
  // Whole milliseconds: more digits would suggest a precision that a run does not have.
  const double seconds = static_cast<double>(absl::ToInt64Milliseconds(duration)) / 1000.0;
  const Json json = {{"schema", "shunt.report/1"},
                     {"connection", connection},
                     {"run_id", run_id},
                     {"status", ExitCodeName(exit_code)},
                     {"exit_code", exit_code},
                     {"started_at", Instant(started_at)},
                     {"finished_at", Instant(finished_at)},
                     {"duration_seconds", seconds},
                     {"source", ConnectorJson(source)},
                     {"destination", ConnectorJson(destination)},
                     {"streams", StreamsJson(streams)},
                     {"unknown_streams", UnknownStreamsJson(unknown_streams)},
                     {"totals", TotalsJson(*this)},
                     {"states", StatesJson(states)},
                     {"control", ControlJson(control)},
                     {"lines", LinesJson(lines)},
                     {"failures", FailuresJson(failures)},
                     {"timings", TimingsJson(timings)},
                     {"peak_memory_bytes", peak_memory_bytes}};
  // A connector's message may hold bytes that are no UTF-8; the report must be JSON all the same.
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace shunt
