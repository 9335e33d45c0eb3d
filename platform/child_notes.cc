#include "platform/child_notes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kNotesBytesMax = std::size_t{64} << 10;
constexpr std::size_t kStatBytesMax = std::size_t{16} << 10;
// An environment may be bigger; what is behind this is not looked at.
constexpr std::size_t kEnvironBytesMax = std::size_t{1} << 20;
constexpr absl::Duration kLookAgain = absl::Milliseconds(2);

// What tells one process from every other of this machine.
struct Identity {
  pid_t pid = 0;
  uint64_t started = 0;  // ticks since the boot
  bool operator==(const Identity&) const = default;
};

struct Entry {
  Identity identity;
  pid_t session = 0;
};

// Start instants and numbers mean something in one boot and one pid namespace only.
const std::string& ThisWorld() {
  static const std::string* const world = [] {
    std::string boot = ReadFile("/proc/sys/kernel/random/boot_id", 64).value_or("unknown");
    while (!boot.empty() && boot.back() == '\n') boot.pop_back();
    struct stat info{};
    const bool known = ::stat("/proc/self/ns/pid", &info) == 0;
    return new std::string(absl::StrCat(boot, ":", known ? info.st_ino : 0));
  }();
  return *world;
}

std::string ProcPath(pid_t pid, std::string_view name) {
  return absl::StrCat("/proc/", pid, "/", A(name));
}

// Empty: it is gone, or nothing but its zombie is left.
std::optional<Entry> LookAt(pid_t pid) {
  const std::string stat = ReadFile(ProcPath(pid, "stat"), kStatBytesMax).value_or("");
  // "17 (name) S ...", and the name may hold anything. Counted from the state: parent 1, group 2,
  // session 3, start 19.
  constexpr std::size_t kSession = 3;
  constexpr std::size_t kStart = 19;
  const std::size_t behind_name = stat.rfind(") ");
  if (behind_name == std::string::npos) return std::nullopt;
  const std::vector<std::string> words = absl::StrSplit(stat.substr(behind_name + 2), ' ');
  Entry entry;
  entry.identity.pid = pid;
  if (words.size() <= kStart || words[0] == "Z" || words[0] == "X" ||
      !absl::SimpleAtoi(words[kSession], &entry.session) ||
      !absl::SimpleAtoi(words[kStart], &entry.identity.started)) {
    return std::nullopt;
  }
  return entry;
}

std::vector<Entry> AllProcesses() {
  std::vector<Entry> all;
  for (const std::string& name : ListDirectory("/proc").value_or(std::vector<std::string>())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid) || pid == ::getpid()) continue;
    if (const std::optional<Entry> entry = LookAt(pid)) all.push_back(*entry);
  }
  return all;
}

bool HasMark(pid_t pid, std::string_view mark) {
  const Fd fd(::open(ProcPath(pid, "environ").c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) return false;  // not ours to look at, so not ours
  std::string text(kEnvironBytesMax, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const IoResult got = ReadSome(fd.get(), std::span(text).subspan(filled));
    if (got.state != IoState::kBytes) break;
    filled += got.bytes;
  }
  text.resize(filled);
  for (const absl::string_view variable : absl::StrSplit(text, '\0')) {
    if (variable == A(mark)) return true;
  }
  return false;
}

std::vector<Identity> Noted(const std::string& path) {
  std::vector<Identity> noted;
  const std::string text = ReadFile(path, kNotesBytesMax).value_or("");
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    Identity identity;
    if (words.size() == 3 && words[0] == ThisWorld() && absl::SimpleAtoi(words[1], &identity.pid) &&
        identity.pid > 1 && absl::SimpleAtoi(words[2], &identity.started)) {
      noted.push_back(identity);
    }
  }
  return noted;
}

// Whether the process was still the same when it was signalled.
bool End(const Entry& entry) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, entry.identity.pid, 0)));
  if (!pidfd.valid()) return false;
  const std::optional<Entry> again = LookAt(entry.identity.pid);
  if (!again || again->identity != entry.identity) return false;
  return ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) == 0;
}

}  // namespace

absl::StatusOr<ChildNotes> ChildNotes::Create(const std::string& path) {
  Fd fd(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("creating ", path));
  return ChildNotes(std::move(fd), path);
}

absl::Status ChildNotes::Add(pid_t pid) const {
  const std::optional<Entry> entry = LookAt(pid);
  if (!entry) return absl::OkStatus();  // it is gone, or /proc is not there to find it again by
  const std::string line =
      absl::StrCat(ThisWorld(), " ", entry->identity.pid, " ", entry->identity.started, "\n");
  absl::Status status = WriteAll(fd_.get(), line);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("writing ", path_, ": ", status.message()));
}

int ChildNotes::EndAll(const std::string& path, std::string_view mark, absl::Duration at_most) {
  const std::vector<Identity> noted = Noted(path);
  std::set<pid_t> ended;
  const absl::Duration end = SystemClock().MonoNow() + at_most;
  for (;;) {
    const std::vector<Entry> all = AllProcesses();
    // Only while its leader lives is a session known to be the one that was noted.
    std::set<pid_t> sessions;
    const auto is_noted = [&noted](const Entry& entry) {
      return std::find(noted.begin(), noted.end(), entry.identity) != noted.end();
    };
    for (const Entry& entry : all) {
      if (entry.session == entry.identity.pid && is_noted(entry)) sessions.insert(entry.session);
    }
    bool any = false;
    for (const Entry& entry : all) {
      const bool ours =
          is_noted(entry) || sessions.contains(entry.session) || HasMark(entry.identity.pid, mark);
      if (!ours || !End(entry)) continue;
      any = true;
      ended.insert(entry.identity.pid);
    }
    if (!any || SystemClock().MonoNow() >= end) return static_cast<int>(ended.size());
    PollRequest nothing{};
    Poll(std::span(&nothing, 1), kLookAgain);
  }
}

}  // namespace shunt
