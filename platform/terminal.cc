#include "platform/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <new>

#include "platform/last_will.h"

namespace shunt {
namespace {

int g_out_of_memory_code = 1;

[[noreturn]] void EndForWantOfMemory() {
  constexpr char kText[] =
      "shunt: out of memory: the limits of the container or the user are met\n";
  static_cast<void>(!write(2, kText, sizeof(kText) - 1));
  _exit(g_out_of_memory_code);
}

// What is durable stays so.
[[noreturn]] void OnNoMemory() {
  ExecuteLastWill(kNoMemory);
  EndForWantOfMemory();
}

// Before the initializers of everything else in the program, which allocate: with no memory for the
// exception either, the C++ runtime would abort without a word of the cause.
[[gnu::constructor(101)]] void NameWantOfMemoryBeforeMain() {
  std::set_new_handler(EndForWantOfMemory);
}

}  // namespace

bool IsTerminal(int fd) { return isatty(fd) == 1; }

int TerminalColumns(int fd) {
  constexpr int kColumnsDefault = 80;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsDefault;
  return size.ws_col;
}

std::string OwnProgramPath() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0 || size == static_cast<ssize_t>(sizeof(path))) return "";
  return std::string(path, static_cast<std::size_t>(size));
}

void MakeNewFilesPrivate() { static_cast<void>(umask(077)); }

void StartClean(int out_of_memory_code) {
  g_out_of_memory_code = out_of_memory_code;
  std::set_new_handler(OnNoMemory);
  sigset_t none;
  static_cast<void>(sigemptyset(&none));
  static_cast<void>(sigprocmask(SIG_SETMASK, &none, nullptr));
  static_cast<void>(::signal(SIGCHLD, SIG_DFL));
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    // The lowest free number is this one. The wrong way round: reading 0 and writing 1 and 2 fail.
    if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return;
  }
}

}  // namespace shunt
