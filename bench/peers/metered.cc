// Runs a command and tells what it used, as one line of JSON on a descriptor.
//
//   metered FD COMMAND [ARGUMENT...]

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/peers/child.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: metered FD COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  const int fd = std::atoi(argv[1]);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  const pid_t child = shunt::bench::StartChild(argv + 2);
  // The child's pipes are the child's: nobody should wait for us to close them.
  ::close(STDIN_FILENO);
  ::close(STDOUT_FILENO);
  const shunt::bench::Usage usage = shunt::bench::WaitForChild(child);
  const std::string line = "{" + shunt::bench::ToJsonMembers(usage) + "}\n";
  if (!shunt::bench::WriteAll(fd, line)) return 1;
  return usage.exit_code;
}
