// A program that tests start: it tells how it was started, or does one thing that a shell cannot
// do.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "platform/environment.h"
#include "platform/files.h"
#include "platform/process.h"
#include "tests/platform/read_to_end.h"

namespace shunt {
namespace {

// The numbers of all open descriptors.
int Descriptors() {
  std::vector<int> numbers;
  DIR* listing = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(listing)) {
    const int number = ::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && number != ::dirfd(listing)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  for (const int number : numbers) ::printf("%d\n", number);
  return 0;
}

int Environment() {
  for (const auto& [name, value] : AllEnv()) ::printf("%s=%s\n", name.c_str(), value.c_str());
  return 0;
}

// What is left of the parent's state in this process: all zero in a clean one.
int State() {
  const std::string status = ReadFile("/proc/self/status", 1 << 16).value();
  for (const char* key : {"SigBlk:", "SigIgn:"}) {
    const std::size_t at = status.find(key);
    ::printf("%s\n", status.substr(at, status.find('\n', at) - at).c_str());
  }
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  ::printf("core %d\n", static_cast<int>(core.rlim_max));
  ::printf("foreign group %d\n", ::getpgrp() != ::getpid());
  for (int fd = 0; fd < 3; ++fd) {
    ::printf("non-blocking %d\n", (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  }
  return 0;
}

// Starts a program that never ends, prints its number and waits to be killed.
int Parent() {
  absl::StatusOr<Process> child = SpawnProcess({.argv = {"/bin/sleep", "infinity"}});
  if (!child.ok()) return 1;
  ::printf("%d\n", static_cast<int>(child->pid()));
  ::fflush(stdout);
  for (;;) ::pause();
}

int Session() {
  const bool leads = ::getsid(0) == ::getpid() && ::getpgrp() == ::getpid();
  ::puts(leads ? "leads its session" : "is in another's session");
  ::puts(::open("/dev/tty", O_RDWR) < 0 && errno == ENXIO ? "no terminal" : "a terminal");
  return 0;
}

// Tries to leave the process group that it was started in.
int LeaveGroup() {
  const bool left = ::setpgid(0, ::getpgid(::getppid())) == 0 || ::setsid() >= 0;
  ::puts(left ? "left" : "cannot leave");
  ::fflush(stdout);
  for (;;) ::pause();
}

// Starts a program although 0, 1 and 2 are closed, so that its pipes get these numbers.
int WithoutStandardStreams() {
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  absl::StatusOr<Process> child = SpawnProcess({.argv = {"/bin/sh", "-c", "cat; echo err >&2"},
                                                .standard_input = ChildStream::Pipe(),
                                                .standard_output = ChildStream::Pipe(),
                                                .standard_error = ChildStream::Pipe()});
  if (!child.ok()) return 2;
  Fd input = child->TakeStdin();
  if (!WriteAll(input.get(), "hello").ok()) return 3;
  input.reset();
  if (ReadToEnd(child->TakeStdout().get()) != "hello") return 4;
  return ReadToEnd(child->TakeStderr().get()) == "err\n" ? 0 : 5;
}

int Main(std::string_view what) {
  if (what == "descriptors") return Descriptors();
  if (what == "environment") return Environment();
  if (what == "state") return State();
  if (what == "parent") return Parent();
  if (what == "session") return Session();
  if (what == "leave-group") return LeaveGroup();
  if (what == "without-standard-streams") return WithoutStandardStreams();
  return 64;
}

}  // namespace
}  // namespace shunt

int main(int argc, char** argv) { return shunt::Main(argc > 1 ? argv[1] : ""); }
