// The bytes of a file, mapped.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace shunt::bench {

// For the life of the process, which ends when it does not work.
inline std::string_view MapFileOrDie(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (fd < 0 || ::fstat(fd, &status) != 0 || status.st_size == 0) {
    std::fprintf(stderr, "%s: cannot be read, or is empty\n", path);
    std::exit(1);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (data == MAP_FAILED) {
    std::perror(path);
    std::exit(1);
  }
  ::close(fd);
  return {static_cast<const char*>(data), size};
}

}  // namespace shunt::bench
