#include "platform/user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kEntryBytesMax = std::size_t{1} << 20;

absl::Status NoUser(std::string_view name) {
  return absl::NotFoundError(absl::StrCat("there is no user '", A(name), "'"));
}

std::vector<gid_t> GroupsOf(const passwd& entry) {
  std::vector<gid_t> groups(32);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0) {
    groups.resize(std::max(groups.size() * 2, static_cast<std::size_t>(count)));
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

absl::StatusOr<User> FindUser(std::string_view name) {
  const std::string text(name);
  uid_t number = 0;
  const bool numeric = absl::SimpleAtoi(text, &number);
  passwd entry{};
  passwd* found = nullptr;
  std::string buffer(1024, '\0');
  for (;;) {
    const int error =
        numeric ? ::getpwuid_r(number, &entry, buffer.data(), buffer.size(), &found)
                : ::getpwnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (error == ERANGE && buffer.size() < kEntryBytesMax) {
      buffer.resize(buffer.size() * 2);
    } else if (error != EINTR) {
      break;
    }
  }
  if (found == nullptr) return NoUser(name);
  return User{.uid = entry.pw_uid,
              .gid = entry.pw_gid,
              .groups = GroupsOf(entry),
              .name = entry.pw_name,
              .home = entry.pw_dir};
}

bool MayChangeUser() { return ::geteuid() == 0; }

void KeepMemoryPrivate() {
  // Both may only be refused by a sandbox that forbids the call; then there is nothing to do about
  // it.
  const rlimit none{0, 0};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
  static_cast<void>(::prctl(PR_SET_DUMPABLE, 0));
}

}  // namespace shunt
