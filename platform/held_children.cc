#include "platform/held_children.h"

#include <signal.h>

#include <atomic>
#include <cerrno>

namespace shunt {
namespace {

// Never destroyed: children may be held until the very end of the program.
std::mutex& Mutex() {
  static auto* const mutex = new std::mutex;
  return *mutex;
}

// Written under the lock, read by signal handlers. 0: free.
std::atomic<pid_t> g_groups[HeldChildren::kGroupsMax];

void Replace(pid_t old_value, pid_t new_value) {
  for (std::atomic<pid_t>& group : g_groups) {
    if (group != old_value) continue;
    group = new_value;
    return;
  }
}

}  // namespace

bool HeldChildren::has_strangers_ = false;

HeldChildren::HeldChildren() : lock_(Mutex()) {}

std::set<pid_t>& HeldChildren::pids() {
  static auto* const pids = new std::set<pid_t>;
  return *pids;
}

void HeldChildren::Add(pid_t pid) {
  pids().insert(pid);
  Replace(0, pid);
}

void HeldChildren::AddStranger(pid_t pid) {
  if (pids().insert(pid).second) has_strangers_ = true;
}

void HeldChildren::ForgetGroup(pid_t pid) { Replace(pid, 0); }

void HeldChildren::Remove(pid_t pid) {
  ForgetGroup(pid);
  pids().erase(pid);
}

void HeldChildren::SignalGroups(int signal_number) {
  const int error = errno;
  for (const std::atomic<pid_t>& group : g_groups) {
    const pid_t pid = group;
    if (pid > 1) ::kill(-pid, signal_number);
  }
  errno = error;
}

}  // namespace shunt
