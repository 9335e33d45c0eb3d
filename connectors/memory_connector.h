// MemorySource, MemoryDestination: ends without a process, for embedding examples and tests. A
// source plays back bytes; a destination keeps what it gets and answers line by line.
//
// Threads: as Connector says; the rest of a connector's methods only before and after the run,
// except received(), which is thread-safe. Bounds: they hold everything in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/connector.h"

namespace shunt {

struct MemorySourceOptions {
  std::string output = {};      // everything it writes, newlines included
  std::string log = {};         // its stderr
  std::size_t piece_bytes = 0;  // at most this much per read; 0: as much as fits
  ExitStatus exit = {.code = 0};
};

class MemorySource final : public Connector {
 public:
  explicit MemorySource(MemorySourceOptions options);

  IoResult ReadOutput(std::span<char> buffer) override;
  IoResult ReadLog(std::span<char> buffer) override;
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  // Set once the output was read to its end.
  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override { return exit_event_.get(); }
  void Terminate() override {}
  void Kill() override {}

 private:
  const MemorySourceOptions options_;
  const EventFd exit_event_;      // signalled at the end of the output
  std::string_view output_left_;  // output part
  std::string_view log_left_;     // log part
  std::mutex mutex_;
  bool ended_ = false;  // guarded by mutex_
};

// What a destination answers to one line (given without its newline): bytes for its output, newline
// included, or nothing.
using AckPolicy = std::function<std::string(std::string_view line)>;

// The line itself when it is a STATE message, as destinations do.
std::string EchoStates(std::string_view line);

struct MemoryDestinationOptions {
  AckPolicy ack = EchoStates;
  std::string log = {};
  std::size_t piece_bytes = 0;  // at most this much per read and write; 0: all of it
  ExitStatus exit = {.code = 0};
};

class MemoryDestination final : public Connector {
 public:
  explicit MemoryDestination(MemoryDestinationOptions options = {});

  IoResult ReadOutput(std::span<char> buffer) override;
  int output_fd() const override { return output_event_.get(); }
  IoResult ReadLog(std::span<char> buffer) override;
  IoResult WriteInput(std::span<const iovec> parts) override;
  void CloseInput() override;
  // Set once the input was closed and the output read to its end.
  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override { return exit_event_.get(); }
  void Terminate() override {}
  void Kill() override {}

  // Everything it was given so far.
  std::string received() const;

 private:
  void Answer(std::string_view bytes);

  const MemoryDestinationOptions options_;
  const EventFd output_event_;  // readable while there is output, or the end of it
  const EventFd exit_event_;
  std::string_view log_left_;  // log part
  std::string line_;           // input part: the line begun
  mutable std::mutex mutex_;
  std::string received_;         // guarded by mutex_
  std::string output_;           // guarded by mutex_
  std::size_t output_read_ = 0;  // of output_; guarded by mutex_
  bool input_closed_ = false;    // guarded by mutex_
  bool ended_ = false;           // guarded by mutex_
};

}  // namespace shunt
