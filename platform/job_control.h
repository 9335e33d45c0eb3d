// JobControl: what Ctrl-Z and fg do to a program whose children are not in its job. They have
// sessions of their own, without the terminal of ours, so that the shell cannot stop them: we do.
// While the job is stopped its monotonic clock stands still (platform/halted_clock.h), so that no
// deadline passes that nobody could meet.
#pragma once

namespace shunt {

// From now on the children that are held (platform/held_children.h) are stopped and continued with
// this process when it is by SIGTSTP. Not when that was ignored at the start. For the start of a
// program's main; what is stopped by SIGSTOP leaves its children running.
void StopChildrenWithUs();

}  // namespace shunt
