// RunLocks: which runs of a store on this machine are alive. Every run holds the lock of a small
// file of its own in a directory beside the store, so that whoever asks learns the truth even after
// kill -9, and a run that was taken over is not mistaken for its successor. Names are never used
// twice.
//
// Locks tell only who is alive; what keeps an old run from writing is its epoch.
// Threads: thread-safe for different runs. Errors: Unavailable that names the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "platform/lock_file.h"

namespace shunt {

class RunLocks {
 public:
  // `directory` is made (0700) when it is missing.
  explicit RunLocks(std::string directory) : directory_(std::move(directory)) {}

  absl::StatusOr<LockFile> Acquire(int64_t epoch, std::string_view run_id) const;
  absl::StatusOr<bool> IsHeld(int64_t epoch, std::string_view run_id) const;
  void RemoveDead(int64_t epoch, std::string_view run_id) const;  // does nothing to a live one

 private:
  std::string PathOf(int64_t epoch, std::string_view run_id) const;

  const std::string directory_;
};

}  // namespace shunt
