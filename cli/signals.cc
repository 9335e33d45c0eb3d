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

}  // namespace

StopSignals::StopSignals() {
  g_received.Set(0);
  g_delivered.Set(false);
  static_cast<void>(std::signal(SIGINT, OnSignal));
  static_cast<void>(std::signal(SIGTERM, OnSignal));
}

StopSignals::~StopSignals() {
  Attach(nullptr);
  static_cast<void>(std::signal(SIGINT, SIG_DFL));
  static_cast<void>(std::signal(SIGTERM, SIG_DFL));
}

int StopSignals::received() const { return g_received.Get(); }

void StopSignals::Attach(Router* router) {
  g_router.Set(router);
  const int before = g_received.Get();
  if (router != nullptr && before != 0 && g_delivered.SetOnce(true)) router->Stop(before);
}

}  // namespace shunt
