// WriterProcess: a store_writer that a test starts and kills, and what it has announced.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/io.h"
#include "platform/process.h"

namespace shunt {

inline constexpr char kWriter[] = "tests/stores/store_writer";

// A store_writer and what it has announced.
class WriterProcess {
 public:
  // `before`: the program that runs it, with its arguments.
  explicit WriterProcess(std::vector<std::string> arguments, std::vector<std::string> before = {}) {
    before.push_back(kWriter);
    arguments.insert(arguments.begin(), before.begin(), before.end());
    SpawnOptions options;
    options.argv = std::move(arguments);
    options.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    options.standard_output = ChildStream::Pipe();
    options.standard_error = ChildStream::Descriptor(2);
    absl::StatusOr<Process> process = SpawnProcess(options);
    EXPECT_TRUE(process.ok()) << process.status();
    if (!process.ok()) return;
    process_.emplace(*std::move(process));
    stdout_ = process_->TakeStdout();
  }

  // The next announcement; empty when there will be none.
  std::optional<std::string> Next() {
    while (true) {
      const std::size_t end = text_.find('\n');
      if (end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        Remember(line);
        return line;
      }
      char buffer[4096];
      const IoResult got = ReadSome(stdout_.get(), buffer);
      if (got.state == IoState::kBytes) {
        text_.append(buffer, got.bytes);
      } else if (got.state == IoState::kBlocked) {
        PollRequest readable{stdout_.get(), true, false, false};
        Poll({&readable, 1}, absl::InfiniteDuration());
      } else {
        return std::nullopt;
      }
    }
  }

  void Kill() { process_->KillGroup(SIGKILL); }
  void Pause() { process_->KillGroup(SIGSTOP); }
  void Resume() { process_->KillGroup(SIGCONT); }

  // Without its children.
  void KillLeader() {
    ::kill(process_->pid(), SIGKILL);
    process_->WaitFor(absl::Minutes(1));
  }

  // Reads to the end and waits. The exit code; empty when a signal ended it.
  std::optional<int> Finish() {
    while (Next()) {
    }
    const std::optional<ProcessExit> exit = process_->WaitFor(absl::Minutes(1));
    return exit ? exit->code : std::nullopt;
  }

  int64_t announced_state() const { return state_; }    // -1: none
  int64_t announced_config() const { return config_; }  // -1: none

 private:
  void Remember(const std::string& line) {
    if (line.starts_with("state ")) state_ = std::stoll(line.substr(6));
    if (line.starts_with("config ")) config_ = std::stoll(line.substr(7));
  }

  std::optional<Process> process_;
  Fd stdout_;
  std::string text_;
  int64_t state_ = -1;
  int64_t config_ = -1;
};

}  // namespace shunt
