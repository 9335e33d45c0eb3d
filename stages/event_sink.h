// EventSink: where human-readable events go, and the value that carries one there. Log lanes may
// drop (counted): a slow log never delays anything (G40).
#pragma once

#include <string>
#include <string_view>

#include "lanes/lane.h"
#include "protocol/message.h"

namespace shunt {

enum class LogLevel : uint8_t { kFatal, kError, kWarn, kInfo, kDebug, kTrace };
std::string_view LogLevelName(LogLevel level);      // "FATAL", ...
LogLevel ParseLogLevelName(std::string_view name);  // unknown names are kInfo

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
};

using LogLane = Lane<LogFact>;

}  // namespace shunt
