// The built-in destination: a real Airbyte connector (spec, check, write) that writes JSON lines
// per stream, or discards. It acknowledges a STATE only after everything before it is in the files,
// and it takes nothing but what a destination may get: anything else than RECORD, STATE and TRACE
// STREAM_STATUS is an error.
//
// Threads: one; reads stdin, writes stdout. Errors: Airbyte messages on stdout, and the exit code.
#pragma once

#include "cli/builtin/source.h"

namespace shunt {

// Returns the exit code.
int RunBuiltinDestination(const ConnectorCall& call);

}  // namespace shunt
