// ConnectorOutput: what a built-in connector says, as Airbyte messages on a descriptor.
//
// Threads: one. Errors: the first failed write is kept; later calls do nothing. Bounds: about
// kBufferBytes are held back until Flush.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace shunt {

class ConnectorOutput {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

  explicit ConnectorOutput(int fd) : fd_(fd) { buffer_.reserve(2 * kBufferBytes); }

  // Where generators append their lines; call FlushIfFull now and then.
  std::string* buffer() { return &buffer_; }
  // A whole line, newline included or not.
  void Line(std::string_view line);

  void Log(std::string_view level, std::string_view message);
  // `status`: STARTED, RUNNING, COMPLETE or INCOMPLETE.
  void StreamStatus(std::string_view stream, std::string_view status);
  // `type`: system_error, config_error or transient_error. `stream` may be empty.
  void Error(std::string_view type, std::string_view message, std::string_view internal_message,
             std::string_view stream);
  void ConnectionStatus(bool succeeded, std::string_view message);

  void FlushIfFull() {
    if (buffer_.size() >= kBufferBytes) Flush();
  }
  void Flush();

  const absl::Status& status() const { return status_; }

 private:
  int fd_;
  std::string buffer_;
  absl::Status status_;
};

// Milliseconds since 1970, as `emitted_at` wants them.
double NowMs();

}  // namespace shunt
