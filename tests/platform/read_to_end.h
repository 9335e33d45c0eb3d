// Reading a non-blocking descriptor in a test: waits by poll, never by time.
#pragma once

#include <span>
#include <string>

#include "platform/check.h"
#include "platform/io.h"

namespace shunt {

// A test that hangs is stopped by the test runner; this one says where.
inline constexpr absl::Duration kTestWaitMax = absl::Seconds(60);

inline void AwaitReadable(int fd) {
  const auto ready = [fd](absl::Duration at_most) {
    PollRequest request{.fd = fd, .want_read = true};
    return Poll(std::span(&request, 1), at_most) > 0;
  };
  while (!ready(kTestWaitMax)) SHUNT_CHECK(ready(absl::ZeroDuration()));
}

inline std::string ReadToEnd(int fd) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const IoResult result = ReadSome(fd, buffer);
    if (result.state == IoState::kEnd) return all;
    SHUNT_CHECK(result.state != IoState::kError);
    all.append(buffer, result.bytes);
    if (result.state == IoState::kBlocked) AwaitReadable(fd);
  }
}

// One line, without its newline.
inline std::string ReadLine(int fd) {
  std::string line;
  char c;
  for (;;) {
    const IoResult result = ReadSome(fd, std::span(&c, 1));
    SHUNT_CHECK(result.state == IoState::kBytes || result.state == IoState::kBlocked);
    if (result.state == IoState::kBlocked) {
      AwaitReadable(fd);
    } else if (c == '\n') {
      return line;
    } else {
      line += c;
    }
  }
}

}  // namespace shunt
