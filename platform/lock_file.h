// LockFile: "is that process still alive?" without process ids. Whoever lives holds an flock on a
// small file; the kernel frees it when the process ends, however it ends (kill -9 and OOM
// included).
//
// The lock belongs to the open file description, so two LockFiles exclude each other inside one
// process too. The descriptor is close-on-exec: a connector that outlives us does not keep it.
// Threads: a LockFile belongs to one thread at a time; the free functions are thread-safe.
// Errors: a Status that names the path.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/io.h"

namespace shunt {

class LockFile {
 public:
  // Creates the file when it is missing (0600, never through a symbolic link) and takes its lock
  // without waiting. Aborted: somebody else holds it. Unavailable: the file cannot be made or
  // opened.
  static absl::StatusOr<LockFile> Acquire(std::string_view path);

  LockFile(LockFile&&) noexcept = default;  // destroying it frees the lock; the file stays
  LockFile& operator=(LockFile&&) noexcept = default;

  const std::string& path() const { return path_; }

  // Removes the file, then frees the lock: nobody can see the file unlocked. Only for names that
  // are never used again.
  void RemoveAndRelease();

 private:
  LockFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Fd fd_;
  std::string path_;
};

// Whether somebody holds the lock of `path` now. A missing file is free. Looking disturbs nobody.
absl::StatusOr<bool> IsLockHeld(std::string_view path);

// Removes the file when its lock is free; a missing file is fine.
void RemoveIfUnlocked(std::string_view path);

}  // namespace shunt
