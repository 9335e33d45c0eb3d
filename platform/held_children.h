// The children of this process that a Process holds. Who reaps children that nobody asked for must
// not take one whose exit code somebody still wants: not even between its fork and its first
// signal of life, so the lock is held over both.
//
// Thread-safe. Process-wide, because children are.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <set>

namespace shunt {

class HeldChildren {
 public:
  // The lock is held as long as this lives. Never across anything that blocks.
  HeldChildren();

  void Add(pid_t pid) { pids().insert(pid); }
  void Remove(pid_t pid) { pids().erase(pid); }
  bool Has(pid_t pid) const { return pids().contains(pid); }

 private:
  static std::set<pid_t>& pids();

  const std::lock_guard<std::mutex> lock_;
};

}  // namespace shunt
