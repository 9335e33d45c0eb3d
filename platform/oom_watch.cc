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

// The control group that decides about a process's memory; `process`: its directory in /proc.
std::optional<OomWatch::Group> GroupOf(const std::string& process) {
  const std::string groups = ReadFile(process + "/cgroup", kFileBytesMax).value_or("");
  std::optional<OomWatch::Group> found;
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    // "4:memory:/path" (v1), "0::/path" (v2). With both, memory belongs to the first.
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<absl::string_view> controllers = absl::StrSplit(parts[1], ',');
    if (std::find(controllers.begin(), controllers.end(), "memory") != controllers.end()) {
      return OomWatch::Group{.v1 = true, .path = parts[2]};
    }
    if (parts[0] == "0" && parts[1].empty()) found = OomWatch::Group{.v1 = false, .path = parts[2]};
  }
  return found;
}

// Where our group may be, best first. A group of v2 without a memory controller is counted by the
// next one above it that has one. A container may see its own group as the root of the hierarchy
// although its path says otherwise.
std::vector<std::string> PlacesOf(const std::optional<OomWatch::Group>& group) {
  if (!group) return {};
  std::vector<std::string> places = {group->path == "/" ? "" : group->path};
  while (!places.back().empty()) {
    const std::string& below = places.back();
    const std::size_t slash = below.rfind('/');
    places.push_back(group->v1 || slash == std::string::npos ? "" : below.substr(0, slash));
  }
  return places;
}

// The counter of the group at `place`; "": there is none. What its children count is in
// memory.events too, but not in memory.events.local.
std::string CounterAt(const std::string& group_root, bool v1, const std::string& place) {
  const std::vector<std::string> mounts =
      v1 ? std::vector<std::string>{"/memory"} : std::vector<std::string>{"", "/unified"};
  const std::vector<std::string> files =
      v1 ? std::vector<std::string>{"/memory.oom_control"}
         : std::vector<std::string>{"/memory.events.local", "/memory.events"};
  for (const std::string& mount : mounts) {
    for (const std::string& file : files) {
      const std::string path = absl::StrCat(group_root, mount, place, file);
      if (ReadCount(path)) return path;
    }
  }
  return "";
}

// The kernel's log has the numbers of the first namespace, whose own number is fixed.
bool InFirstPidNamespace(const std::string& processes) {
  char name[64];
  const ssize_t size = ::readlink((processes + "/self/ns/pid").c_str(), name, sizeof(name));
  return size > 0 && absl::string_view(name, static_cast<std::size_t>(size)) == "pid:[4026531836]";
}

}  // namespace

OomWatch::OomWatch(const Witnesses& witnesses)
    : witnesses_(witnesses), own_group_(GroupOf(witnesses.processes + "/self")) {
  for (const std::string& place : PlacesOf(own_group_)) {
    counter_path_ = CounterAt(witnesses_.group_root, own_group_->v1, place);
    if (counter_path_.empty()) continue;
    count_then_ = ReadCount(counter_path_);
    break;
  }
  if (!InFirstPidNamespace(witnesses_.processes)) return;
  log_ = Fd(::open(witnesses_.kernel_log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (log_.valid() && ::lseek(log_.get(), 0, SEEK_END) < 0) log_.reset();
}

OomWatch::Verdict OomWatch::Judge(pid_t pid) const {
  if (LogNames(pid)) return Verdict::kCertain;
  const std::optional<Group> its = GroupOf(absl::StrCat(witnesses_.processes, "/", pid));
  // It moved away, so what our group counts is about others. Of the dead, v1 says "/".
  const bool known = its && own_group_ && !(its->v1 && its->path == "/");
  if (known && its->path != own_group_->path) {
    const std::string counter = CounterAt(witnesses_.group_root, its->v1, its->path);
    return ReadCount(counter).value_or(0) > 0 ? Verdict::kLikelyInItsGroup : Verdict::kNo;
  }
  if (!count_then_) return Verdict::kNo;
  return ReadCount(counter_path_).value_or(0) > *count_then_ ? Verdict::kLikely : Verdict::kNo;
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
