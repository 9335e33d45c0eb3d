#include "platform/private_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "platform/errno_status.h"
#include "platform/files.h"
#include "platform/io.h"
#include "platform/strings.h"

namespace shunt {
namespace {

std::string ParentOf(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

absl::Status MakePrivateDirectories(std::string_view path_view) {
  const std::string path(path_view);
  if (IsDirectory(path)) return absl::OkStatus();
  const std::string parent = ParentOf(path);
  if (parent != path) {
    if (absl::Status status = MakePrivateDirectories(parent); !status.ok()) return status;
  }
  if (mkdir(path.c_str(), 0700) == 0) {
    // An odd umask may have taken our own bits away.
    if (chmod(path.c_str(), 0700) != 0) return UnavailableFromErrno("cannot set the mode of", path);
    return SyncDirectory(parent);  // the new entry survives a power cut
  }
  const int error = errno;
  if (error == EEXIST && IsDirectory(path)) return absl::OkStatus();  // somebody else was faster
  errno = error;
  return UnavailableFromErrno("cannot make the directory", path);
}

absl::StatusOr<std::string> ResolveParent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return absl::InvalidArgumentError(absl::StrCat("not the name of a file: ", A(path)));
  }
  const std::string parent = ParentOf(path);
  const std::unique_ptr<char, void (*)(void*)> resolved(realpath(parent.c_str(), nullptr),
                                                        std::free);
  if (resolved == nullptr) return UnavailableFromErrno("cannot find the directory", parent);
  const std::string_view directory = resolved.get();
  return absl::StrCat(directory == "/" ? "" : A(directory), "/", A(name));
}

absl::StatusOr<bool> EnsurePrivateFile(std::string_view path_view) {
  const std::string path(path_view);
  const Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd.valid()) {
    if (fchmod(fd.get(), 0600) != 0) return UnavailableFromErrno("cannot set the mode of", path);
    return true;
  }
  if (errno != EEXIST) return UnavailableFromErrno("cannot create", path);
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return UnavailableFromErrno("cannot look at", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::UnavailableError(absl::StrCat(A(path_view), " is not a regular file"));
  }
  if ((info.st_mode & 077) != 0 && info.st_uid == geteuid()) {
    // By name: opening it is not ours to do. A failure leaves what the owner had.
    static_cast<void>(chmod(path.c_str(), info.st_mode & 0700));
  }
  return false;
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, std::size_t bytes_max) {
  // Without blocking: a FIFO would wait for its writer.
  const Fd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) {
    if (errno == ELOOP) {
      return absl::FailedPreconditionError("it is a symbolic link; give the file that it leads to");
    }
    return absl::ErrnoToStatus(errno, "it cannot be opened");
  }
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return absl::ErrnoToStatus(errno, "it cannot be looked at");
  if (!S_ISREG(info.st_mode)) return absl::FailedPreconditionError("it is not a regular file");
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return absl::FailedPreconditionError("it belongs to another user");
  }
  if ((info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError("others can read or change it: chmod 600");
  }
  // Room from the start: a string that grows leaves copies of the secret behind.
  std::string bytes(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "it cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > bytes_max) return absl::OutOfRangeError("it is too long");
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<bool> DirectoryExists(std::string_view path_view) {
  const std::string path(path_view);
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return S_ISDIR(info.st_mode);
  if (errno == ENOENT) return false;
  return UnavailableFromErrno("cannot look at", path);
}

absl::StatusOr<bool> OnNetworkFilesystem(std::string_view path_view) {
  const std::string path(path_view);
  struct statfs info;
  if (statfs(path.c_str(), &info) != 0) return UnavailableFromErrno("cannot look at", path);
  switch (static_cast<uint32_t>(info.f_type)) {  // linux/magic.h, and Lustre's own
    case 0x6969:                                 // NFS
    case 0x517B:                                 // SMB
    case 0xFF534D42:                             // CIFS
    case 0xFE534D42:                             // SMB2
    case 0x73757245:                             // Coda
    case 0x5346414F:                             // AFS
    case 0x00C36400:                             // Ceph
    case 0x0BD00BD0:                             // Lustre
      return true;
    default:
      return false;
  }
}

}  // namespace shunt
