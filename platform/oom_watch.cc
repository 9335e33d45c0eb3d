#include "platform/oom_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/files.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 10;
constexpr std::size_t kLogRecordBytesMax = 8192;  // the kernel's own bound
constexpr int kLogRecordsMax = 100'000;
constexpr absl::string_view kCounterName = "oom_kill ";

// The number behind "oom_kill " in memory.events (v2) or memory.oom_control (v1).
std::optional<uint64_t> ReadCount(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) return std::nullopt;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    uint64_t count = 0;
    if (absl::StartsWith(line, kCounterName) &&
        absl::SimpleAtoi(line.substr(kCounterName.size()), &count)) {
      return count;
    }
  }
  return std::nullopt;
}

// Where the counter of our group may be, best first. A container may see its own group as the root
// of the hierarchy although its path says otherwise.
std::vector<std::string> CounterPaths(const OomWatch::Witnesses& witnesses) {
  std::vector<std::string> paths;
  const std::string groups = ReadFile(witnesses.own_groups, kFileBytesMax).value_or("");
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    // "4:memory:/path" (v1), "0::/path" (v2)
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const bool v2 = parts[0] == "0" && parts[1].empty();
    const std::vector<absl::string_view> controllers = absl::StrSplit(parts[1], ',');
    const bool v1 =
        std::find(controllers.begin(), controllers.end(), "memory") != controllers.end();
    if (!v1 && !v2) continue;
    const std::vector<std::string> mounts =
        v1 ? std::vector<std::string>{"/memory"} : std::vector<std::string>{"", "/unified"};
    for (const std::string& mount : mounts) {
      for (const std::string& group : {parts[2], std::string()}) {
        paths.push_back(absl::StrCat(witnesses.group_root, mount, group == "/" ? "" : group,
                                     v1 ? "/memory.oom_control" : "/memory.events"));
      }
    }
  }
  return paths;
}

}  // namespace

OomWatch::OomWatch(const Witnesses& witnesses)
    : log_(::open(witnesses.kernel_log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
  if (log_.valid() && ::lseek(log_.get(), 0, SEEK_END) < 0) log_.reset();
  for (const std::string& path : CounterPaths(witnesses)) {
    count_then_ = ReadCount(path);
    if (!count_then_) continue;
    counter_path_ = path;
    return;
  }
}

bool OomWatch::Blames(pid_t pid) const {
  if (count_then_) {
    const std::optional<uint64_t> now = ReadCount(counter_path_);
    if (now && *now > *count_then_) return true;
  }
  return LogNames(pid);
}

bool OomWatch::LogNames(pid_t pid) const {
  if (!log_.valid()) return false;
  const std::string words = absl::StrCat("Killed process ", pid, " (");
  char record[kLogRecordBytesMax];
  // One record a read. EPIPE: some were overwritten before we came; the next read has what is left.
  for (int i = 0; i < kLogRecordsMax; ++i) {
    const ssize_t got = ::read(log_.get(), record, sizeof(record));
    if (got < 0 && (errno == EPIPE || errno == EINTR)) continue;
    if (got <= 0) return false;
    if (absl::StrContains(absl::string_view(record, static_cast<std::size_t>(got)), words)) {
      return true;
    }
  }
  return false;
}

}  // namespace shunt
