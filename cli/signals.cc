#include "cli/signals.h"

#include <csignal>

#include "lanes/cell.h"
#include "platform/last_will.h"

namespace shunt {
namespace {

// A signal handler has no other way to its objects.
Cell<int> g_received{0};
Cell<Router*> g_router{nullptr};
Cell<bool> g_delivered{false};  // whether a router knows of the first one

// The first signal may meet a router that is just being attached: it must reach it, and only once,
// because a second Stop shortens the end.
void OnSignal(int number) {
  const bool first = g_received.SetOnce(number);
  Router* const router = g_router.Get();
  if (router != nullptr && (!first || g_delivered.SetOnce(true))) router->Stop(number);
}

// Whoever sends one of these means a run, also one in the background.
constexpr int kRequests[] = {SIGINT, SIGTERM, SIGQUIT};
// A line that hung up, timers, limits, and what others use for purposes of their own.
constexpr int kOthers[] = {SIGHUP, SIGUSR1,   SIGUSR2, SIGALRM, SIGXCPU,
                           SIGIO,  SIGVTALRM, SIGPROF, SIGPWR,  SIGSTKFLT};

// Calls `use(number, is a request)` for each signal that can be caught and would end the program.
// Those that say that it has crashed are platform/last_will.h's; SIGPIPE and SIGXFSZ are answers of
// write().
template <typename Use>
void ForSignals(Use use) {
  for (const int number : kRequests) use(number, true);
  for (const int number : kOthers) use(number, false);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) use(number, false);
}

}  // namespace

void EndOnSignals() {
  ForSignals([](int number, bool) {
    if (std::signal(number, DieOfSignal) == SIG_IGN) {
      static_cast<void>(std::signal(number, SIG_IGN));
    }
  });
}

StopSignals::StopSignals() {
  g_received.Set(0);
  g_delivered.Set(false);
  ForSignals([this](int number, bool request) {
    const Handler before = std::signal(number, OnSignal);
    if (before == SIG_IGN && !request) {
      static_cast<void>(std::signal(number, SIG_IGN));
    } else if (number < kNumbersMax) {
      before_[number] = before == SIG_DFL ? DieOfSignal : before;  // the same death
    }
  });
}

StopSignals::~StopSignals() {
  Attach(nullptr);
  for (int number = 1; number < kNumbersMax; ++number) {
    if (before_[number] != nullptr) static_cast<void>(std::signal(number, before_[number]));
  }
}

int StopSignals::received() const { return g_received.Get(); }

void StopSignals::Attach(Router* router) {
  g_router.Set(router);
  const int before = g_received.Get();
  if (router != nullptr && before != 0 && g_delivered.SetOnce(true)) router->Stop(before);
}

}  // namespace shunt
