#include "platform/private_path.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "platform/entropy.h"
#include "platform/errno_status.h"
#include "platform/io.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr int kLinksMax = 40;  // the kernel's own bound
constexpr mode_t kModeBits = 07777;
constexpr mode_t kForOthers = S_IRWXG | S_IRWXO;
constexpr uid_t kRoot = 0;
// What the kernel shows for an owner that a user namespace does not map.
constexpr uid_t kUnmapped = 65534;

using Stat = struct stat;

// --- who ---------------------------------------------------------------------------------------

// Whether 65534 is nobody of this user namespace, so that it stands for owners outside of it.
bool HasUnmappedOwners() {
  static const bool has = [] {
    std::FILE* const map = std::fopen("/proc/self/uid_map", "re");
    if (map == nullptr) return false;
    unsigned long inside = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    bool mapped = false;
    while (std::fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3) {
      mapped = mapped || (kUnmapped >= inside && kUnmapped - inside < count);
    }
    std::fclose(map);
    return !mapped;
  }();
  return has;
}

bool IsUsOrRoot(uid_t uid) { return uid == kRoot || uid == geteuid(); }

std::string NameOf(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 << 10);
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::string() : std::string(found->pw_name);
}

bool IsOneOfOurs(gid_t gid) {
  if (gid == getegid()) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, getgroups(0, nullptr))));
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  return count > 0 && std::find(groups.begin(), groups.begin() + count, gid) != groups.end() &&
         gid != kUnmapped;
}

// Whether nobody but `owner` (and root) is in the group.
bool IsAloneInGroup(gid_t gid, uid_t owner) {
  group entry{};
  group* found = nullptr;
  std::vector<char> buffer(64 << 10);  // a longer list of members has more than one
  const int error = getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return (error == 0 || error == ENOENT) && IsOneOfOurs(gid);
  const std::string name = NameOf(owner);
  if (name.empty() || name != entry.gr_name) return false;
  for (char** member = entry.gr_mem; *member != nullptr; ++member) {
    if (name != *member) return false;
  }
  return true;
}

// Whether somebody besides root and the owner can write to it. `place` leads the kernel to it.
bool OthersCanWrite(const Stat& info, const std::string& place) {
  if ((info.st_mode & S_IWOTH) != 0) return true;
  if ((info.st_mode & S_IWGRP) == 0) return false;
  const bool has_list = getxattr(place.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
  return has_list || !IsAloneInGroup(info.st_gid, info.st_uid);
}

std::string PlaceOf(int fd) { return absl::StrCat("/proc/self/fd/", fd); }

// --- what is said ------------------------------------------------------------------------------

std::string ModeText(const Stat& info) {
  return absl::StrFormat("mode %04o", info.st_mode & kModeBits);
}

absl::Status Refused(std::string_view path, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(A(path), " ", A(why)));
}

absl::Status OfAnotherUser(std::string_view path, uid_t uid) {
  const std::string name = NameOf(uid);
  return Refused(path, absl::StrCat("belongs to another user (", name.empty() ? "uid " : name,
                                    name.empty() ? absl::StrCat(uid) : "",
                                    "), who could put anything there; use a place of your own"));
}

absl::Status Failed(std::string_view what, std::string_view path) {
  if (errno != ENOENT) return UnavailableFromErrno(what, path);
  return absl::NotFoundError(UnavailableFromErrno(what, path).message());
}

// --- files -------------------------------------------------------------------------------------

// OK: a regular file that is ours, or root's when that will do, and that nobody else can change.
absl::Status CheckFile(const Stat& info, const std::string& path, bool roots_will_do) {
  if (S_ISLNK(info.st_mode)) {
    return Refused(path, "is a symbolic link; give the file that it leads to");
  }
  if (S_ISFIFO(info.st_mode)) return Refused(path, "is a FIFO, not a regular file");
  if (!S_ISREG(info.st_mode)) return Refused(path, "is not a regular file");
  if (info.st_uid != geteuid() && !(roots_will_do && info.st_uid == kRoot)) {
    return OfAnotherUser(path, info.st_uid);
  }
  if (!OthersCanWrite(info, path)) return absl::OkStatus();
  return Refused(path, absl::StrCat("can be changed by others (", ModeText(info),
                                    "): look at what is in it, then chmod 600"));
}

// --- the walk ----------------------------------------------------------------------------------

std::string ParentOf(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string Join(std::string_view directory, std::string_view name) {
  return absl::StrCat(directory == "/" ? "" : A(directory), "/", A(name));
}

// fsync of a directory that is known by an O_PATH descriptor.
absl::Status SyncAt(int fd, const std::string& path) {
  const Fd readable(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // One that we may not list cannot be synced; some file systems have nothing to sync.
  if (!readable.valid() && errno == EACCES) return absl::OkStatus();
  if (!readable.valid() || (fsync(readable.get()) != 0 && errno != EINVAL)) {
    return UnavailableFromErrno("cannot sync the directory", path);
  }
  return absl::OkStatus();
}

class Walk {
 public:
  Walk(Others others, Missing missing) : others_(others), missing_(missing) {}

  absl::Status To(std::string_view path);
  absl::Status Check() const;  // of where it came to

  Fd at;             // O_PATH
  std::string path;  // of it

 private:
  absl::Status Begin();
  absl::Status Step(const std::string& name);
  absl::Status Enter(Fd fd, std::string path_of_it);
  absl::Status Follow(const Fd& link, const std::string& path_of_it);
  absl::Status Make(const std::string& name);
  void Plan(std::string_view names);

  const Others others_;
  const Missing missing_;
  std::deque<std::string> left_;  // names to go
  int links_ = 0;
  Stat info_{};
  bool shared_ = false;  // others can add to it
};

void Walk::Plan(std::string_view names) {
  const std::vector<std::string> more = absl::StrSplit(A(names), '/', absl::SkipEmpty());
  left_.insert(left_.begin(), more.begin(), more.end());
}

absl::Status Walk::Begin() {
  Fd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return Failed("cannot open", "/");
  shared_ = false;
  return Enter(std::move(root), "/");
}

absl::Status Walk::To(std::string_view where) {
  if (where.empty()) return absl::InvalidArgumentError("an empty directory name");
  Plan(where);
  if (where.front() != '/') {
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) == nullptr) return Failed("cannot find", "the working directory");
    Plan(here);
  }
  if (absl::Status status = Begin(); !status.ok()) return status;
  while (!left_.empty()) {
    const std::string name = std::move(left_.front());
    left_.pop_front();
    if (absl::Status status = Step(name); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Walk::Step(const std::string& name) {
  if (name == ".") return absl::OkStatus();
  if (name == "..") {
    Fd up(openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!up.valid()) return Failed("cannot open the directory above", path);
    return Enter(std::move(up), ParentOf(path));
  }
  const std::string next = Join(path, name);
  Fd fd(openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const bool may_make =
      missing_ == Missing::kMakeAll || (missing_ == Missing::kMakeLast && left_.empty());
  if (!fd.valid() && errno == ENOENT && may_make) {
    if (absl::Status status = Make(name); !status.ok()) return status;
    fd.reset(openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!fd.valid()) return Failed("cannot find the directory", next);
  Stat info{};
  if (fstat(fd.get(), &info) != 0) return Failed("cannot look at", next);
  if (S_ISLNK(info.st_mode)) {
    if (shared_ && !IsUsOrRoot(info.st_uid)) return OfAnotherUser(next, info.st_uid);
    const bool may_be_last = others_ == Others::kRead || others_ == Others::kAdd;
    if (left_.empty() && !may_be_last) {
      return Refused(next, "is a symbolic link; give the directory that it leads to");
    }
    return Follow(fd, next);
  }
  if (!S_ISDIR(info.st_mode)) {
    errno = ENOTDIR;
    return Failed("cannot use", next);
  }
  return Enter(std::move(fd), next);
}

absl::Status Walk::Make(const std::string& name) {
  const std::string next = Join(path, name);
  if (mkdirat(at.get(), name.c_str(), 0700) != 0) {
    if (errno == EEXIST) return absl::OkStatus();  // somebody else was faster: looked at like any
    return Failed("cannot make the directory", next);
  }
  // An odd umask may have taken our own bits away. Nobody else can rename what we have just made.
  if (fchmodat(at.get(), name.c_str(), 0700, 0) != 0) return Failed("cannot set the mode of", next);
  return SyncAt(at.get(), path);  // the new entry survives a power cut
}

absl::Status Walk::Follow(const Fd& link, const std::string& path_of_it) {
  char target[PATH_MAX];
  const ssize_t size = readlinkat(link.get(), "", target, sizeof target);
  if (size <= 0) return Failed("cannot read the link", path_of_it);
  if (++links_ > kLinksMax) {
    errno = ELOOP;
    return Failed("cannot follow", path_of_it);
  }
  Plan({target, static_cast<std::size_t>(size)});
  return target[0] == '/' ? Begin() : absl::OkStatus();
}

absl::Status Walk::Enter(Fd fd, std::string path_of_it) {
  if (fstat(fd.get(), &info_) != 0) return Failed("cannot look at", path_of_it);
  const bool from_outside = info_.st_uid == kUnmapped && HasUnmappedOwners() && !shared_;
  if (!IsUsOrRoot(info_.st_uid) && !from_outside) return OfAnotherUser(path_of_it, info_.st_uid);
  shared_ = OthersCanWrite(info_, PlaceOf(fd.get()));
  if (shared_ && (info_.st_mode & S_ISVTX) == 0) {
    return Refused(path_of_it,
                   absl::StrCat("can be changed by others (", ModeText(info_),
                                "): chmod go-w, or use a directory that only you can change"));
  }
  at = std::move(fd);
  path = std::move(path_of_it);
  return absl::OkStatus();
}

absl::Status Walk::Check() const {
  if (others_ == Others::kAdd) return absl::OkStatus();
  if (shared_) {
    return Refused(path, absl::StrCat("is a directory in which everybody can make files (",
                                      ModeText(info_), "): use one of your own below it"));
  }
  if (others_ == Others::kRead) return absl::OkStatus();
  if (info_.st_uid != geteuid()) return OfAnotherUser(path, info_.st_uid);
  if (others_ == Others::kPass || (info_.st_mode & kForOthers) == 0) return absl::OkStatus();
  return Refused(path, absl::StrCat("is open to others (", ModeText(info_), "): chmod 700"));
}

}  // namespace

// --- directories -------------------------------------------------------------------------------

absl::StatusOr<OwnDirectory> OwnDirectory::Open(std::string_view path, Others others,
                                                Missing missing) {
  Walk walk(others, missing);
  absl::Status status = walk.To(path);
  if (status.ok()) status = walk.Check();
  if (!status.ok()) return status;
  constexpr mode_t kPassable = 0711;
  if (others == Others::kPass && missing != Missing::kRefuse &&
      chmod(walk.path.c_str(), kPassable) != 0) {
    return Failed("cannot set the mode of", walk.path);
  }
  return OwnDirectory(std::move(walk.at), std::move(walk.path));
}

std::string OwnDirectory::PathOf(std::string_view name) const { return Join(path_, name); }

absl::Status OwnDirectory::Sync() const { return SyncAt(fd_.get(), path_); }

absl::StatusOr<bool> OwnDirectory::Has(std::string_view name) const {
  const std::string path = PathOf(name);
  Stat info{};
  if (fstatat(fd_.get(), std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return Failed("cannot look at", path);
  }
  if (absl::Status status = CheckFile(info, path, /*roots_will_do=*/false); !status.ok()) {
    return status;
  }
  return true;
}

absl::StatusOr<bool> OwnDirectory::EnsurePrivate(std::string_view name) const {
  const std::string file(name);
  const Fd fd(
      openat(fd_.get(), file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd.valid()) {
    if (fchmod(fd.get(), 0600) != 0) return Failed("cannot set the mode of", PathOf(name));
    return true;
  }
  if (errno != EEXIST) return Failed("cannot create", PathOf(name));
  const absl::StatusOr<bool> there = Has(name);
  if (!there.ok()) return there.status();
  Stat info{};
  if (fstatat(fd_.get(), file.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return Failed("cannot look at", PathOf(name));
  }
  // By name: opening it is not ours to do.
  if ((info.st_mode & kForOthers) != 0 &&
      fchmodat(fd_.get(), file.c_str(), info.st_mode & S_IRWXU, 0) != 0) {
    return Failed("cannot set the mode of", PathOf(name));
  }
  return false;
}

absl::Status OwnDirectory::Replace(std::string_view name, std::string_view bytes,
                                   mode_t mode) const {
  if (absl::Status status = Has(name).status(); !status.ok()) return status;
  const std::string path = PathOf(name);
  const std::string temporary = absl::StrCat(".shunt-", SystemEntropy().HexId());
  const Fd fd(openat(fd_.get(), temporary.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed("cannot make a temporary file beside", path);
  absl::Cleanup forget = [&] { unlinkat(fd_.get(), temporary.c_str(), 0); };
  if (fchmod(fd.get(), mode) != 0) return Failed("cannot set the mode of", path);
  if (absl::Status status = WriteAll(fd.get(), bytes); !status.ok()) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", status.message()));
  }
  if (fsync(fd.get()) != 0) return Failed("cannot sync", path);
  if (renameat(fd_.get(), temporary.c_str(), fd_.get(), std::string(name).c_str()) != 0) {
    return Failed("cannot replace", path);
  }
  std::move(forget).Cancel();
  return Sync();
}

absl::StatusOr<std::string> OwnDirectory::ReadSecret(std::string_view name,
                                                     std::size_t bytes_max) const {
  const std::string path = PathOf(name);
  // Without blocking: a FIFO would wait for its writer.
  const Fd fd(openat(fd_.get(), std::string(name).c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid() && errno == ELOOP) {
    return Refused(path, "is a symbolic link; give the file that it leads to");
  }
  if (!fd.valid()) return Failed("cannot open", path);
  Stat info{};
  if (fstat(fd.get(), &info) != 0) return Failed("cannot look at", path);
  if (S_ISREG(info.st_mode) && (info.st_mode & kForOthers) != 0 && IsUsOrRoot(info.st_uid)) {
    return Refused(path, "can be read or changed by others: chmod 600");
  }
  if (absl::Status status = CheckFile(info, path, /*roots_will_do=*/true); !status.ok()) {
    return status;
  }
  // Room from the start: a string that grows leaves copies of the secret behind.
  std::string bytes(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const IoResult got = ReadSome(fd.get(), std::span(bytes).subspan(size));
    errno = got.error;
    if (got.state == IoState::kError) return Failed("cannot read", path);
    if (got.state != IoState::kBytes) break;
    size += got.bytes;
  }
  if (size > bytes_max) return absl::OutOfRangeError(absl::StrCat(path, " is too long"));
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<OwnPath> OwnPath::Find(std::string_view path, Others others, Missing missing) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return absl::InvalidArgumentError(absl::StrCat("not the name of a file: ", A(path)));
  }
  absl::StatusOr<OwnDirectory> directory = OwnDirectory::Open(ParentOf(path), others, missing);
  if (!directory.ok()) return directory.status();
  return OwnPath{*std::move(directory), std::string(name)};
}

absl::Status ReplaceOwnFile(std::string_view path, std::string_view bytes, mode_t mode) {
  const absl::StatusOr<OwnPath> own = OwnPath::Find(path, Others::kAdd);
  if (!own.ok()) return own.status();
  return own->directory.Replace(own->name, bytes, mode);
}

absl::StatusOr<FileIdentity> IdentifyFile(const std::string& path) {
  Stat info{};
  if (lstat(path.c_str(), &info) != 0) return Failed("cannot look at", path);
  if (!S_ISREG(info.st_mode)) return Refused(path, "is not a regular file");
  return FileIdentity{info.st_dev, info.st_ino};
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
