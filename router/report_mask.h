// Nothing secret ever appears in a report (contract 3): every text in it that somebody else wrote
// passes the masker. The names of the catalog's streams stay: they are the user's own, and what a
// reader of reports goes by.
#pragma once

#include "router/report.h"
#include "secrets/masker.h"

namespace shunt {

// Once more is harmless, and catches what became a secret since.
void MaskReport(const Masker& masker, Report* report);

}  // namespace shunt
