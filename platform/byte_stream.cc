#include "platform/byte_stream.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"

namespace shunt {
namespace {

constexpr int kFifoFlags = O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
constexpr IoResult kEnded{IoState::kEnd, 0, 0};

bool IsFifo(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}

// Runs `work` on a thread of its own that nobody waits for and that gets no signals. False: there
// is no thread to be had.
bool RunDetached(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto* owned = new std::function<void()>(std::move(work));  // the thread's, once there is one
  const auto run = [](void* argument) -> void* {
    const std::unique_ptr<std::function<void()>> mine(
        static_cast<std::function<void()>*>(argument));
    (*mine)();
    return nullptr;
  };
  pthread_t thread;
  const bool started = ::pthread_create(&thread, nullptr, run, owned) == 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) {
    delete owned;
    return false;
  }
  SHUNT_CHECK(::pthread_detach(thread) == 0);
  return true;
}

class FifoReader final : public ByteReader {
 public:
  explicit FifoReader(Fd fd) : fd_(std::move(fd)) {}

  IoResult Read(std::span<char> buffer) override {
    while (fd_.valid()) {
      const IoResult result = ReadSome(fd_.get(), buffer);
      if (result.state != IoState::kEnd) return result;
      // Nobody has it open for writing. The kernel reports a hang-up only when there was a writer
      // since we opened it, so its absence means that the first one is still to come.
      pollfd request{fd_.get(), POLLIN, 0};
      if (::poll(&request, 1, 0) < 0 || request.revents == 0) return {};
      if (request.revents & POLLIN) continue;  // a writer came and went between the two calls
      const std::lock_guard lock(closing_);
      fd_.reset();
    }
    return kEnded;
  }

  bool Opened() override {
    const std::lock_guard lock(closing_);
    if (!fd_.valid()) return true;
    pollfd request{fd_.get(), POLLIN, 0};
    if (::poll(&request, 1, 0) > 0) return true;  // there are bytes, or there was a writer
    // Of an empty pipe tee(2) says "the end" when nobody can write to it, and "not now" otherwise.
    const absl::StatusOr<Pipe> sink = MakePipe(0);
    return sink.ok() && ::tee(fd_.get(), sink->write_end.get(), 1, SPLICE_F_NONBLOCK) != 0;
  }

  int fd() const override { return fd_.get(); }
  int pipe() const override { return fd_.get(); }

 private:
  std::mutex closing_;  // held by its reader to close fd_, and by others to look at it
  Fd fd_;
};

class FifoWriter final : public ByteWriter {
 public:
  explicit FifoWriter(std::string path) : path_(std::move(path)) {}

  IoResult Write(std::span<const iovec> parts) override {
    if (closed_) return kEnded;
    const IoResult opened = Open();
    return opened.state == IoState::kBytes ? WriteSome(fd_.get(), parts) : opened;
  }

  // Write will say what is wrong.
  bool TryOpen() override { return closed_ || Open().state != IoState::kBlocked; }

  int fd() const override { return fd_.get(); }
  int pipe() const override { return fd_.get(); }

  ~FifoWriter() override {
    if (!meeting_) return;
    // Lets the thread go when it still waits: we are its reader until it has been through.
    const std::lock_guard lock(meeting_->mutex);
    if (!meeting_->over) meeting_->reader = Fd(::open(path_.c_str(), O_RDONLY | kFifoFlags));
  }

  void Close(std::function<void()> closed) override {
    if (std::exchange(closed_, true)) return;
    if (!fd_.valid()) fd_ = Fd(::open(path_.c_str(), O_WRONLY | kFifoFlags));
    const bool reader_to_come = !fd_.valid() && errno == ENXIO;
    fd_.reset();
    if (!reader_to_come || !MeetReader(closed)) closed();
  }

 private:
  // kBytes: it is open.
  IoResult Open() {
    if (fd_.valid()) return {IoState::kBytes, 0, 0};
    Fd fd(::open(path_.c_str(), O_WRONLY | kFifoFlags));
    if (!fd.valid()) {
      if (errno == ENXIO || errno == EINTR) return {};  // no reader yet
      return {IoState::kError, 0, errno};
    }
    if (!IsFifo(fd.get())) return {IoState::kError, 0, EINVAL};  // replaced meanwhile
    fd_ = std::move(fd);
    HintPipeSize(fd_.get());
    return {IoState::kBytes, 0, 0};
  }

  struct Meeting {
    std::mutex mutex;
    bool over = false;  // guarded by mutex
    Fd reader;          // guarded by mutex
  };

  bool MeetReader(std::function<void()> closed) {
    auto meeting = std::make_shared<Meeting>();
    const bool started = RunDetached([path = path_, meeting, closed = std::move(closed)] {
      Fd(::open(path.c_str(), O_WRONLY | (kFifoFlags & ~O_NONBLOCK))).reset();
      {
        const std::lock_guard lock(meeting->mutex);
        meeting->over = true;
        meeting->reader.reset();
      }
      closed();
    });
    if (started) meeting_ = std::move(meeting);
    return started;
  }

  const std::string path_;
  Fd fd_;
  bool closed_ = false;
  std::shared_ptr<Meeting> meeting_;  // with the thread of an early Close
};

class SharedReader final : public ByteReader {
 public:
  explicit SharedReader(SharedEnd end) : end_(std::move(end)), is_pipe_(IsFifo(end_.get())) {}

  IoResult Read(std::span<char> buffer) override {
    if (!end_.valid()) return kEnded;
    const IoResult result = ReadSome(end_.get(), buffer);
    if (result.state == IoState::kEnd) end_.Close();
    return result;
  }

  int fd() const override { return end_.get(); }
  int pipe() const override { return is_pipe_ ? end_.get() : -1; }

 private:
  SharedEnd end_;
  const bool is_pipe_;
};

class SharedWriter final : public ByteWriter {
 public:
  explicit SharedWriter(SharedEnd end) : end_(std::move(end)), is_pipe_(IsFifo(end_.get())) {}

  IoResult Write(std::span<const iovec> parts) override {
    return end_.valid() ? WriteSome(end_.get(), parts) : kEnded;
  }

  int fd() const override { return end_.get(); }
  int pipe() const override { return is_pipe_ ? end_.get() : -1; }
  void Close(std::function<void()> closed) override {
    if (!end_.valid()) return;
    end_.Close();
    closed();
  }

 private:
  SharedEnd end_;
  const bool is_pipe_;
};

IoResult Moved(ssize_t bytes) {
  if (bytes > 0) return {IoState::kBytes, static_cast<std::size_t>(bytes), 0};
  if (bytes == 0) return kEnded;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
  return {IoState::kError, 0, errno};
}

// Sockets can be told call by call not to block, so that nobody's flags change.
class SocketReader final : public ByteReader {
 public:
  explicit SocketReader(Fd fd) : fd_(std::move(fd)) {}

  IoResult Read(std::span<char> buffer) override {
    if (!fd_.valid()) return kEnded;
    ssize_t got;
    do {
      got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got == 0) fd_.reset();
    return Moved(got);
  }

  int fd() const override { return fd_.get(); }

 private:
  Fd fd_;
};

class SocketWriter final : public ByteWriter {
 public:
  explicit SocketWriter(Fd fd) : fd_(std::move(fd)) {}

  IoResult Write(std::span<const iovec> parts) override {
    if (!fd_.valid()) return kEnded;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
    ssize_t sent;
    do {
      sent = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return {IoState::kEnd, 0, errno};
    return Moved(sent);
  }

  int fd() const override { return fd_.get(); }

  void Close(std::function<void()> closed) override {
    if (!fd_.valid()) return;
    // A reader of the same socket has a descriptor of its own, which would keep the connection
    // open.
    ::shutdown(fd_.get(), SHUT_WR);
    fd_.reset();
    closed();
  }

 private:
  Fd fd_;
};

bool IsSocket(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

absl::StatusOr<Fd> Duplicate(int fd) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("duplicating descriptor ", fd));
  return copy;
}

absl::StatusOr<sockaddr_un> UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("unix:", path, ": a socket's path has 1 to ",
                                                   sizeof(address.sun_path) - 1, " bytes"));
  }
  path.copy(address.sun_path, path.size());
  return address;
}

// A connection that is tried until somebody listens. Both directions share it, from two threads.
class UnixConnection {
 public:
  explicit UnixConnection(const sockaddr_un& address) : address_(address) {}

  // kBytes: it is there, and `copy` is a descriptor of it. kBlocked: nobody listens yet.
  IoResult Connect(Fd* copy) {
    if (const IoResult tried = Try(); tried.state != IoState::kBytes) return tried;
    const std::lock_guard lock(mutex_);
    *copy = Fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy->valid()) return {IoState::kError, 0, errno};
    if (++copies_ == 2) fd_.reset();  // so that the last of them ends it
    return {IoState::kBytes, 0, 0};
  }

  IoResult Try() {
    const std::lock_guard lock(mutex_);
    if (!fd_.valid()) {
      Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (!fd.valid()) return {IoState::kError, 0, errno};
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof(address_)) !=
          0) {
        const bool to_come =
            errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN || errno == EINTR;
        return to_come ? IoResult{} : IoResult{IoState::kError, 0, errno};
      }
      if (writing_is_over_) ::shutdown(fd.get(), SHUT_WR);
      fd_ = std::move(fd);
      connected_ = true;
    }
    return {IoState::kBytes, 0, 0};
  }

  bool connected() {
    const std::lock_guard lock(mutex_);
    return connected_;
  }
  // Before it was there.
  void EndWriting() {
    const std::lock_guard lock(mutex_);
    writing_is_over_ = true;
    if (fd_.valid()) ::shutdown(fd_.get(), SHUT_WR);
    ++copies_;
  }

 private:
  const sockaddr_un address_;
  std::mutex mutex_;
  Fd fd_;                         // guarded by mutex_; until both directions have theirs
  int copies_ = 0;                // likewise
  bool connected_ = false;        // likewise
  bool writing_is_over_ = false;  // likewise
};

class UnixReader final : public ByteReader {
 public:
  explicit UnixReader(std::shared_ptr<UnixConnection> connection)
      : connection_(std::move(connection)) {}

  IoResult Read(std::span<char> buffer) override {
    if (!reader_) {
      Fd fd;
      const IoResult connected = connection_->Connect(&fd);
      if (connected.state != IoState::kBytes) return connected;
      reader_.emplace(std::move(fd));
    }
    return reader_->Read(buffer);
  }
  bool Opened() override { return connection_->connected(); }
  int fd() const override { return reader_ ? reader_->fd() : -1; }

 private:
  const std::shared_ptr<UnixConnection> connection_;
  std::optional<SocketReader> reader_;
};

class UnixWriter final : public ByteWriter {
 public:
  explicit UnixWriter(std::shared_ptr<UnixConnection> connection)
      : connection_(std::move(connection)) {}

  bool TryOpen() override { return closed_ || Open().state != IoState::kBlocked; }
  IoResult Write(std::span<const iovec> parts) override {
    if (closed_) return kEnded;
    const IoResult opened = Open();
    return opened.state == IoState::kBytes ? writer_->Write(parts) : opened;
  }
  int fd() const override { return writer_ ? writer_->fd() : -1; }
  void Close(std::function<void()> closed) override {
    if (std::exchange(closed_, true)) return;
    if (writer_) return writer_->Close(std::move(closed));
    connection_->EndWriting();
    closed();
  }

 private:
  IoResult Open() {
    if (writer_) return {IoState::kBytes, 0, 0};
    Fd fd;
    const IoResult connected = connection_->Connect(&fd);
    if (connected.state == IoState::kBytes) writer_.emplace(std::move(fd));
    return connected;
  }

  const std::shared_ptr<UnixConnection> connection_;
  std::optional<SocketWriter> writer_;
  bool closed_ = false;
};

// Why it is of no use to wait for somebody to listen there.
absl::Status CheckUnix(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return absl::FailedPreconditionError(absl::StrCat("unix:", path, " is not a socket"));
    }
    if (::access(path.c_str(), W_OK) == 0) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("connecting unix:", path));
  }
  if (errno != ENOENT) return absl::ErrnoToStatus(errno, absl::StrCat("unix:", path));
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::stat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("unix:", path, ": there is no directory ", directory));
}

}  // namespace

absl::Status CheckFifo(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (S_ISLNK(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is a symbolic link, not a FIFO"));
  }
  if (S_ISFIFO(info.st_mode)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, " is not a FIFO (make one with mkfifo)"));
}

absl::StatusOr<std::unique_ptr<ByteReader>> OpenFifoReader(const std::string& path) {
  if (absl::Status status = CheckFifo(path); !status.ok()) return status;
  Fd fd(::open(path.c_str(), O_RDONLY | kFifoFlags));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", path));
  if (!IsFifo(fd.get())) return absl::FailedPreconditionError(absl::StrCat(path, " is not a FIFO"));
  HintPipeSize(fd.get());
  return std::make_unique<FifoReader>(std::move(fd));
}

absl::StatusOr<std::unique_ptr<ByteWriter>> OpenFifoWriter(const std::string& path) {
  if (absl::Status status = CheckFifo(path); !status.ok()) return status;
  if (::access(path.c_str(), W_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("writing to ", path));
  }
  return std::make_unique<FifoWriter>(path);
}

bool FifoHasReader(const std::string& path) {
  return Fd(::open(path.c_str(), O_WRONLY | kFifoFlags)).valid();
}

absl::StatusOr<std::unique_ptr<ByteReader>> ShareReader(int fd) {
  if (IsSocket(fd)) {
    absl::StatusOr<Fd> copy = Duplicate(fd);
    if (!copy.ok()) return copy.status();
    return std::make_unique<SocketReader>(*std::move(copy));
  }
  absl::StatusOr<SharedEnd> end = SharedEnd::Open(fd, SharedEnd::Direction::kRead);
  if (!end.ok()) return end.status();
  HintPipeSize(end->get());
  return std::make_unique<SharedReader>(*std::move(end));
}

absl::StatusOr<std::unique_ptr<ByteWriter>> ShareWriter(int fd) {
  if (IsSocket(fd)) {
    absl::StatusOr<Fd> copy = Duplicate(fd);
    if (!copy.ok()) return copy.status();
    return std::make_unique<SocketWriter>(*std::move(copy));
  }
  absl::StatusOr<SharedEnd> end = SharedEnd::Open(fd, SharedEnd::Direction::kWrite);
  if (!end.ok()) return end.status();
  HintPipeSize(end->get());
  return std::make_unique<SharedWriter>(*std::move(end));
}

absl::StatusOr<ByteDuplex> ConnectUnix(const std::string& path) {
  const absl::StatusOr<sockaddr_un> address = UnixAddress(path);
  if (!address.ok()) return address.status();
  if (absl::Status status = CheckUnix(path); !status.ok()) return status;
  auto connection = std::make_shared<UnixConnection>(*address);
  if (const IoResult tried = connection->Try(); tried.state == IoState::kError) {
    return absl::ErrnoToStatus(tried.error, absl::StrCat("connecting unix:", path));
  }
  return ByteDuplex{std::make_unique<UnixReader>(connection),
                    std::make_unique<UnixWriter>(connection)};
}

}  // namespace shunt
