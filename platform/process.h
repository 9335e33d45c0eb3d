// Process: a child program in a session of its own, watched through a pidfd.
//
// The child starts clean, whatever the state of this process (reliability F92, F100, G39): default
// signal dispositions, empty signal mask, descriptors 0, 1 and 2 only, no core files. It has no
// controlling terminal, so it can neither put input into the terminal of whoever started us, nor
// take its foreground, nor send it a ^C; who stops and continues it when our job is stopped is
// platform/job_control.h.
// Its zombie is kept until the Process is destroyed: as long as it is there, nobody else can get
// its number, so that a signal for the group never hits a stranger, also after the child itself is
// gone.
//
// Threads: one thread at a time; spawning from several threads at once is safe.
// `die_with_parent` is the kernel's PR_SET_PDEATHSIG, which watches the THREAD that called
// SpawnProcess and not the process: spawn from a thread that lives as long as the child is wanted
// (main). It covers the child and not its own children. Ownership: the destructor kills the whole
// group with SIGKILL and reaps the child.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/child_notes.h"
#include "platform/io.h"
#include "platform/user.h"

namespace shunt {

// What one of the child's three descriptors is.
struct ChildStream {
  enum class Kind { kNull, kPipe, kDescriptor };
  Kind kind = Kind::kNull;  // kNull: /dev/null
  int fd = -1;              // kDescriptor: stays the caller's

  static ChildStream Null() { return {}; }
  // A new pipe; our end is non-blocking and taken with Process::Take...().
  static ChildStream Pipe() { return {Kind::kPipe, -1}; }
  static ChildStream Descriptor(int fd) { return {Kind::kDescriptor, fd}; }
};

struct SpawnOptions {
  // argv[0] is looked up in the PATH of `env` unless it has a slash. Never passed to a shell.
  std::vector<std::string> argv = {};
  std::map<std::string, std::string> env = {};  // all of it: nothing is inherited
  ChildStream standard_input = ChildStream::Null();
  ChildStream standard_output = ChildStream::Null();
  ChildStream standard_error = ChildStream::Null();
  bool die_with_parent = true;
  // Another user to run as; needs MayChangeUser(). Such a child has that account's groups and no
  // others, no capabilities, none of our keys, and cannot gain privileges again (no_new_privs); its
  // pipes are its own. REQUIRES: not root.
  std::optional<User> user = std::nullopt;
  // Where the child is noted before its program runs; the caller's. May be null.
  const ChildNotes* notes = nullptr;
};

struct ProcessExit {
  // One of the two is set, or none: somebody else reaped the child and how it ended is lost.
  std::optional<int> code;
  std::optional<int> signal;
};

class Process {
 public:
  Process(Process&& other) noexcept = default;
  Process& operator=(Process&& other) noexcept;
  ~Process() { End(); }

  pid_t pid() const { return pid_; }
  // Readable as soon as the child has ended, for ever.
  int exit_fd() const { return pidfd_.get(); }
  // How the child ended; empty while it lives. Never blocks.
  std::optional<ProcessExit> Poll();
  // Waits for the end, at most this long.
  std::optional<ProcessExit> WaitFor(absl::Duration at_most);

  // Sends a signal to every member of the child's group, also after the child itself has ended. The
  // child cannot leave it: who leads a session stays where he is.
  void KillGroup(int signal_number);
  void Terminate() { KillGroup(kTerminate); }
  void Kill() { KillGroup(kKill); }
  static constexpr int kTerminate = 15;  // SIGTERM, for those who include no system header
  static constexpr int kKill = 9;        // SIGKILL

  // Our ends of the pipes, each once; invalid when the stream is no pipe.
  Fd TakeStdin() { return std::move(stdin_); }
  Fd TakeStdout() { return std::move(stdout_); }
  Fd TakeStderr() { return std::move(stderr_); }

 private:
  friend absl::StatusOr<Process> SpawnProcess(const SpawnOptions& options);
  void End();
  Process(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;
  Fd pidfd_;  // invalid: moved from
  Fd stdin_, stdout_, stderr_;
  std::optional<ProcessExit> exit_;
};

// Returns when the program runs: what exec refuses (missing, not executable, not a program, too
// many arguments, missing interpreter) is a Status that names the program. FailedPrecondition when
// this process ignores SIGCHLD: the kernel would throw exit codes away.
absl::StatusOr<Process> SpawnProcess(const SpawnOptions& options);

}  // namespace shunt
