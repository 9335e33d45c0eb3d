// ManPage: the manual page of shunt (section 1), in the roff of man(7), made from the same table as
// the help texts (cli/command_line.h).
// Pure function, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"

namespace shunt {

std::string ManPage(const std::vector<Command>& commands, std::string_view version);

}  // namespace shunt
