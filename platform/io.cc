#include "platform/io.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"

namespace shunt {
namespace {

thread_local int sigpipe_guards = 0;

sigset_t OnlySigpipe() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGPIPE);
  return set;
}

IoResult Failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {IoState::kBlocked, 0, 0};
  return {IoState::kError, 0, error};
}

IoResult WriteGuarded(int fd, std::span<const iovec> parts) {
  const int count = static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX));
  for (;;) {
    const ssize_t written = ::writev(fd, parts.data(), count);
    if (written > 0) return {IoState::kBytes, static_cast<std::size_t>(written), 0};
    SHUNT_CHECK(written < 0);  // zero is for zero bytes, which the caller must not ask for
    if (errno == EINTR) continue;
    // A reset socket is the same news as a closed pipe: nobody reads any more.
    if (errno == EPIPE || errno == ECONNRESET) return {IoState::kEnd, 0, errno};
    return Failed(errno);
  }
}

absl::Status Errno(int error, std::string_view what) { return absl::ErrnoToStatus(error, A(what)); }

}  // namespace

void Fd::reset(int fd) {
  const int old = std::exchange(fd_, fd);
  SHUNT_CHECK(old < 0 || old != fd);
  if (old < 0) return;
  // EBADF would be a double close, which hits a stranger's descriptor sooner or later. Other errors
  // are late write errors of files; who needs those calls fsync.
  const int error = ::close(old) == 0 ? 0 : errno;
  SHUNT_CHECK(error != EBADF);
}

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

IoResult ReadSome(int fd, std::span<char> buffer) {
  SHUNT_CHECK(!buffer.empty());
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0) return {IoState::kBytes, static_cast<std::size_t>(got), 0};
    if (got == 0) return {IoState::kEnd, 0, 0};
    if (errno != EINTR) return Failed(errno);
  }
}

IoResult WriteSome(int fd, std::span<const iovec> parts) {
  if (sigpipe_guards > 0) return WriteGuarded(fd, parts);
  const SigpipeGuard guard;
  return WriteGuarded(fd, parts);
}

IoResult WriteSome(int fd, std::string_view bytes) {
  SHUNT_CHECK(!bytes.empty());
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return WriteSome(fd, std::span(&part, 1));
}

absl::Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = WriteSome(fd, bytes);
    switch (result.state) {
      case IoState::kBytes:
        bytes.remove_prefix(result.bytes);
        break;
      case IoState::kBlocked: {
        PollRequest request{.fd = fd, .want_write = true};
        Poll(std::span(&request, 1), absl::InfiniteDuration());
        break;
      }
      case IoState::kEnd:
      case IoState::kError:
        return Errno(result.error, "write");
    }
  }
  return absl::OkStatus();
}

SigpipeGuard::SigpipeGuard() : outermost_(sigpipe_guards++ == 0) {
  if (!outermost_) return;
  const sigset_t sigpipe = OnlySigpipe();
  sigset_t pending;
  ::sigemptyset(&pending);
  SHUNT_CHECK(::sigpending(&pending) == 0);
  was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
  sigset_t before;
  SHUNT_CHECK(::pthread_sigmask(SIG_BLOCK, &sigpipe, &before) == 0);
  was_blocked_ = ::sigismember(&before, SIGPIPE) == 1;
}

SigpipeGuard::~SigpipeGuard() {
  --sigpipe_guards;
  if (!outermost_) return;
  const sigset_t sigpipe = OnlySigpipe();
  if (!was_pending_) {
    // The signal of a failed write is sent to the writing thread, so it is ours to swallow.
    const timespec at_once{};
    while (::sigtimedwait(&sigpipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  if (!was_blocked_) SHUNT_CHECK(::pthread_sigmask(SIG_UNBLOCK, &sigpipe, nullptr) == 0);
}

absl::StatusOr<Pipe> MakePipe(int bytes_hint) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Errno(errno, "making a pipe");
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  HintPipeSize(ends[0], bytes_hint);
  return pipe;
}

void HintPipeSize(int fd, int bytes_hint) {
  const int now = ::fcntl(fd, F_GETPIPE_SZ);
  // A user has a budget for all pipes together: when the wish is too big, half of it may still fit.
  for (int size = bytes_hint; now > 0 && size > now; size /= 2) {
    if (::fcntl(fd, F_SETPIPE_SZ, size) >= 0) return;
  }
}

absl::Status SetNonBlocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return Errno(errno, absl::StrCat("reading the flags of descriptor ", fd));
  if (flags & O_NONBLOCK) return absl::OkStatus();
  if (::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    return Errno(errno, absl::StrCat("making descriptor ", fd, " non-blocking"));
  }
  return absl::OkStatus();
}

absl::StatusOr<SharedEnd> SharedEnd::Open(int fd, Direction direction) {
  const bool read = direction == Direction::kRead;
  struct stat info{};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fstat(fd, &info) != 0) {
    return Errno(errno, absl::StrCat("descriptor ", fd));
  }
  const int access = flags & O_ACCMODE;
  if (access != O_RDWR && access != (read ? O_RDONLY : O_WRONLY)) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", fd, " is not open for ", read ? "reading" : "writing"));
  }
  SharedEnd end;
  if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) {
    const std::string path = absl::StrCat("/proc/self/fd/", fd);
    const int mode = read ? O_RDONLY : O_WRONLY;
    end.fd_ = Fd(::open(path.c_str(), mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (end.valid()) return end;
  }
  // Numbers below 3 stay free for what the rest of the process expects there.
  end.fd_ = Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!end.valid()) return Errno(errno, absl::StrCat("duplicating descriptor ", fd));
  if (S_ISREG(info.st_mode) || (flags & O_NONBLOCK)) return end;
  if (absl::Status status = SetNonBlocking(end.get()); !status.ok()) return status;
  end.restore_blocking_ = true;
  return end;
}

SharedEnd& SharedEnd::operator=(SharedEnd&& other) noexcept {
  if (this == &other) return *this;
  Close();
  fd_ = std::move(other.fd_);
  restore_blocking_ = std::exchange(other.restore_blocking_, false);
  return *this;
}

void SharedEnd::Close() {
  if (std::exchange(restore_blocking_, false) && fd_.valid()) {
    const int flags = ::fcntl(fd_.get(), F_GETFL);
    if (flags >= 0) ::fcntl(fd_.get(), F_SETFL, flags & ~O_NONBLOCK);
  }
  fd_.reset();
}

void GiveUpDescriptor(int fd) {
  if (fd > STDERR_FILENO) {
    ::close(fd);
    return;
  }
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing.valid()) ::dup2(nothing.get(), fd);
}

int Poll(std::span<PollRequest> requests, absl::Duration at_most) {
  SHUNT_CHECK(requests.size() <= kPollRequestsMax);
  std::array<pollfd, kPollRequestsMax> fds;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    PollRequest& request = requests[i];
    request.ready = false;
    const int events = (request.want_read ? POLLIN : 0) | (request.want_write ? POLLOUT : 0);
    fds[i] = {request.fd, static_cast<short>(events), 0};
  }
  timespec time{};
  const timespec* limit = nullptr;
  if (at_most != absl::InfiniteDuration()) {
    time = absl::ToTimespec(std::max(at_most, absl::ZeroDuration()));
    limit = &time;
  }
  const int ready = ::ppoll(fds.data(), requests.size(), limit, nullptr);
  if (ready < 0) {
    // EINTR: the caller looks around. ENOMEM: the caller tries again. Anything else is our bug.
    SHUNT_CHECK(errno == EINTR || errno == ENOMEM);
    return 0;
  }
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].ready = fds[i].revents != 0;
  return ready;
}

absl::StatusOr<EventFd> EventFd::Create() {
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return Errno(errno, "making an eventfd");
  return EventFd(std::move(fd));
}

void EventFd::Signal() const {
  const int saved = errno;
  const uint64_t one = 1;
  // EAGAIN means the counter is full, so it is readable, which is all that is wanted.
  const ssize_t written = ::write(fd_.get(), &one, sizeof(one));
  SHUNT_CHECK(written == sizeof(one) || errno == EAGAIN);
  errno = saved;
}

bool EventFd::Drain() const {
  uint64_t count = 0;
  return ::read(fd_.get(), &count, sizeof(count)) == sizeof(count) && count > 0;
}

}  // namespace shunt
