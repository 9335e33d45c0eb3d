// Whose a path is: the one place that decides whether a directory or a file is ours, so that nobody
// else has made it, can change it, or can put something else in its place.
//
// A path is walked from the root, a component at a time, and the kernel follows no link on the way:
// a link is read, and its target is walked likewise. Every directory that is passed belongs to root
// or to us, and others cannot write to it; or they can, but it has the sticky bit, and what we go
// on to is root's or ours. So a path that was accepted leads to the same place until we or root
// change that, and what SQLite or a connector opens later by its name is what was looked at. The
// last component of a file is never a link, and a file is a regular one.
//
// A group's right to write is everybody's, but for a group that nobody else is in: the private
// group of the owner (the same name, no other members; a umask of 002 goes with it), or one that
// has no entry and that we were given by number (a pod's fsGroup). An access control list on top of
// it is not read: then others can write. In a user namespace, owners that it does not map look
// alike; they are outside of it, and count as root for directories that are passed.
//
// Thread-safe. Errors: InvalidArgument when it is not ours: which path, why, and what to do about
// it. Else Unavailable or NotFound with the cause in words.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/io.h"

namespace shunt {

// What others may do in a directory.
enum class Others : uint8_t {
  kNothing,  // it is ours, 0700, and no link
  kPass,     // likewise 0711: they reach what they were told of, but see no names
  kRead,     // look at it, and change nothing
  kAdd,      // everything that the sticky bit leaves them (/tmp)
};

// What is done about directories that are missing.
enum class Missing : uint8_t { kRefuse, kMakeLast, kMakeAll };  // made 0700, durably

// An open directory that passed. What its functions find or make under a name is a file of ours.
class OwnDirectory {
 public:
  static absl::StatusOr<OwnDirectory> Open(std::string_view path, Others others,
                                           Missing missing = Missing::kRefuse);

  const std::string& path() const { return path_; }  // absolute, without links
  std::string PathOf(std::string_view name) const;

  // Whether a file has the name: false when nothing has, an error when it is not a file of ours.
  absl::StatusOr<bool> Has(std::string_view name) const;
  // Creates an empty file, 0600, when nothing has the name; else takes from a file of ours what
  // group and others may do, without opening it (closing any descriptor of an SQLite file drops the
  // POSIX locks that this process holds on it). True: it is new.
  absl::StatusOr<bool> EnsurePrivate(std::string_view name) const;
  // The new bytes or the old ones, also after a crash, and the new ones after OK; `mode` is exact.
  absl::Status Replace(std::string_view name, std::string_view bytes, mode_t mode) const;
  // A file with a secret: ours or root's, and nobody else can read it; looked at through the
  // descriptor that it is read from. OutOfRange when there is more than `bytes_max`.
  absl::StatusOr<std::string> ReadSecret(std::string_view name, std::size_t bytes_max) const;

 private:
  OwnDirectory(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  absl::Status Sync() const;

  Fd fd_;  // O_PATH
  std::string path_;
};

// A name in a directory of ours; nothing has to have it.
struct OwnPath {
  // Looks at the directory only.
  static absl::StatusOr<OwnPath> Find(std::string_view path, Others others,
                                      Missing missing = Missing::kRefuse);
  std::string path() const { return directory.PathOf(name); }

  OwnDirectory directory;
  std::string name;
};

// OwnDirectory::Replace in a directory whose files nobody else can replace.
absl::Status ReplaceOwnFile(std::string_view path, std::string_view bytes, mode_t mode);

// Which file a path leads to: what is renamed onto it is another one.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
// Of the regular file `path`, which is no link, without opening it. NotFound: there is none.
absl::StatusOr<FileIdentity> IdentifyFile(const std::string& path);

absl::StatusOr<bool> DirectoryExists(std::string_view path);

// Whether `path` lies on a filesystem of another machine, where file locks and fsync cannot be
// trusted.
absl::StatusOr<bool> OnNetworkFilesystem(std::string_view path);

}  // namespace shunt
