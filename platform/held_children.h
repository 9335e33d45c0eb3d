// The children of this process that a Process holds. Who reaps children that nobody asked for must
// not take one whose exit code somebody still wants: not even between its fork and its first
// signal of life, so the lock is held over both.
//
// Thread-safe. Process-wide, because children are. Signal handlers may call SignalGroups alone.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <set>

namespace shunt {

class HeldChildren {
 public:
  // The lock is held as long as this lives. Never across anything that blocks.
  HeldChildren();

  // `pid` leads a group of its own that is named like it.
  void Add(pid_t pid);
  // To be called before it is reaped: from then on the number may be somebody else's.
  void ForgetGroup(pid_t pid);
  void Remove(pid_t pid);
  // A child of whoever was this process before: neither is it reaped, nor ever signalled.
  void AddStranger(pid_t pid);
  bool has_strangers() const { return has_strangers_; }
  bool Has(pid_t pid) const { return pids().contains(pid); }

  // Sends a signal to the group of every child that was added. Async-signal-safe. Of more children
  // than kGroupsMax at a time some are left out.
  static void SignalGroups(int signal_number);
  static constexpr std::size_t kGroupsMax = 64;

 private:
  static std::set<pid_t>& pids();
  static bool has_strangers_;  // guarded by the lock

  const std::lock_guard<std::mutex> lock_;
};

}  // namespace shunt
