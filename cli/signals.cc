#include "cli/signals.h"

#include <csignal>

#include "lanes/cell.h"

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

// A hang-up that was to be ignored when we were started (nohup) stays ignored.
void Answer(int number) {
  const auto before = std::signal(number, OnSignal);
  if (number == SIGHUP && before == SIG_IGN) static_cast<void>(std::signal(number, SIG_IGN));
}

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

}  // namespace

StopSignals::StopSignals() {
  g_received.Set(0);
  g_delivered.Set(false);
  for (const int number : kSignals) Answer(number);
}

StopSignals::~StopSignals() {
  Attach(nullptr);
  for (const int number : kSignals) {
    if (std::signal(number, SIG_DFL) == SIG_IGN) static_cast<void>(std::signal(number, SIG_IGN));
  }
}

int StopSignals::received() const { return g_received.Get(); }

void StopSignals::Attach(Router* router) {
  g_router.Set(router);
  const int before = g_received.Get();
  if (router != nullptr && before != 0 && g_delivered.SetOnce(true)) router->Stop(before);
}

}  // namespace shunt
