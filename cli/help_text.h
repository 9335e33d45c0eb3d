// HelpText: what `--help` prints, made from the same table that the parser is made of.
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace shunt {

// The help of one command or group; of the program when `command` is null.
std::string HelpText(const std::vector<Command>& commands, const Command* command);

// Last words of the paths directly below `group`; the top commands when it is null.
std::vector<std::string> SubcommandNames(const std::vector<Command>& commands,
                                         const Command* group);

}  // namespace shunt
