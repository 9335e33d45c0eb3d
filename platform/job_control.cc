#include "platform/job_control.h"

#include <signal.h>

#include <atomic>
#include <cerrno>

#include "platform/halted_clock.h"
#include "platform/held_children.h"

namespace shunt {
namespace {

std::atomic<bool> g_stopping{false};

// In any thread. The stop itself is the kernel's, so that a shell sees what it knows, and so that
// nothing stops where nobody could continue it (an orphaned process group).
void OnTerminalStop(int number) {
  if (g_stopping.exchange(true)) return;  // two threads, one job
  const int error = errno;
  HaltMonoClock();
  HeldChildren::SignalGroups(SIGSTOP);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  struct sigaction ours{};
  ::sigaction(number, &standard, &ours);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  ::raise(number);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);  // here it stops, and here it goes on
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
  ::sigaction(number, &ours, nullptr);
  HeldChildren::SignalGroups(SIGCONT);
  ResumeMonoClock();
  errno = error;
  g_stopping = false;
}

}  // namespace

void StopChildrenWithUs() {
  struct sigaction before{};
  if (::sigaction(SIGTSTP, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) return;
  struct sigaction action{};
  action.sa_handler = OnTerminalStop;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGTSTP, &action, nullptr);
}

}  // namespace shunt
