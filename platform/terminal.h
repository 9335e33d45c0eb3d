// What only a program with a user in front of it needs: is there a terminal, how wide is it, which
// program are we, and the process-wide mask of new files. A library must not call the latter.
// Thread-safe, except that MakeNewFilesPrivate belongs to the start of main.
#pragma once

#include <string>

namespace shunt {

bool IsTerminal(int fd);

// Columns of the terminal behind `fd`; 80 when it does not say.
int TerminalColumns(int fd);

// The path of the running program, for starting it again; "" when the system does not say.
std::string OwnProgramPath();

// umask 077.
void MakeNewFilesPrivate();

}  // namespace shunt
