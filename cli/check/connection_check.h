// ConnectionCheck: everything about a connection that can be known without moving data: its file,
// catalog, state, programs, and its configs against the connectors' specs, as the next run would
// bind them (stored config and edits of the file together).
//
// Nothing is written: no store is created, no config adopted.
// Threads: main (connectors are asked for their specs, all at once, at most kSpecDeadline).
// Errors: none; everything is a finding. Findings never hold values of a config.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/check/finding.h"
#include "cli/settings_loader.h"

namespace shunt {

struct ConnectionCheckOptions {
  std::string file;                          // "": flags and environment alone
  std::map<std::string, std::string> flags;  // of `shunt sync`
  Environment environment;
  bool offline = false;  // start no connector: only the specs that are given count
};

std::vector<Finding> CheckConnection(const ConnectionCheckOptions& options);

}  // namespace shunt
