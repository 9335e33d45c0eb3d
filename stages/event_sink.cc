#include "stages/event_sink.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/json_writer.h"

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

std::string LogLineJson(absl::Time now, LogLevel level, Origin origin, std::string_view text) {
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone());
  return absl::StrCat(R"({"type":"log","ts":")", time, R"(","level":")", A(LogLevelName(level)),
                      R"(","origin":")", A(OriginName(origin)), R"(","msg":)",
                      JsonForEyes(JsonQuote(text)), "}");
}

}  // namespace shunt
