#include "platform/shared_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr uint32_t kNews = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE;
constexpr mode_t kModeBits = 07777;

absl::Status Failed(std::string_view verb, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(A(verb), " ", path));
}

Fd Watch(const std::string& path) {
  Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (watch.valid() && ::inotify_add_watch(watch.get(), path.c_str(), kNews) < 0) watch.reset();
  return watch;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SharedDirectory>> SharedDirectory::Take(const std::string& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Failed("opening", path);
  while (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return Failed("locking", path);
    return absl::AbortedError(absl::StrCat(path, " is in use by another run"));
  }
  return std::unique_ptr<SharedDirectory>(
      new SharedDirectory(path, std::move(directory), Watch(path)));
}

std::string SharedDirectory::PathOf(std::string_view name) const {
  return absl::StrCat(path_, path_.ends_with('/') ? "" : "/", A(name));
}

bool SharedDirectory::Has(std::string_view name) const {
  struct stat info{};
  return ::fstatat(directory_.get(), std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

absl::StatusOr<std::string> SharedDirectory::Read(std::string_view name,
                                                  std::size_t bytes_max) const {
  const std::string file(name);
  const std::string path = PathOf(name);
  // Never waits for the writer of a FIFO, and never is the reader that one waits for.
  struct stat info{};
  if (::fstatat(directory_.get(), file.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return Failed("reading", path);
  }
  const absl::Status irregular =
      absl::FailedPreconditionError(absl::StrCat(path, " is no regular file"));
  if (!S_ISREG(info.st_mode)) return irregular;
  const Fd fd(::openat(directory_.get(), file.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return Failed("reading", path);
  if (::fstat(fd.get(), &info) != 0) return Failed("reading", path);
  if (!S_ISREG(info.st_mode)) return irregular;
  std::string bytes(bytes_max + 1, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const IoResult result = ReadSome(fd.get(), std::span(bytes).subspan(filled));
    if (result.state == IoState::kError) {
      return absl::ErrnoToStatus(result.error, absl::StrCat("reading ", path));
    }
    if (result.state != IoState::kBytes) break;
    filled += result.bytes;
  }
  bytes.resize(filled);
  if (filled <= bytes_max) return bytes;
  return absl::OutOfRangeError(absl::StrCat(path, " has more than ", bytes_max, " bytes"));
}

absl::Status SharedDirectory::Touch(std::string_view name) const {
  constexpr mode_t kMode = 0644;  // somebody else looks for it
  const Fd fd(::openat(directory_.get(), std::string(name).c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode));
  if (fd.valid() || errno == EEXIST) return absl::OkStatus();
  return Failed("creating", PathOf(name));
}

absl::Status SharedDirectory::Replace(std::string_view name, std::string_view bytes,
                                      unsigned new_mode) const {
  const std::string file(name);
  const std::string path = PathOf(name);
  const std::string temporary = absl::StrCat(".", file, ".shunt");
  struct stat old{};
  const bool is_new = ::fstatat(directory_.get(), file.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0;
  if (!is_new && !S_ISREG(old.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is no regular file"));
  }
  // Left by a run that was killed; the directory is ours alone.
  ::unlinkat(directory_.get(), temporary.c_str(), 0);
  const Fd fd(::openat(directory_.get(), temporary.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed("replacing", path);
  absl::Cleanup forget = [this, &temporary] { ::unlinkat(directory_.get(), temporary.c_str(), 0); };
  // The owner first: changing it takes bits of the mode away. Not root, we cannot give files away;
  // then the group is tried alone.
  if (!is_new && (old.st_uid != ::geteuid() || old.st_gid != ::getegid()) &&
      ::fchown(fd.get(), old.st_uid, old.st_gid) != 0 &&
      ::fchown(fd.get(), static_cast<uid_t>(-1), old.st_gid) != 0) {
    errno = 0;  // the mode below decides who can read it
  }
  if (::fchmod(fd.get(), is_new ? new_mode : old.st_mode & kModeBits) != 0) {
    return Failed("replacing", path);
  }
  if (absl::Status status = WriteAll(fd.get(), bytes); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat("replacing ", path, ": ", status.message()));
  }
  if (::fsync(fd.get()) != 0) return Failed("replacing", path);
  if (::renameat(directory_.get(), temporary.c_str(), directory_.get(), file.c_str()) != 0) {
    return Failed("replacing", path);
  }
  std::move(forget).Cancel();
  return absl::OkStatus();
}

absl::Status SharedDirectory::Remove(std::string_view name) const {
  if (::unlinkat(directory_.get(), std::string(name).c_str(), 0) == 0 || errno == ENOENT) {
    return absl::OkStatus();
  }
  return Failed("removing", PathOf(name));
}

bool SharedDirectory::DrainWatch() const {
  if (!watch_.valid()) return false;
  char events[4096];
  bool any = false;
  while (ReadSome(watch_.get(), events).state == IoState::kBytes) any = true;
  return any;
}

}  // namespace shunt
