// What only a program with a user in front of it needs: is there a terminal, how wide is it, which
// program are we, and what it has process-wide: the mask of new files, signals, the descriptors 0
// to 2. A library must not call MakeNewFilesPrivate and StartClean, which belong to the start of
// main; the others are thread-safe.
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

// What a program may be started with and cannot work with: blocked signals, an ignored SIGCHLD
// (exit codes of children would be lost), and closed descriptors 0 to 2, which the next files that
// are opened would get, so that log lines end up in them. The closed ones are taken by something
// that neither gives nor takes a byte: using one stays an error. From then on running out of memory
// ends the program at once, with a word and this code. Belongs to the start of main.
void StartClean(int out_of_memory_code);

}  // namespace shunt
