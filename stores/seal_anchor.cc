#include "stores/seal_anchor.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "platform/lock_file.h"
#include "platform/private_path.h"

namespace shunt {
namespace {

constexpr std::size_t kBytesMax = 4096;
constexpr mode_t kMode = 0600;
constexpr absl::string_view kMark = "shunt-anchor";
constexpr absl::string_view kVersion = "1";
// The file is held for as long as one takes to write it.
constexpr absl::Duration kLockWaitMax = absl::Seconds(5);
constexpr absl::Duration kLockPause = absl::Milliseconds(5);

std::optional<SealSeen> Parse(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, absl::ByAnyChar(" \n"));
  SealSeen seen;
  // "MARK VERSION STORE REVISION\n"
  const bool ok = words.size() == 5 && words[0] == kMark && words[1] == kVersion &&
                  !words[2].empty() && absl::SimpleAtoi(words[3], &seen.revision);
  if (!ok) return std::nullopt;
  seen.store_id = words[2];
  return seen;
}

absl::StatusOr<LockFile> Lock(const std::string& path) {
  const absl::Duration deadline = SystemClock().MonoNow() + kLockWaitMax;
  while (true) {
    absl::StatusOr<LockFile> lock = LockFile::Acquire(path);
    if (!absl::IsAborted(lock.status())) return lock;
    if (SystemClock().MonoNow() > deadline) {
      return absl::UnavailableError(absl::StrCat(path, ": another process does not let go of it"));
    }
    Poll({}, kLockPause);
  }
}

}  // namespace

absl::StatusOr<std::optional<SealSeen>> SealAnchor::Read() const {
  const auto refused = [](const absl::Status& why) {
    return absl::InvalidArgumentError(absl::StrCat(why.message(), " (--seal-anchor)"));
  };
  const absl::StatusOr<OwnPath> own = OwnPath::Find(path_, Others::kAdd);
  if (!own.ok()) return refused(own.status());
  const absl::StatusOr<std::string> text = own->directory.ReadSecret(own->name, kBytesMax);
  if (absl::IsNotFound(text.status())) return std::optional<SealSeen>();
  if (!text.ok()) return refused(text.status());
  std::optional<SealSeen> seen = Parse(*text);
  if (seen) return seen;
  return refused(absl::InvalidArgumentError(absl::StrCat(path_, ": it is no anchor of a store")));
}

absl::Status SealAnchor::Keep(const SealSeen& seen, bool replace) const {
  const absl::StatusOr<LockFile> lock = Lock(absl::StrCat(path_, ".lock"));
  if (!lock.ok()) return lock.status();
  const absl::StatusOr<std::optional<SealSeen>> known = Read();
  if (!known.ok() && !replace) return known.status();
  const bool newer = known.ok() && *known && (*known)->store_id == seen.store_id &&
                     (*known)->revision >= seen.revision;
  if (newer && !replace) return absl::OkStatus();
  return ReplaceOwnFile(
      path_, absl::StrCat(kMark, " ", kVersion, " ", seen.store_id, " ", seen.revision, "\n"),
      kMode);
}

}  // namespace shunt
