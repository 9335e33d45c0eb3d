#include "stages/event_sink.h"

#include <array>

namespace shunt {
namespace {
constexpr std::array<std::string_view, 6> kNames = {"FATAL", "ERROR", "WARN",
                                                    "INFO",  "DEBUG", "TRACE"};
}  // namespace

std::string_view LogLevelName(LogLevel level) { return kNames[static_cast<std::size_t>(level)]; }

LogLevel ParseLogLevelName(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return LogLevel::kInfo;
}

}  // namespace shunt
