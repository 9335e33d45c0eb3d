// The report of a program that has died in the middle of a run: what is known beforehand.
#pragma once

#include <string>

#include "router/report.h"
#include "secrets/masker.h"

namespace shunt {

// `begun`: which run it was. `cause`: see platform/last_will.h.
std::string LastReport(const Report& begun, int cause, const Masker& masker);

}  // namespace shunt
