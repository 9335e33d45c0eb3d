#include "protocol/payloads.h"

#include <array>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "platform/strings.h"
#include "protocol/json_text.h"
#include "protocol/stream_descriptor.h"

namespace shunt {
namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

absl::Status Invalid(const char* reason) { return absl::InvalidArgumentError(reason); }

// The object under `key` of the message.
absl::StatusOr<JsonSlice> PayloadOf(std::string_view line, std::string_view key) {
  const std::optional<JsonSlice> message = ParseJson(line);
  if (!message) return Invalid("the message is not well-formed");
  const std::optional<JsonSlice> payload = JsonFind(*message, key);
  if (!payload || !payload->is_object()) return Invalid("the message has no payload object");
  return *payload;
}

// A string member for showing, at most `bytes_max` bytes of it; "" when there is none.
std::string Text(JsonSlice object, std::string_view key, std::size_t bytes_max) {
  const std::optional<JsonSlice> value = JsonFind(object, key);
  if (!value || !value->is_string()) return "";
  std::string_view raw = value->text.substr(1, value->text.size() - 2);
  // No escape is longer than six bytes for each byte that it means, so this prefix is enough. An
  // escape that it cuts ends the text behind the limit.
  if (bytes_max < raw.size() / 6) raw = raw.substr(0, bytes_max * 6 + 6);
  std::string text;
  AppendUnescaped(raw, LoneSurrogate::kReplace, &text);
  text.resize(Utf8PrefixLength(text, bytes_max));
  return text;
}

std::optional<std::string> String(JsonSlice object, std::string_view key) {
  const std::optional<JsonSlice> value = JsonFind(object, key);
  return value ? JsonString(*value) : std::nullopt;
}

std::optional<int64_t> Integer(JsonSlice object, std::string_view key) {
  const std::optional<JsonSlice> value = JsonFind(object, key);
  return value ? JsonInt64(*value) : std::nullopt;
}

// A count of milliseconds, whose fraction does not matter.
std::optional<int64_t> Milliseconds(JsonSlice object, std::string_view key) {
  constexpr double kMax = 9e18;  // fits into 64 bits
  const std::optional<JsonSlice> value = JsonFind(object, key);
  if (!value || !value->is_number()) return std::nullopt;
  if (const std::optional<int64_t> whole = JsonInt64(*value)) return whole;
  const std::optional<double> number = JsonDouble(*value);
  if (!number || *number > kMax || *number < -kMax) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::optional<double> TimeOf(const std::optional<JsonSlice>& slice) {
  const std::optional<double> time = slice ? JsonDouble(*slice) : std::nullopt;
  if (time == 0.0) return 0.0;  // not -0
  return time;
}

absl::StatusOr<StreamDescriptor> Descriptor(const std::optional<JsonSlice>& slice) {
  if (!slice) return Invalid("the message has no stream descriptor");
  StreamDescriptor stream;
  JsonCursor cursor(slice->text);
  absl::Status status = ReadStreamDescriptor(cursor, &stream);
  if (!status.ok()) return status;
  return stream;
}

void ReadError(JsonSlice trace, TraceMessage* out) {
  out->failure_type = "system_error";
  const std::optional<JsonSlice> error = JsonFind(trace, "error");
  if (!error || !error->is_object()) return;
  out->message = Text(*error, "message", kTraceTextBytesMax);
  out->internal_message = Text(*error, "internal_message", kTraceTextBytesMax);
  out->stack_trace = Text(*error, "stack_trace", kTraceTextBytesMax);
  const std::optional<std::string> type = String(*error, "failure_type");
  if (type == "config_error" || type == "transient_error") out->failure_type = *type;
  absl::StatusOr<StreamDescriptor> stream = Descriptor(JsonFind(*error, "stream_descriptor"));
  if (stream.ok()) out->stream = *std::move(stream);
}

absl::Status ReadEstimate(JsonSlice trace, TraceMessage* out) {
  const std::optional<JsonSlice> estimate = JsonFind(trace, "estimate");
  if (!estimate || !estimate->is_object()) return Invalid("a TRACE ESTIMATE has no estimate");
  const std::optional<std::string> type = String(*estimate, "type");
  if (type != "SYNC" && type != "STREAM") return Invalid("an estimate has no known type");
  out->estimate_is_sync = type == "SYNC";
  if (!out->estimate_is_sync) {
    absl::StatusOr<StreamDescriptor> stream =
        Descriptor(estimate);  // name and namespace stand in it
    if (!stream.ok()) return stream.status();
    out->stream = *std::move(stream);
  }
  out->row_estimate = Integer(*estimate, "row_estimate");
  out->byte_estimate = Integer(*estimate, "byte_estimate");
  return absl::OkStatus();
}

TraceMessage::StreamStatus StatusNamed(std::string_view name) {
  using Status = TraceMessage::StreamStatus;
  if (name == "STARTED") return Status::kStarted;
  if (name == "RUNNING") return Status::kRunning;
  if (name == "COMPLETE") return Status::kComplete;
  if (name == "INCOMPLETE") return Status::kIncomplete;
  return Status::kOther;
}

absl::Status ReadStreamStatus(JsonSlice trace, TraceMessage* out) {
  const std::optional<JsonSlice> status = JsonFind(trace, "stream_status");
  if (!status || !status->is_object()) return Invalid("a TRACE STREAM_STATUS has no stream_status");
  absl::StatusOr<StreamDescriptor> stream = Descriptor(JsonFind(*status, "stream_descriptor"));
  if (!stream.ok()) return stream.status();
  out->stream = *std::move(stream);
  const std::optional<std::string> name = String(*status, "status");
  if (!name) return Invalid("a stream status has no status");
  out->status = StatusNamed(*name);
  const std::optional<JsonSlice> reasons = JsonFind(*status, "reasons");
  if (!reasons || !reasons->is_array()) return absl::OkStatus();
  const std::optional<std::vector<JsonSlice>> elements = JsonElements(*reasons);
  for (const JsonSlice& reason : elements.value_or(std::vector<JsonSlice>())) {
    if (String(reason, "type") != "RATE_LIMITED") continue;
    out->rate_limited = true;
    const std::optional<JsonSlice> limit = JsonFind(reason, "rate_limited");
    if (limit) out->quota_reset_ms = Milliseconds(*limit, "quota_reset");
  }
  return absl::OkStatus();
}

std::string LevelNamed(const std::optional<std::string>& name) {
  constexpr std::array<std::string_view, 6> kLevels = {"FATAL", "ERROR", "WARN",
                                                       "INFO",  "DEBUG", "TRACE"};
  if (name) {
    const std::string upper = absl::AsciiStrToUpper(A(*name));
    for (const std::string_view level : kLevels) {
      if (upper == level) return upper;
    }
  }
  return "INFO";
}

}  // namespace

absl::StatusOr<TraceMessage> ParseTrace(std::string_view line) {
  const absl::StatusOr<JsonSlice> trace = PayloadOf(line, "trace");
  if (!trace.ok()) return trace.status();
  const std::optional<std::string> type = String(*trace, "type");
  if (!type) return Invalid("a TRACE message has no type");
  TraceMessage message;
  message.emitted_at_ms = TimeOf(JsonFind(*trace, "emitted_at"));
  absl::Status status;
  if (*type == "ERROR") {
    message.type = TraceMessage::Type::kError;
    ReadError(*trace, &message);
  } else if (*type == "ESTIMATE") {
    message.type = TraceMessage::Type::kEstimate;
    status = ReadEstimate(*trace, &message);
  } else if (*type == "STREAM_STATUS") {
    message.type = TraceMessage::Type::kStreamStatus;
    status = ReadStreamStatus(*trace, &message);
  } else if (*type == "ANALYTICS") {
    message.type = TraceMessage::Type::kAnalytics;
    const std::optional<JsonSlice> analytics = JsonFind(*trace, "analytics");
    if (analytics && analytics->is_object()) {
      message.analytics_type = Text(*analytics, "type", kAnalyticsTypeBytesMax);
    }
  }
  if (!status.ok()) return status;
  return message;
}

absl::StatusOr<LogMessage> ParseLog(std::string_view line) {
  const absl::StatusOr<JsonSlice> log = PayloadOf(line, "log");
  if (!log.ok()) return log.status();
  const std::optional<JsonSlice> message = JsonFind(*log, "message");
  if (!message || !message->is_string()) return Invalid("a LOG message has no message");
  return LogMessage{LevelNamed(String(*log, "level")), Text(*log, "message", kNoLimit),
                    Text(*log, "stack_trace", kNoLimit)};
}

absl::StatusOr<std::string> ParseSpecMessage(std::string_view line) {
  const std::optional<JsonSlice> message = ParseJson(line);
  if (!message || String(*message, "type") != "SPEC") return Invalid("the message is no SPEC");
  const absl::StatusOr<JsonSlice> spec = PayloadOf(line, "spec");
  if (!spec.ok()) return spec.status();
  const std::optional<JsonSlice> schema = JsonFind(*spec, "connectionSpecification");
  if (!schema) return Invalid("a SPEC message has no connectionSpecification");
  return std::string(schema->text);
}

absl::StatusOr<ConnectionStatus> ParseConnectionStatus(std::string_view line) {
  const std::optional<JsonSlice> message = ParseJson(line);
  if (!message || String(*message, "type") != "CONNECTION_STATUS") {
    return Invalid("the message is no CONNECTION_STATUS");
  }
  const absl::StatusOr<JsonSlice> payload = PayloadOf(line, "connectionStatus");
  if (!payload.ok()) return payload.status();
  const std::optional<std::string> status = String(*payload, "status");
  if (status != "SUCCEEDED" && status != "FAILED") {
    return Invalid("a CONNECTION_STATUS has no known status");
  }
  return ConnectionStatus{status == "SUCCEEDED", Text(*payload, "message", kNoLimit)};
}

}  // namespace shunt
