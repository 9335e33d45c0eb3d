#include "stores/time_text.h"

#include "platform/strings.h"

namespace shunt {

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::optional<absl::Time> ParseTimeText(std::string_view text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, A(text), &time, nullptr)) return std::nullopt;
  return time;
}

}  // namespace shunt
