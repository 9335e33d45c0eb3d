// Summary: what a run ends with: a table for people, an event for machines. Pure.
#pragma once

#include <string>

#include "router/report.h"

namespace shunt {

// Of a run that moved data: a row per stream, one line of totals, the failures, and the verdict.
// Ends with a newline. Of one that only asked a connector something: config updates, failures and
// the verdict.
std::string SummaryText(const Report& report);

// The same for machines: one object on one line, the whole report in it. Its type is "ended", or
// "attempt_ended" when another attempt follows.
std::string EndedJson(const Report& report, bool final);

}  // namespace shunt
