// Orphans: processes that programs we started have left behind. One that went away from its group
// (setsid, as a daemon does) is out of reach of a signal for the group; a process that adopts
// orphans becomes their parent instead of init, and can find, end and reap them.
//
// Threads: any. Errors: none; what the kernel does not let us do is left undone.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <optional>

#include "absl/time/time.h"
#include "platform/io.h"

namespace shunt {

// From now on orphans below this process become its children. Process-wide, and it obliges to
// ReapOrphans: for the program, never for a library. Children do not inherit it.
void AdoptOrphans();

// Reaps what has ended of the children that no Process holds (platform/process.h). Returns how many
// of them live.
int ReapOrphans();

// Ends them with SIGKILL, and what they leave behind in turn, and reaps them all. Returns how many
// there were. Stops trying after `at_most`.
int EndOrphans(absl::Duration at_most);

// While it lives, orphans are adopted (but children that were there before it are left alone), and
// reaped when they end, so that no zombies gather; its own thread looks once a second (reliability
// F87, F88). For the main of a program.
class OrphanKeeper {
 public:
  OrphanKeeper();
  ~OrphanKeeper() { static_cast<void>(End()); }
  OrphanKeeper(const OrphanKeeper&) = delete;
  OrphanKeeper& operator=(const OrphanKeeper&) = delete;

  // Whether all children of this process are ours.
  bool alone() const { return alone_; }

  // Ends all that no Process holds; how many there were.
  int End();

 private:
  static void* Loop(void* keeper);

  bool alone_ = true;
  std::optional<EventFd> stop_;
  std::optional<pthread_t> thread_;  // none: then they are reaped at the end only
};

}  // namespace shunt
