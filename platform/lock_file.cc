#include "platform/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "platform/errno_status.h"

namespace shunt {
namespace {

Fd OpenForLock(const std::string& path, int flags) {
  Fd fd(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat info{};
  if (fd.valid() && fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode) &&
      info.st_uid == geteuid()) {
    return fd;
  }
  if (fd.valid()) errno = EPERM;  // somebody else's: he could hold its lock for ever
  return Fd();
}

bool TryLock(int fd, int kind) {
  int rc;
  do {
    rc = flock(fd, kind | LOCK_NB);
  } while (rc != 0 && errno == EINTR);
  return rc == 0;
}

}  // namespace

absl::StatusOr<LockFile> LockFile::Acquire(std::string_view path_view) {
  std::string path(path_view);
  Fd fd = OpenForLock(path, O_RDWR | O_CREAT);
  if (!fd.valid()) return UnavailableFromErrno("cannot open the lock file", path);
  if (TryLock(fd.get(), LOCK_EX)) return LockFile(std::move(fd), std::move(path));
  if (errno == EWOULDBLOCK) return absl::AbortedError(absl::StrCat(path, " is locked"));
  return UnavailableFromErrno("cannot lock", path);
}

void LockFile::RemoveAndRelease() {
  if (fd_.valid()) unlink(path_.c_str());  // a file that stays is only untidy
  fd_.reset();
}

absl::StatusOr<bool> IsLockHeld(std::string_view path_view) {
  const std::string path(path_view);
  const Fd fd = OpenForLock(path, O_RDONLY);
  if (!fd.valid()) {
    if (errno == ENOENT) return false;
    return UnavailableFromErrno("cannot open the lock file", path);
  }
  // Shared, so that two who look at the same time do not take each other for the owner.
  if (TryLock(fd.get(), LOCK_SH)) return false;
  if (errno == EWOULDBLOCK) return true;
  return UnavailableFromErrno("cannot look at the lock", path);
}

void RemoveIfUnlocked(std::string_view path_view) {
  const std::string path(path_view);
  const Fd fd = OpenForLock(path, O_RDONLY);
  if (fd.valid() && TryLock(fd.get(), LOCK_EX)) unlink(path.c_str());
}

}  // namespace shunt
