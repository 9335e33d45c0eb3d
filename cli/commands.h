// The commands of `shunt`, a list per file.
#pragma once

#include <vector>

#include "cli/command_line.h"

namespace shunt {

// All of them, in the order of the help text.
std::vector<Command> AllCommands();

std::vector<Command> SyncCommands();           // sync
std::vector<Command> SidecarCommands();        // sidecar
std::vector<Command> VerbCommands();           // spec, check, discover, read
std::vector<Command> ValidateCommands();       // validate
std::vector<Command> ResetCommands();          // reset
std::vector<Command> DemoCommands();           // demo
std::vector<Command> ConnectorCommands();      // connector source, connector destination
std::vector<Command> StateCommands();          // state show, export
std::vector<Command> StateChangeCommands();    // state import, reset, history, rollback
std::vector<Command> ConfigCommands();         // config show, export
std::vector<Command> ConfigHistoryCommands();  // config history
std::vector<Command> ConfigChangeCommands();   // config import, promote, rekey, recover
std::vector<Command> RunsCommands();           // runs, runs show

}  // namespace shunt
