// The payloads of the rare messages: TRACE, LOG, SPEC, CONNECTION_STATUS. Pure functions
// on one well-formed message line; views live as long as the line. Unknown members are ignored,
// missing optional ones are empty, and a missing required one is InvalidArgument without content.
// An optional member of the wrong type counts as missing. Texts that are only shown have U+FFFD for
// lone surrogates; names of streams must not have any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/json_cursor.h"
#include "protocol/message.h"

namespace shunt {

// Much more than anybody shows of it, so that masking sees every secret that begins in what is
// shown.
inline constexpr std::size_t kTraceTextBytesMax = 128 * 1024;

inline constexpr std::size_t kAnalyticsTypeBytesMax = 4096;

// AirbyteTraceMessage. Texts are cut between characters: mask them, and only then cut them to what
// is shown.
struct TraceMessage {
  enum class Type : uint8_t { kError, kEstimate, kStreamStatus, kAnalytics, kOther };
  enum class StreamStatus : uint8_t { kStarted, kRunning, kComplete, kIncomplete, kOther };
  Type type = Type::kOther;
  std::optional<double> emitted_at_ms;
  // kError: whatever is missing, it is an error, so nothing of it is required.
  std::string message, internal_message, stack_trace;  // cut at kTraceTextBytesMax
  std::string failure_type;                            // system_error unless a known one is given
  std::optional<StreamDescriptor> stream;  // kError (optional), kStreamStatus, kEstimate STREAM
  // kStreamStatus
  StreamStatus status = StreamStatus::kOther;
  bool rate_limited = false;
  std::optional<int64_t> quota_reset_ms;
  // kEstimate
  bool estimate_is_sync = false;
  std::optional<int64_t> row_estimate, byte_estimate;
  // kAnalytics: the event's name, cut at kAnalyticsTypeBytesMax; "" without one. Its value is not
  // read.
  std::string analytics_type;
};
absl::StatusOr<TraceMessage> ParseTrace(std::string_view line);

// AirbyteLogMessage. `level` is one of FATAL ERROR WARN INFO DEBUG TRACE, in whatever case it was
// written; anything else reads as INFO. Texts are whole: they are cut after masking.
struct LogMessage {
  std::string level;
  std::string message;
  std::string stack_trace;
};
absl::StatusOr<LogMessage> ParseLog(std::string_view line);

// ConnectorSpecification: the JSON text of `connectionSpecification`. InvalidArgument unless the
// line is a SPEC.
absl::StatusOr<std::string> ParseSpecMessage(std::string_view line);

// CONNECTION_STATUS: true for SUCCEEDED. InvalidArgument unless the line is one.
struct ConnectionStatus {
  bool succeeded = false;
  std::string message;
};
absl::StatusOr<ConnectionStatus> ParseConnectionStatus(std::string_view line);

}  // namespace shunt
