// Times in the tables: RFC 3339 in UTC with all their digits, so that people can read them and
// nothing is lost. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace shunt {

std::string TimeText(absl::Time time);
std::optional<absl::Time> ParseTimeText(std::string_view text);

}  // namespace shunt
