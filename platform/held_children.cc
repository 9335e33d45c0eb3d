#include "platform/held_children.h"

namespace shunt {
namespace {

// Never destroyed: children may be held until the very end of the program.
std::mutex& Mutex() {
  static auto* const mutex = new std::mutex;
  return *mutex;
}

}  // namespace

HeldChildren::HeldChildren() : lock_(Mutex()) {}

std::set<pid_t>& HeldChildren::pids() {
  static auto* const pids = new std::set<pid_t>;
  return *pids;
}

}  // namespace shunt
