#include "platform/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/errno_status.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr int kTreeDepthMax = 32;
constexpr std::size_t kReadBytes = std::size_t{64} << 10;

absl::Status Failed(std::string_view verb, const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat(A(verb), " ", path));
}

absl::Status WriteToEnd(int fd, std::string_view bytes, const std::string& path) {
  absl::Status status = WriteAll(fd, bytes);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("writing ", path, ": ", status.message()));
}

int OpenTemporary(std::string& name) { return ::mkostemp(name.data(), O_CLOEXEC); }

absl::StatusOr<std::vector<std::string>> List(const Fd& directory, const std::string& path) {
  // The listing takes over the descriptor that it is given.
  Fd copy(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* listing = copy.valid() ? ::fdopendir(copy.get()) : nullptr;
  if (listing == nullptr) return Failed("listing", path, errno);
  copy.release();
  const absl::Cleanup close = [listing] { ::closedir(listing); };
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(listing);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return Failed("listing", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

// Removes `name` in the directory `parent`, a descriptor, so that no component can be swapped for a
// symbolic link meanwhile.
absl::Status RemoveAt(int parent, const char* name, const std::string& path, int depth) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return absl::OkStatus();
  if (errno != EISDIR && errno != EPERM) return Failed("removing", path, errno);
  if (depth >= kTreeDepthMax) {
    return absl::FailedPreconditionError(absl::StrCat("removing ", path, ": nested too deeply"));
  }
  Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return Failed("opening", path, errno);
  const absl::StatusOr<std::vector<std::string>> children = List(fd, path);
  if (!children.ok()) return children.status();
  for (const std::string& child : *children) {
    absl::Status status =
        RemoveAt(fd.get(), child.c_str(), absl::StrCat(path, "/", child), depth + 1);
    if (!status.ok()) return status;
  }
  if (::unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return Failed("removing", path, errno);
  }
  return absl::OkStatus();
}

// False: the time was over. A signal only interrupts it.
bool WaitToRead(int fd, absl::Duration at_most) {
  const absl::Duration deadline = SystemClock().MonoNow() + at_most;
  PollRequest readable{.fd = fd, .want_read = true};
  for (;;) {
    const absl::Duration left = deadline - SystemClock().MonoNow();
    if (left <= absl::ZeroDuration()) return false;
    if (Poll(std::span(&readable, 1), left) > 0) return true;
  }
}

// The disk, not the budget: an errno may have a status code that means something else to a caller.
absl::Status SpillFailed(std::string_view verb, const std::string& directory, int error) {
  return absl::UnavailableError(absl::StrCat(A(verb), " a spill file in ", directory, ": ",
                                             ErrnoText(error),
                                             "; or give --spill-dir another directory of yours"));
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  // Without blocking: a FIFO that nobody writes to would hold us for ever.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return Failed("opening", path, errno);
  const absl::Duration silence_max =
      path == "/dev/stdin" ? absl::InfiniteDuration() : kPipeSilenceMax;
  const absl::Status too_long =
      absl::OutOfRangeError(absl::StrCat(path, " has more than ", bytes_max, " bytes"));
  std::string bytes;
  if (S_ISREG(info.st_mode)) {
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size > bytes_max) return too_long;
    bytes.reserve(size + kReadBytes + 1);
  }
  for (;;) {
    // A FIFO without a writer has nothing to poll until one has come, and would read as empty.
    if (!S_ISREG(info.st_mode) && !WaitToRead(fd.get(), silence_max)) {
      return absl::DeadlineExceededError(absl::StrCat("reading ", path, ": nothing came for ",
                                                      absl::FormatDuration(kPipeSilenceMax)));
    }
    // One byte more than allowed tells a file that is too long from one that just fits.
    const std::size_t room = std::min<std::size_t>(bytes_max - bytes.size(), kReadBytes) + 1;
    const std::size_t filled = bytes.size();
    bytes.resize(filled + room);
    const IoResult result = ReadSome(fd.get(), std::span(bytes).subspan(filled));
    bytes.resize(filled + result.bytes);
    if (result.state == IoState::kEnd) return bytes;
    if (result.state == IoState::kError) return Failed("reading", path, result.error);
    if (bytes.size() > bytes_max) return too_long;
  }
}

int64_t CountInFile(const std::string& path, std::string_view needle) {
  SHUNT_CHECK(!needle.empty());
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  std::string bytes;
  int64_t count = 0;
  while (fd.valid()) {
    const std::size_t kept = bytes.size();
    bytes.resize(kept + kReadBytes);
    const IoResult result = ReadSome(fd.get(), std::span(bytes).subspan(kept));
    if (result.state != IoState::kBytes) return count;
    bytes.resize(kept + result.bytes);
    std::size_t at = 0;
    for (; (at = bytes.find(needle, at)) != std::string::npos; at += needle.size()) ++count;
    // What may be the beginning of one more.
    bytes.erase(0, bytes.size() - std::min(bytes.size(), needle.size() - 1));
  }
  return count;
}

int64_t FileBytes(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  return int64_t{info.st_size};
}

absl::Status WriteNewFile(const std::string& path, std::string_view bytes, mode_t mode) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed("creating", path, errno);
  absl::Cleanup forget = [&path] { ::unlink(path.c_str()); };
  if (absl::Status status = WriteToEnd(fd.get(), bytes, path); !status.ok()) return status;
  if (::fchmod(fd.get(), mode) != 0) return Failed("setting the mode of", path, errno);
  std::move(forget).Cancel();
  return absl::OkStatus();
}

absl::Status MakeDirs(const std::string& path, mode_t mode) {
  if (path.empty()) return absl::InvalidArgumentError("an empty directory name");
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) != 0) {
      const int error = errno;
      struct stat info{};
      // On the way mkdir may also fail with EROFS or EACCES for what is there all along.
      if (::stat(part.c_str(), &info) != 0) return Failed("creating directory", part, error);
      if (!S_ISDIR(info.st_mode)) return Failed("creating directory", part, ENOTDIR);
    }
    if (end == std::string::npos) return absl::OkStatus();
  }
}

absl::Status RemoveTree(const std::string& path) {
  return RemoveAt(AT_FDCWD, path.c_str(), path, 0);
}

absl::Status GiveFileTo(const std::string& path, uid_t uid, gid_t gid) {
  if (::lchown(path.c_str(), uid, gid) == 0) return absl::OkStatus();
  return Failed("giving away", path, errno);
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Failed("opening", path, errno);
  return List(fd, path);
}

absl::Status RenamePath(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return Failed("renaming", from, errno);
}

absl::StatusOr<absl::Time> ModifiedAt(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return Failed("looking at", path, errno);
  return absl::TimeFromTimespec(info.st_mtim);
}

absl::Status SyncDirectory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Failed("opening", path, errno);
  // Some file systems cannot sync a directory and say so; they have nothing to sync then.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return Failed("syncing", path, errno);
  return absl::OkStatus();
}

bool IsOnTmpfs(const std::string& path) {
  struct statfs info{};
  if (::statfs(path.c_str(), &info) != 0) return false;
  return info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC;
}

bool OnSameFilesystem(const std::string& a, const std::string& b) {
  struct stat info_a{};
  struct stat info_b{};
  return ::stat(a.c_str(), &info_a) == 0 && ::stat(b.c_str(), &info_b) == 0 &&
         info_a.st_dev == info_b.st_dev;
}

std::optional<int64_t> FreeBytes(const std::string& path) {
  struct statfs info{};
  if (::statfs(path.c_str(), &info) != 0) return std::nullopt;
  return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_bsize);
}

absl::StatusOr<UnlinkedFile> UnlinkedFile::Create(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd.valid()) return UnlinkedFile(std::move(fd), directory);
  // Not every file system knows O_TMPFILE.
  std::string name = absl::StrCat(directory, "/shunt-spill-XXXXXX");
  fd.reset(OpenTemporary(name));
  if (!fd.valid()) return SpillFailed("creating", directory, errno);
  if (::unlink(name.c_str()) != 0) return Failed("unlinking", name, errno);
  return UnlinkedFile(std::move(fd), directory);
}

absl::Status UnlinkedFile::WriteAt(int64_t offset, std::string_view bytes) {
  SHUNT_CHECK(offset >= 0);
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_.get(), bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return SpillFailed("writing", directory_, written < 0 ? errno : EIO);
    offset += written;
    size_ = std::max(size_, offset);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> UnlinkedFile::ReadAt(int64_t offset, std::size_t size) const {
  SHUNT_CHECK(offset >= 0);
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(fd_.get(), bytes.data() + filled, size - filled,
                                offset + static_cast<int64_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SpillFailed("reading", directory_, errno);
    if (got == 0) {
      return absl::DataLossError(absl::StrCat("a spill file in ", directory_, " is too short"));
    }
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

absl::Status UnlinkedFile::Shrink(int64_t size) {
  if (size >= size_) return absl::OkStatus();
  if (::ftruncate(fd_.get(), size) != 0) {
    return SpillFailed("shrinking", directory_, errno);
  }
  size_ = size;
  return absl::OkStatus();
}

}  // namespace shunt
