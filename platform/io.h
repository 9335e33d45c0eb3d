// Descriptors: owning them, moving bytes through them without blocking, waiting for them, and
// making pipes. Files are in platform/files.h.
//
// Threads: an Fd belongs to one thread at a time; the free functions are thread-safe;
// EventFd::Signal may be called from any thread and from a signal handler. Errors: the moving
// functions answer with an IoResult (they are called millions of times and their outcomes steer the
// caller); everything else with a Status that names what failed. Every descriptor made here is
// close-on-exec. No function here raises SIGPIPE.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace shunt {

enum class IoState {
  kBytes,    // `bytes` > 0 were moved
  kBlocked,  // nothing can be moved now; poll the descriptor
  kEnd,      // read: end of file. write: the other side closed (EPIPE)
  kError,    // the descriptor failed; `error` is the errno
};

struct IoResult {
  IoState state = IoState::kBlocked;
  std::size_t bytes = 0;
  int error = 0;
};

// Owns a descriptor. Closing is never retried: on Linux the number is free even after EINTR, and a
// second close could hit a stranger's descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }  // -1: none
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Whether the number is that of an open descriptor: one that somebody told us, say.
bool IsOpen(int fd);

// One bounded attempt each; EINTR is retried. Whether they can block is a property of the
// descriptor: see SetNonBlocking and SharedEnd. REQUIRES: at least one byte of room or of data.
// WriteSome takes at most the first IOV_MAX (1024) parts.
IoResult ReadSome(int fd, std::span<char> buffer);
IoResult WriteSome(int fd, std::string_view bytes);
IoResult WriteSome(int fd, std::span<const iovec> parts);

// Blocking loops over the above, for a reply on stdout and the like: all of the bytes or a Status.
absl::Status WriteAll(int fd, std::string_view bytes);

// While it lives, writing to a closed pipe on this thread raises no signal, whatever the process
// has set for SIGPIPE. WriteSome protects itself at the price of four system calls; a thread that
// holds a guard writes without them. It blocks the signal for this thread only and swallows none
// that was pending before. Nests.
class SigpipeGuard {
 public:
  SigpipeGuard();
  ~SigpipeGuard();
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  bool outermost_;
  bool was_blocked_ = false;
  bool was_pending_ = false;
};

struct Pipe {
  Fd read_end;
  Fd write_end;
};
inline constexpr int kPipeBytesHint = 1 << 20;
// Both ends block; they have separate flags, so that SetNonBlocking on ours leaves the child's
// alone. The size is a hint: the kernel limits what a user may have, and a smaller pipe is only
// slower.
absl::StatusOr<Pipe> MakePipe(int bytes_hint = kPipeBytesHint);
// Asks for a bigger pipe behind `fd`; does nothing when it is none or the kernel refuses.
void HintPipeSize(int fd, int bytes_hint = kPipeBytesHint);

// Sets O_NONBLOCK on the open file description, so for everyone who shares it: only for descriptors
// that nobody else has.
absl::Status SetNonBlocking(int fd);

// Our own non-blocking view of a descriptor that we share with others (an inherited stdout is also
// the shell's). Pipes, FIFOs and terminals are opened anew through /proc/self/fd, so that nobody
// else notices; where that does not work (another user's pipe) the flag is set on the shared
// description and put back at the end. Regular files never block and are only duplicated, which
// keeps the common offset. Sockets have a better way: see platform/byte_stream.h. The original
// descriptor stays open and is the caller's.
class SharedEnd {
 public:
  enum class Direction { kRead, kWrite };
  static absl::StatusOr<SharedEnd> Open(int fd, Direction direction);

  SharedEnd() = default;
  SharedEnd(SharedEnd&& other) noexcept = default;
  SharedEnd& operator=(SharedEnd&& other) noexcept;
  ~SharedEnd() { Close(); }

  int get() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  void Close();

 private:
  Fd fd_;
  bool restore_blocking_ = false;
};

// For a descriptor that was handed to us and that we have our own view of: closes it, so that its
// other side sees an end when the view is closed. 0, 1 and 2 become /dev/null instead, because the
// next file to be opened would get the number and somebody's printf would go into it.
void GiveUpDescriptor(int fd);

struct PollRequest {
  int fd = -1;  // negative: skipped
  bool want_read = false;
  bool want_write = false;
  bool ready =
      false;  // set by Poll; also for a hang-up or an error, which the next read or write tells
};
inline constexpr std::size_t kPollRequestsMax = 64;
// Waits until a request is ready, the time is over (infinite: never) or a signal came. Returns how
// many are ready: zero says nothing about why. REQUIRES: at most kPollRequestsMax requests.
int Poll(std::span<PollRequest> requests, absl::Duration at_most);

// A descriptor that becomes readable when somebody calls Signal.
class EventFd {
 public:
  static absl::StatusOr<EventFd> Create();
  int get() const { return fd_.get(); }
  void Signal() const;  // async-signal-safe; keeps errno
  bool Drain() const;   // true when it was signalled since the last Drain

 private:
  explicit EventFd(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace shunt
