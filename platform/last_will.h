// The last will: what is still done when the program dies in the middle of a run, of a fault of its
// own or for want of memory: its children are ended, the directory with the configs is removed, and
// a report says what happened. All of it is prepared while there is memory, and then uses nothing
// but system calls, so it works wherever a signal hits.
//
// Threads: Will...() by the main thread; the others by any thread and any signal handler. It is
// process-wide: for a program, never for a library.
#pragma once

#include <functional>
#include <string>

namespace shunt {

// A directory of files, without directories in it, to be removed. "": none.
void WillRemoveDirectory(const std::string& path);

// A file to be replaced by what `text_of` gives for the cause: the number of a signal, or
// kNoMemory. It is asked now, for each cause that there is. Nothing is written where something else
// than a regular file is. "": none.
inline constexpr int kNoMemory = 0;
void WillWriteReport(const std::string& path, const std::function<std::string(int cause)>& text_of);

// Whether all children of this process are to be ended, and not only those that are held
// (platform/held_children.h): it adopts orphans (platform/orphans.h).
void WillEndAllChildren(bool all);

// Does it, once; whoever comes second waits for the first. Keeps errno.
void ExecuteLastWill(int cause);

// The will, then the death that the signal means; 128 + n for process 1 of a container, which
// cannot die of a signal.
[[noreturn]] void DieOfSignal(int number);

// From now on DieOfSignal for what the processor sends, and for a failed check. To be called at the
// start of main.
void ExecuteLastWillOnCrash();

}  // namespace shunt
