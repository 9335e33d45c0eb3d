// StopSignals: SIGINT, SIGTERM, SIGHUP and SIGQUIT as a request to end cleanly, while it lives. A
// SIGHUP that is ignored at the start (nohup) stays ignored.
//
// Threads: made, used and destroyed by the main thread; only one at a time. Before a router is
// attached a signal is only remembered; afterwards it goes to Router::Stop, also the remembered
// one.
#pragma once

#include "router/router.h"

namespace shunt {

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
};

}  // namespace shunt
