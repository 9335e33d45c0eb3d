// SyncSession: the order of one run, the same for `sync`, `sidecar` and a connector's verbs: open
// the store, learn the specs, take the connection, bind configs and state late, start the ends,
// route, report. With --attempts a run that failed for a reason that may pass is followed by
// another one, in the same way; its configs and its state are the newest ones then.
//
// Threads: main. The router brings its own and has joined them when RunSession returns.
// Errors: everything ends in the report and an exit code of the contract.
#pragma once

#include "cli/console.h"
#include "cli/session_ends.h"
#include "cli/sync_inputs.h"
#include "cli/sync_settings.h"

namespace shunt {

// Returns the exit code. `inputs` must have been read from the same settings.
int RunSession(const SyncSettings& settings, SyncInputs inputs, SessionEnds& ends,
               Console& console);

// The console that the settings ask for.
Console::Options ConsoleOptionsOf(const SyncSettings& settings);

}  // namespace shunt
