#include "platform/output_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <span>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "platform/private_path.h"

namespace shunt {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(200);
constexpr absl::Duration kAfterStopMax = absl::Seconds(2);
constexpr uid_t kRoot = 0;

// The descriptor of ours that a path stands for.
std::optional<int> DescriptorOf(std::string_view path) {
  if (path == "/dev/stdout") return 1;
  if (path == "/dev/stderr") return 2;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    int number = -1;
    if (!path.starts_with(folder)) continue;
    const std::string_view name = path.substr(folder.size());
    if (absl::SimpleAtoi(absl::string_view(name.data(), name.size()), &number) && number >= 0) {
      return number;
    }
  }
  return std::nullopt;
}

// A device that root or we ourselves provide, in a place where nobody else can put one.
bool IsDevice(const OwnPath& own) {
  struct stat info{};
  return ::lstat(own.path().c_str(), &info) == 0 && S_ISCHR(info.st_mode) &&
         (info.st_uid == kRoot || info.st_uid == ::geteuid());
}

absl::Status Failed(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("writing to ", path));
}

// `fd` does not block.
absl::Status WriteStream(int fd, const std::string& path, std::string_view bytes,
                         const std::function<bool()>& stopped) {
  std::optional<absl::Duration> deadline;
  while (!bytes.empty()) {
    const IoResult written = WriteSome(fd, bytes);
    if (written.state == IoState::kBytes) {
      bytes.remove_prefix(written.bytes);
      continue;
    }
    if (written.state == IoState::kEnd) return Failed(path, EPIPE);
    if (written.state == IoState::kError) return Failed(path, written.error);
    const absl::Duration now = SystemClock().MonoNow();
    if (!deadline && stopped && stopped()) deadline = now + kAfterStopMax;
    if (deadline && now >= *deadline) {
      return absl::DeadlineExceededError(absl::StrCat("writing to ", path, ": nobody reads it"));
    }
    PollRequest writable{.fd = fd, .want_write = true};
    Poll(std::span(&writable, 1), kLookInterval);
  }
  return absl::OkStatus();
}

absl::StatusOr<OwnPath> FindOutput(const std::string& path) {
  absl::StatusOr<OwnPath> own = OwnPath::Find(path, Others::kAdd);
  if (!own.ok() || IsDevice(*own)) return own;
  if (absl::Status ours = own->directory.Has(own->name).status(); !ours.ok()) return ours;
  return own;
}

}  // namespace

absl::Status CheckOutputPath(const std::string& path) {
  const std::optional<int> descriptor = DescriptorOf(path);
  if (!descriptor) return FindOutput(path).status();
  if (IsOpen(*descriptor)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, " is not an open descriptor"));
}

absl::Status WriteOutput(const std::string& path, std::string_view bytes, mode_t mode,
                         const std::function<bool()>& stopped) {
  if (const std::optional<int> descriptor = DescriptorOf(path)) {
    const absl::StatusOr<SharedEnd> end =
        SharedEnd::Open(*descriptor, SharedEnd::Direction::kWrite);
    if (!end.ok()) return end.status();
    return WriteStream(end->get(), path, bytes, stopped);
  }
  const absl::StatusOr<OwnPath> own = FindOutput(path);
  if (!own.ok()) return own.status();
  if (!IsDevice(*own)) return own->directory.Replace(own->name, bytes, mode);
  const Fd fd(
      ::open(own->path().c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return Failed(path, errno);
  return WriteStream(fd.get(), path, bytes, stopped);
}

}  // namespace shunt
