// What signals do to the program. All that can be caught and would end it ask for a clean end: a
// run is stopped, anything else is over at once; both come to 128 + n.
//
// A signal that was ignored at the start (nohup's SIGHUP) stays ignored; but SIGINT, SIGTERM and
// SIGQUIT, which a shell takes away from what it starts in the background, stop a run all the same.
#pragma once

#include "router/router.h"

namespace shunt {

// From the start of main on: end at once, as process 1 of a container too, which by default ignores
// them.
void EndOnSignals();

// StopSignals: while it lives, a signal is remembered instead of ending the program at once.
//
// Threads: made, used and destroyed by the main thread; only one at a time. Before a router is
// attached a signal is only remembered; afterwards it goes to Router::Stop, also the remembered
// one.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // The first signal that came; 0 when none did.
  int received() const;

  // REQUIRES: detached (null) before the router is destroyed, when all its threads have ended.
  void Attach(Router* router);

 private:
  using Handler = void (*)(int);
  static constexpr int kNumbersMax = 65;
  Handler before_[kNumbersMax] = {};  // by number; null: not ours to answer
};

}  // namespace shunt
