// Connector: one end of the pipe, as the router sees it: bytes out, log bytes out, bytes in, an
// exit. What stands behind it (a child process, FIFOs that somebody else opened, a script in a
// simulation) is the implementation's business.
//
// Threads: each of the four parts (output, log, input, life) is used by one thread at a time;
// different parts may be used by different threads at once.
// Nothing here blocks: a part that cannot make progress says so and names the descriptor to poll,
// or, when there is none yet, how soon to try again. Ownership: the embedder owns the connector and
// keeps it alive until the router is destroyed.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "platform/io.h"
#include "platform/unread_input.h"

namespace shunt {

struct ExitStatus {
  // Exactly one of the two is set, except for ends that have no process (both empty): there end of
  // file is the only evidence and it counts as success.
  std::optional<int> code = {};
  std::optional<int> signal = {};
  bool killed_by_us = false;  // the signal was ours: no failure of the connector
  // There should have been evidence of how it ended, and there is none: never a success.
  bool lost = false;
  // What is known besides, as the end of a sentence that begins with "the source": "was killed by
  // ...". "": code and signal say all.
  std::string detail = {};
  bool clean() const { return !signal && code.value_or(0) == 0 && !lost; }
};

class Connector {
 public:
  virtual ~Connector() = default;

  // Output part: the connector's stdout. After kEnd the descriptor is not polled any more.
  virtual IoResult ReadOutput(std::span<char> buffer) = 0;
  virtual int output_fd() const { return -1; }  // poll for reading; -1: nothing to poll
  // The pipe whose bytes ReadOutput gives as they are, so that somebody may look into it with
  // tee(2); -1: there is none, or it has ended.
  virtual int output_pipe() const { return -1; }
  virtual bool has_output() const { return true; }

  // Log part: the connector's stderr. kEnd at once when it has none.
  virtual IoResult ReadLog(std::span<char> buffer) = 0;
  virtual int log_fd() const { return -1; }

  // Input part: the connector's stdin. Only destinations have one; kEnd at once for others.
  // CloseInput is the end of the input for the connector; once more is harmless.
  virtual IoResult WriteInput(std::span<const iovec> parts) = 0;
  virtual void CloseInput() = 0;
  virtual int input_fd() const { return -1; }
  // Whether the other side has come for its input; tries it. Worth asking again after retry_after,
  // also while there is nothing to write: a reader that opens a FIFO waits in its open for us.
  virtual bool OpenInput() { return true; }
  // The pipe into which WriteInput puts its bytes as they are, so that pages may be moved there
  // with splice(2); -1: there is none.
  virtual int input_pipe() const { return -1; }

  // For parts that are blocked and have no descriptor to poll (a FIFO that nobody reads yet): try
  // them again after this long. Constant.
  virtual absl::Duration retry_after() const { return absl::InfiniteDuration(); }

  // Life part. `Exit` is empty while the connector lives. Terminate asks (SIGTERM), Kill forces
  // (SIGKILL), both the whole process group; both are no-ops for ends without a process.
  virtual std::optional<ExitStatus> Exit() = 0;
  virtual int exit_fd() const { return -1; }
  // What it has not read of its input. Asked once the input is closed and the connector is gone.
  virtual UnreadInput::Found Unread() { return {}; }
  // The streams that the other side has not opened yet ("/source/stdout"); "": all are in use, or
  // have been.
  virtual std::string Unopened() { return {}; }
  virtual void Terminate() = 0;
  virtual void Kill() = 0;
};

}  // namespace shunt
