#include "platform/last_will.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "platform/held_children.h"

namespace shunt {
namespace {

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS, SIGTRAP};
constexpr std::size_t kCauses = 1 + std::size(kCrashes);
constexpr std::size_t kAlternateStackBytes = std::size_t{64} << 10;
constexpr int kOrphansWaitMsMax = 1000;
constexpr int kOthersWaitMsMax = 3000;
constexpr int kLookAgainMs = 2;

int CauseAt(std::size_t index) { return index == 0 ? kNoMemory : kCrashes[index - 1]; }

// What is written while there is memory. `ready` is set last and cleared first.
struct Part {
  std::atomic<bool> ready{false};
  char path[PATH_MAX] = {};

  bool Set(const std::string& text) {
    ready = false;
    if (text.empty() || text.size() >= sizeof(path)) return false;
    ::memcpy(path, text.c_str(), text.size() + 1);
    return true;
  }
};

Part g_directory;
Part g_report;
Part g_temporary;  // beside the report, renamed to it
Part g_children;   // /proc/self/task/N/children, when orphans are ours to end
// Never destroyed: a thread may die while the program ends.
std::array<std::string, kCauses>& Texts() {
  static auto* const texts = new std::array<std::string, kCauses>;
  return *texts;
}
std::array<std::string, kCauses>* g_texts = nullptr;  // the same, without a guard to take
std::atomic<bool> g_begun{false};
std::atomic<bool> g_done{false};

void WaitMs(int milliseconds) { ::poll(nullptr, 0, milliseconds); }

// --- from here on: system calls only -----------------------------------------------------------

void WriteFully(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

// Sends SIGKILL to every child that the file names; whether it named any.
bool KillListed(int fd) {
  static char text[4096];
  bool any = false;
  pid_t pid = 0;
  for (;;) {
    const ssize_t got = ::read(fd, text, sizeof(text));
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
        continue;
      }
      if (pid > 1) any = ::kill(pid, SIGKILL) == 0 || any;
      pid = 0;
    }
  }
  return any;
}

void EndAllChildren() {
  if (!g_children.ready) return;
  for (int waited = 0; waited < kOrphansWaitMsMax; waited += kLookAgainMs) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    const int fd = ::open(g_children.path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const bool any = KillListed(fd);
    ::close(fd);
    if (!any) return;
    WaitMs(kLookAgainMs);
  }
}

// The kernel's struct linux_dirent64.
struct Name {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[1];
};

// Whether a file was removed.
bool RemoveNames(int fd) {
  alignas(Name) static char entries[4096];
  bool any = false;
  for (;;) {
    const long got = ::syscall(SYS_getdents64, fd, entries, sizeof(entries));
    if (got <= 0) return any;
    for (long at = 0; at < got;) {
      const Name* const entry = reinterpret_cast<const Name*>(entries + at);
      if (entry->name[0] != '.') any = ::unlinkat(fd, entry->name, 0) == 0 || any;
      at += entry->size;
    }
  }
}

void RemoveDirectory() {
  if (!g_directory.ready) return;
  const int fd = ::open(g_directory.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  while (RemoveNames(fd)) ::lseek(fd, 0, SEEK_SET);  // removing moves what is behind
  ::close(fd);
  ::rmdir(g_directory.path);
}

void WriteReport(int cause) {
  if (!g_report.ready) return;
  const std::string* text = nullptr;
  for (std::size_t i = 0; i < kCauses; ++i) {
    if (CauseAt(i) == cause) text = &(*g_texts)[i];
  }
  struct stat info{};
  const bool there = ::lstat(g_report.path, &info) == 0;
  if (text == nullptr || text->empty() || (there && !S_ISREG(info.st_mode))) return;
  const int fd =
      ::open(g_temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return;
  WriteFully(fd, text->data(), text->size());
  ::fsync(fd);
  ::close(fd);
  if (::rename(g_temporary.path, g_report.path) != 0) ::unlink(g_temporary.path);
}

}  // namespace

// --- what it is to do --------------------------------------------------------------------------

void WillRemoveDirectory(const std::string& path) { g_directory.ready = g_directory.Set(path); }

void WillWriteReport(const std::string& path,
                     const std::function<std::string(int cause)>& text_of) {
  g_report.ready = false;
  if (path.empty()) return;
  g_texts = &Texts();
  for (std::size_t i = 0; i < kCauses; ++i) Texts()[i] = text_of(CauseAt(i));
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".dying";
  g_report.ready = g_temporary.Set(temporary) && g_report.Set(path);
}

void WillEndAllChildren(bool all) {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  g_children.ready = g_children.Set(all ? path : "");
}

// --- and when ----------------------------------------------------------------------------------

void ExecuteLastWill(int cause) {
  const int error = errno;
  if (!g_begun.exchange(true)) {
    HeldChildren::SignalGroups(SIGKILL);
    EndAllChildren();
    RemoveDirectory();
    WriteReport(cause);
    g_done = true;
  } else {
    // Another thread is at it, and our death would be its end; or it was this one, which crashed.
    for (int waited = 0; !g_done && waited < kOthersWaitMsMax; waited += kLookAgainMs) {
      WaitMs(kLookAgainMs);
    }
  }
  errno = error;
}

void DieOfSignal(int number) {
  ExecuteLastWill(number);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(number, &standard, nullptr);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(number);
  constexpr int kSignalBase = 128;
  ::_exit(kSignalBase + number);
}

void ExecuteLastWillOnCrash() {
  // A stack that has run over has no room for a handler.
  alignas(16) static char stack[kAlternateStackBytes];
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof(stack);
  ::sigaltstack(&alternate, nullptr);
  for (const int number : kCrashes) {
    struct sigaction before{};
    // A sanitizer has something to say of its own.
    if (::sigaction(number, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    struct sigaction action{};
    action.sa_handler = DieOfSignal;
    action.sa_flags = SA_ONSTACK;
    ::sigfillset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
}

}  // namespace shunt
