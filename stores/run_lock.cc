#include "stores/run_lock.h"

#include <xxhash.h>

#include "absl/strings/str_cat.h"
#include "platform/private_path.h"

namespace shunt {

// The epoch is for people. The digest makes the name one of a kind even when the store was restored
// from an old backup and counts epochs anew, and it keeps odd characters of a run id out of the
// path.
std::string RunLocks::PathOf(int64_t epoch, std::string_view run_id) const {
  const uint64_t digest = XXH3_64bits(run_id.data(), run_id.size());
  return absl::StrCat(directory_, "/", epoch, "-", absl::Hex(digest, absl::kZeroPad16), ".lock");
}

absl::StatusOr<LockFile> RunLocks::Acquire(int64_t epoch, std::string_view run_id) const {
  const auto made = OwnDirectory::Open(directory_, Others::kRead, Missing::kMakeAll);
  if (!made.ok()) return made.status();
  return LockFile::Acquire(PathOf(epoch, run_id));
}

absl::StatusOr<bool> RunLocks::IsHeld(int64_t epoch, std::string_view run_id) const {
  return IsLockHeld(PathOf(epoch, run_id));
}

void RunLocks::RemoveDead(int64_t epoch, std::string_view run_id) const {
  RemoveIfUnlocked(PathOf(epoch, run_id));
}

}  // namespace shunt
