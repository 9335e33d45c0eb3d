// Who a process runs as, and what it keeps from others.
//
// Threads: FindUser is thread-safe; KeepMemoryPrivate belongs to the start of main: it is
// process-wide, and a library must not call it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace shunt {

// An account of this machine, with all of its groups.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string name, home;
};

// By name, or by number when it has an account. NotFound: there is none.
absl::StatusOr<User> FindUser(std::string_view name);

// Whether we may start programs as somebody else.
bool MayChangeUser();

// No core files, and no other process of our user may look into our memory, environment or
// descriptors (G52). Programs that we start are as they always are.
void KeepMemoryPrivate();

}  // namespace shunt
