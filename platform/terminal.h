// What only a program with a user in front of it needs: is there a terminal, how wide is it, and the
// process-wide mask of new files. A library must not call the latter.
// Thread-safe, except that MakeNewFilesPrivate belongs to the start of main.
#pragma once

namespace shunt {

bool IsTerminal(int fd);

// Columns of the terminal behind `fd`; 80 when it does not say.
int TerminalColumns(int fd);

// umask 077.
void MakeNewFilesPrivate();

}  // namespace shunt
