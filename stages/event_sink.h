// EventSink: where human-readable events go, and the value that carries one there. Log lanes may
// drop (counted): a slow log never delays anything (G40).
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "lanes/lane.h"
#include "protocol/message.h"

namespace shunt {

enum class LogLevel : uint8_t { kFatal, kError, kWarn, kInfo, kDebug, kTrace };
std::string_view LogLevelName(LogLevel level);      // "FATAL", ...
LogLevel ParseLogLevelName(std::string_view name);  // unknown names are kInfo

// {"type":"log","ts":"2024-05-06T07:08:09.123Z","level":"INFO","origin":"source","msg":"text"}
std::string LogLineJson(absl::Time now, LogLevel level, Origin origin, std::string_view text);

// Called from the router's log thread (inline preset: the caller's). Must not block for long.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // `text` is masked, one line, control characters escaped.
  virtual void Log(Origin origin, LogLevel level, std::string_view text) = 0;
};

struct LogFact {
  Origin origin = Origin::kShunt;
  LogLevel level = LogLevel::kInfo;
  std::string text;  // unmasked; may hold several lines
  bool on_stderr = false;
};

using LogLane = Lane<LogFact>;

}  // namespace shunt
