#include "bench/peers/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace shunt::bench {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

pid_t StartChild(char* const* argv, int stdin_fd, int stdout_fd) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    std::perror("fork");
    std::exit(1);
  }
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before the line above
  if (stdin_fd != kSame) ::dup2(stdin_fd, STDIN_FILENO);
  if (stdout_fd != kSame) ::dup2(stdout_fd, STDOUT_FILENO);
  ::execvp(argv[0], argv);
  std::perror(argv[0]);
  ::_exit(127);
}

Usage WaitForChild(pid_t pid) {
  int status = 0;
  rusage used{};
  while (::wait4(pid, &status, 0, &used) < 0) {
    if (errno == EINTR) continue;
    std::perror("wait4");
    std::exit(1);
  }
  Usage usage;
  usage.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  usage.user_seconds = Seconds(used.ru_utime);
  usage.system_seconds = Seconds(used.ru_stime);
  usage.peak_kib = used.ru_maxrss;
  usage.waits = used.ru_nvcsw;
  usage.preemptions = used.ru_nivcsw;
  return usage;
}

std::string ToJsonMembers(const Usage& usage) {
  char text[256];
  std::snprintf(text, sizeof(text),
                "\"exit_code\":%d,\"user_seconds\":%.6f,\"system_seconds\":%.6f,\"peak_kib\":%lld,"
                "\"waits\":%lld,\"preemptions\":%lld",
                usage.exit_code, usage.user_seconds, usage.system_seconds,
                static_cast<long long>(usage.peak_kib), static_cast<long long>(usage.waits),
                static_cast<long long>(usage.preemptions));
  return text;
}

int64_t MonotonicNanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      std::perror("write");
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace shunt::bench
