#include "router/report.h"

#include <algorithm>

#include "absl/time/time.h"
#include "protocol/json_writer.h"

namespace shunt {
namespace {

JsonWriter& operator<<(JsonWriter& json, const std::optional<int>& value) {
  return value ? json.Int(*value) : json.Null();
}
JsonWriter& operator<<(JsonWriter& json, const std::optional<int64_t>& value) {
  return value ? json.Int(*value) : json.Null();
}

JsonWriter& operator<<(JsonWriter& json, const std::optional<uint64_t>& value) {
  return value ? json.Uint(*value) : json.Null();
}

JsonWriter& WriteText(std::string_view text, JsonWriter* json) {
  return text.empty() ? json->Null() : json->String(text);
}

JsonWriter& WriteGeneration(int64_t generation, JsonWriter* json) {
  return generation < 0 ? json->Null() : json->Int(generation);
}

JsonWriter& WriteInstant(absl::Time time, JsonWriter* json) {
  return json->String(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
}

// The two members that name a stream.
void WriteDescriptor(const StreamDescriptor& stream, JsonWriter* json) {
  json->Key("name").String(stream.name).Key("namespace");
  stream.name_space ? json->String(*stream.name_space) : json->Null();
}

void WriteCounters(const StreamReport& stream, JsonWriter* json) {
  json->Key("records_read").Uint(stream.records_read);
  json->Key("bytes_read").Uint(stream.bytes_read);
  json->Key("records_forwarded").Uint(stream.records_forwarded);
  json->Key("records_committed").Uint(stream.records_committed);
  json->Key("records_rejected").Uint(stream.records_rejected);
  json->Key("bytes_committed").Uint(stream.bytes_committed);
  json->Key("states_forwarded").Uint(stream.states_forwarded);
  json->Key("states_committed").Uint(stream.states_committed);
  // Not in the contract's list, which more may follow.
  json->Key("records_filtered").Uint(stream.records_filtered);
  json->Key("records_lost").Uint(stream.records_lost);
}

void WriteEstimate(const EstimateReport& estimate, JsonWriter* json) {
  json->Key("records") << estimate.records;
  json->Key("bytes") << estimate.bytes;
}

// What the source said of a stream.
void WriteProgress(const StreamReport& stream, JsonWriter* json) {
  WriteText(stream.run_state, &json->Key("run_state"));
  json->Key("estimate");
  if (stream.estimate) {
    WriteEstimate(*stream.estimate, &json->BeginObject());
    json->End();
  } else {
    json->Null();
  }
  if (stream.rate_limits == 0) return;
  json->Key("rate_limited").BeginObject().Key("times").Uint(stream.rate_limits);
  json->Key("seconds").Seconds(absl::ToInt64Milliseconds(stream.rate_limited_for));
  json->Key("quota_reset") << stream.quota_reset_ms;
  json->End();
}

void WriteSchemaFindings(const SchemaCheck::Findings& found, JsonWriter* json) {
  json->BeginObject().Key("checked").Uint(found.checked).Key("bad").Uint(found.bad);
  json->Key("undecided").Uint(found.undecided).Key("too_long").Uint(found.too_long);
  json->Key("stopped").Bool(found.stopped);
  WriteText(found.note, &json->Key("note"));
  json->Key("violations").BeginArray();
  for (const SchemaCheck::Violation& violation : found.violations) {
    json->BeginObject().Key("path").String(violation.path);
    json->Key("keyword").String(violation.keyword).Key("detail").String(violation.detail);
    json->Key("records").Uint(violation.records).End();
  }
  json->End().End();
}

void WriteConnector(const ConnectorReport& connector, JsonWriter* json) {
  json->BeginObject().Key("command").String(connector.command);
  json->Key("exit_code") << connector.exit_code;
  json->Key("signal") << connector.signal;
  WriteGeneration(connector.config_generation, &json->Key("config_generation"));
  json->Key("lines").Uint(connector.lines).Key("bytes").Uint(connector.bytes).End();
}

// Whether anything happened to it, or was said of it.
bool IsWorthStoring(const StreamReport& stream) {
  return stream.records_read > 0 || stream.states_forwarded > 0 || stream.states_committed > 0 ||
         stream.rate_limits > 0 || stream.records_committed > 0 || !stream.run_state.empty();
}

void WriteStreams(const Report& report, bool to_store, JsonWriter* json) {
  json->Key("streams").BeginArray();
  std::size_t left_out = 0;
  for (const StreamReport& stream : report.streams) {
    if (to_store && !IsWorthStoring(stream)) {
      ++left_out;
      continue;
    }
    WriteDescriptor(stream.stream, &json->BeginObject());
    json->Key("status").String(stream.status);
    WriteCounters(stream, json);
    WriteProgress(stream, json);
    if (stream.schema) WriteSchemaFindings(*stream.schema, &json->Key("schema"));
    json->End();
  }
  json->End();
  if (left_out > 0) json->Key("streams_left_out").Uint(left_out);
  json->Key("unknown_streams").BeginArray();
  for (const UnknownStreamReport& stream : report.unknown_streams) {
    WriteDescriptor(stream.stream, &json->BeginObject());
    json->Key("records").Uint(stream.records).Key("states").Uint(stream.states).End();
  }
  json->End();
  if (report.further_unknown_streams) {
    json->Key("further_unknown_streams").BeginObject();
    json->Key("records").Uint(report.further_unknown_streams->records);
    json->Key("states").Uint(report.further_unknown_streams->states).End();
  }
  json->Key("totals").BeginObject();
  WriteCounters(report.Totals(), json);
  json->Key("records_dropped").Uint(report.records_dropped);
  json->Key("records_nulled").Uint(report.records_nulled);
  json->Key("estimate").BeginObject();
  WriteText(report.estimates, &json->Key("of"));
  WriteEstimate(report.estimate, json);
  json->End().End();
}

void WriteAnalytics(const std::vector<AnalyticsReport>& analytics, JsonWriter* json) {
  json->BeginArray();
  for (const AnalyticsReport& event : analytics) {
    json->BeginObject().Key("origin").String(OriginName(event.origin));
    json->Key("type").String(event.type).Key("count").Uint(event.count).End();
  }
  json->End();
}

void WriteUnknownTypes(const std::vector<UnknownTypeReport>& types, JsonWriter* json) {
  json->BeginArray();
  for (const UnknownTypeReport& type : types) {
    json->BeginObject().Key("origin").String(OriginName(type.origin));
    WriteText(type.type, &json->Key("type"));
    json->Key("count").Uint(type.count).End();
  }
  json->End();
}

void WriteStates(const StateCounts& states, JsonWriter* json) {
  json->BeginObject();
  json->Key("read").Uint(states.read).Key("forwarded").Uint(states.forwarded);
  json->Key("acked").Uint(states.acked).Key("committed").Uint(states.committed);
  json->Key("explained").Uint(states.explained);
  json->Key("unmatched_acks").Uint(states.unmatched_acks);
  json->Key("injected").Uint(states.injected);
  json->Key("source_count_mismatches").Uint(states.source_count_mismatches);
  json->Key("destination_count_mismatches").Uint(states.destination_count_mismatches).End();
}

void WriteControl(const ControlCounts& control, JsonWriter* json) {
  json->BeginObject();
  json->Key("received").Uint(control.received).Key("applied").Uint(control.applied);
  json->Key("superseded").Uint(control.superseded).Key("duplicate").Uint(control.duplicate);
  json->Key("quarantined").Uint(control.quarantined);
  json->Key("last_generation").BeginObject();
  WriteGeneration(control.source_generation, &json->Key("source"));
  WriteGeneration(control.destination_generation, &json->Key("destination"));
  json->End().Key("alerts").BeginArray();
  for (const std::string& alert : control.alerts) json->String(alert);
  json->End().End();
}

void WriteLines(const LineCounts& lines, JsonWriter* json) {
  json->BeginObject();
  for (int kind = 0; kind < kLineKinds; ++kind) {
    json->Key(LineKindName(static_cast<LineKind>(kind))).Uint(lines.by_kind[kind]);
  }
  json->End();
}

void WriteFailures(const std::vector<Failure>& failures, JsonWriter* json) {
  json->BeginArray();
  for (const Failure& failure : failures) {
    json->BeginObject().Key("origin").String(OriginName(failure.origin));
    json->Key("type").String(failure.type).Key("message").String(failure.message);
    WriteText(failure.internal_message, &json->Key("internal_message"));
    WriteText(failure.stack_trace, &json->Key("stack_trace"));
    json->Key("stream");
    if (failure.stream) {
      WriteDescriptor(*failure.stream, &json->BeginObject());
      json->End();
    } else {
      json->Null();
    }
    json->End();
  }
  json->End();
}

void WriteTimings(const TimingReport& timings, JsonWriter* json) {
  json->BeginObject().Key("first_record_ms") << timings.first_record_ms;
  json->Key("source_done_ms") << timings.source_done_ms;
  json->Key("destination_done_ms") << timings.destination_done_ms;
  json->Key("blocked_on_source_ms").Int(timings.blocked_on_source_ms);
  json->Key("blocked_on_destination_ms").Int(timings.blocked_on_destination_ms).End();
}

void WriteAttempts(const std::vector<AttemptReport>& attempts, JsonWriter* json) {
  json->BeginArray();
  for (const AttemptReport& attempt : attempts) {
    WriteText(attempt.run_id, &json->BeginObject().Key("run_id"));
    json->Key("status").String(ExitCodeName(attempt.exit_code));
    json->Key("exit_code").Int(attempt.exit_code);
    json->Key("records_committed").Uint(attempt.records_committed);
    WriteInstant(attempt.started_at, &json->Key("started_at"));
    WriteInstant(attempt.finished_at, &json->Key("finished_at"));
    json->End();
  }
  json->End();
}

}  // namespace

std::string_view ExitCodeName(int exit_code) {
  if (exit_code > 128) return "signal";
  switch (static_cast<ExitCode>(exit_code)) {
    case ExitCode::kOk:
      return "ok";
    case ExitCode::kInternalError:
      return "internal_error";
    case ExitCode::kUsage:
      return "usage";
    case ExitCode::kSourceFailed:
      return "source_failed";
    case ExitCode::kDestinationFailed:
      return "destination_failed";
    case ExitCode::kStoreFailed:
      return "store_failed";
    case ExitCode::kConfigRejected:
      return "config_rejected";
    case ExitCode::kTimeout:
      return "timeout";
    case ExitCode::kDataLoss:
      return "data_loss";
    case ExitCode::kIncompleteAcks:
      return "incomplete_acks";
    case ExitCode::kFenced:
      return "fenced";
  }
  return "internal_error";
}

StreamReport Report::Totals() const {
  StreamReport totals;
  for (const StreamReport& stream : streams) {
    totals.records_read += stream.records_read;
    totals.bytes_read += stream.bytes_read;
    totals.records_forwarded += stream.records_forwarded;
    totals.records_filtered += stream.records_filtered;
    totals.records_lost += stream.records_lost;
    totals.records_committed += stream.records_committed;
    totals.records_rejected += stream.records_rejected;
    totals.bytes_committed += stream.bytes_committed;
    totals.states_forwarded += stream.states_forwarded;
    totals.states_committed += stream.states_committed;
  }
  totals.records_committed -= std::min(totals.records_committed, records_rejected_of_many);
  totals.records_rejected += records_rejected_of_many;
  return totals;
}

std::string Report::ToJson() const { return Json(false); }
std::string Report::ToStoredJson() const { return Json(true); }

std::string Report::Json(bool to_store) const {
  constexpr std::size_t kStreamBytes = 900;  // of its part of the text, about
  JsonWriter json(to_store ? JsonWriter::Layout::kCompact : JsonWriter::Layout::kIndented);
  if (!to_store) json.Reserve(streams.size() * kStreamBytes);
  json.BeginObject().Key("schema").String("shunt.report/1");
  json.Key("connection").String(connection);
  WriteText(run_id, &json.Key("run_id"));
  if (!verb.empty()) json.Key("verb").String(verb);
  json.Key("status").String(ExitCodeName(exit_code)).Key("exit_code").Int(exit_code);
  WriteInstant(started_at, &json.Key("started_at"));
  WriteInstant(finished_at, &json.Key("finished_at"));
  json.Key("duration_seconds").Seconds(absl::ToInt64Milliseconds(duration));
  WriteConnector(source, &json.Key("source"));
  WriteConnector(destination, &json.Key("destination"));
  WriteStreams(*this, to_store, &json);
  WriteStates(states, &json.Key("states"));
  WriteControl(control, &json.Key("control"));
  WriteLines(lines, &json.Key("lines"));
  WriteAnalytics(analytics, &json.Key("analytics"));
  WriteUnknownTypes(unknown_types, &json.Key("unknown_types"));
  WriteFailures(failures, &json.Key("failures"));
  WriteTimings(timings, &json.Key("timings"));
  json.Key("peak_memory_bytes").Int(peak_memory_bytes);
  if (!attempts.empty()) WriteAttempts(attempts, &json.Key("attempts"));
  json.End();
  return json.Take();
}

}  // namespace shunt
