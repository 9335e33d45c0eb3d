#include "platform/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace shunt {

void CheckFailed(const char* file, int line, const char* condition) {
  // One write of a bounded buffer: stderr may be a slow pipe, and other threads may be logging.
  char text[512];
  const int length = std::snprintf(text, sizeof(text), "shunt: bug: %s:%d: check failed: %s\n",
                                   file, line, condition);
  if (length > 0) {
    const auto wanted = static_cast<std::size_t>(length);
    const std::size_t size = wanted < sizeof(text) ? wanted : sizeof(text) - 1;
    // Nothing is left to do when even this write fails: the process is about to abort.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, size);
  }
  std::abort();
}

}  // namespace shunt
