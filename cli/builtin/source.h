// The built-in source: a real Airbyte connector (spec, check, discover, read) that makes up its
// data. Seeded rows, resumable from state, token rotation as CONTROL messages, failure on demand:
// for the demo, for tests, for trying a destination.
//
// Threads: one; writes to stdout. Errors: Airbyte messages on stdout, and the exit code.
#pragma once

#include <cstdint>
#include <string>

namespace shunt {

// The files of one call of a connector, as the protocol names them; "" when not given.
struct ConnectorCall {
  std::string verb;  // spec, check, discover, read, write
  std::string config, catalog, state;
};

// Returns the exit code.
int RunBuiltinSource(const ConnectorCall& call);

// Its connectionSpecification, as JSON.
std::string BuiltinSourceSchema();

}  // namespace shunt
