// Summary: the table that a run ends with, for people. Pure.
#pragma once

#include <string>

#include "router/report.h"

namespace shunt {

// Of a run that moved data: a row per stream, one line of totals, the failures, and the verdict.
// Ends with a newline. Of one that only asked a connector something: config updates, failures and
// the verdict.
std::string SummaryText(const Report& report);

}  // namespace shunt
