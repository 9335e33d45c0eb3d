// Files: whole small files, directories, and an unlinked file to spill into. Whether a path is ours
// alone is decided in platform/private_path.h.
//
// Threads: the functions are thread-safe; an UnlinkedFile belongs to one thread at a time.
// These block on storage: never call them on the data path.
// Errors: a Status with the path in its message, never content.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/io.h"

namespace shunt {

// Also reads pipes such as /dev/fd/63, and FIFOs, for whose writer it waits: DeadlineExceeded when
// nothing comes out of one for kPipeSilenceMax (/dev/stdin, where
// somebody may type, is waited for). OutOfRange when there is more than `bytes_max`; of a regular
// file no more than its size is ever in memory, and nothing when that is too much.
inline constexpr absl::Duration kPipeSilenceMax = absl::Seconds(60);
absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max);

// Of a regular file; 0 when there is none, or none that can be told of.
int64_t FileBytes(const std::string& path);

// How often `needle` stands in a file, a few of its bytes at a time; 0 when it cannot be read.
int64_t CountInFile(const std::string& path, std::string_view needle);

// Creates a file that must not exist yet, with exactly this mode. Not synced: for files that need
// not survive the machine.
absl::Status WriteNewFile(const std::string& path, std::string_view bytes, mode_t mode);

// Makes somebody else the owner. REQUIRES: `path` is in a directory that only we can change.
absl::Status GiveFileTo(const std::string& path, uid_t uid, gid_t gid);

// Creates `path` and what is missing above it, each with `mode`; existing ones stay as they are.
absl::Status MakeDirs(const std::string& path, mode_t mode);

// Removes a directory and all in it, following no symbolic link. OK when there is nothing.
absl::Status RemoveTree(const std::string& path);

// The names in a directory, sorted, without . and ..
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

absl::Status RenamePath(const std::string& from, const std::string& to);

// When a file or the list of a directory was last changed.
absl::StatusOr<absl::Time> ModifiedAt(const std::string& path);

// fsync of a directory: makes creations and renames in it durable.
absl::Status SyncDirectory(const std::string& path);

// False also when it cannot be told.
bool IsOnTmpfs(const std::string& path);
// True when both exist and live on the same file system.
bool OnSameFilesystem(const std::string& a, const std::string& b);

// What an ordinary user may still write to the file system of `path`; empty when it cannot be told.
std::optional<int64_t> FreeBytes(const std::string& path);

// A file without a name, 0600, gone with the process however that ends. For data too big for
// memory.
class UnlinkedFile {
 public:
  static absl::StatusOr<UnlinkedFile> Create(const std::string& directory);

  // Writes all of `bytes` from `offset` on; the file grows as needed. On an error that range holds
  // nothing of use.
  absl::Status WriteAt(int64_t offset, std::string_view bytes);
  // Reads exactly `size` bytes. DataLoss when the file is shorter.
  absl::StatusOr<std::string> ReadAt(int64_t offset, std::size_t size) const;
  // Forgets what is at or behind `size` and gives the space back.
  absl::Status Shrink(int64_t size);
  int64_t size() const { return size_; }

 private:
  UnlinkedFile(Fd fd, std::string directory)
      : fd_(std::move(fd)), directory_(std::move(directory)) {}
  Fd fd_;
  std::string directory_;  // for messages
  int64_t size_ = 0;
};

}  // namespace shunt
