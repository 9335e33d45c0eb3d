// Summary: the table that a run ends with, for people. Pure.
#pragma once

#include <string>

#include "router/report.h"

namespace shunt {

// A row per stream, one line of totals, the failures, and the verdict. Ends with a newline.
std::string SummaryText(const Report& report);

}  // namespace shunt
