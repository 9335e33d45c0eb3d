#include "platform/pipe_tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "platform/check.h"

namespace shunt {

std::unique_ptr<PipeTap> PipeTap::Create() {
  absl::StatusOr<Pipe> pipe = MakePipe(kBytes);
  Fd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  struct stat status;
  if (!pipe.ok() || !nowhere.valid() || fstat(nowhere.get(), &status) != 0 ||
      !S_ISCHR(status.st_mode)) {
    return nullptr;
  }
  if (fcntl(pipe->write_end.get(), F_GETPIPE_SZ) < static_cast<int>(kBytes)) return nullptr;
  return std::unique_ptr<PipeTap>(new PipeTap(*std::move(pipe), std::move(nowhere)));
}

bool PipeTap::IsPipe(int fd) {
  struct stat status;
  return fd >= 0 && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

std::size_t PipeTap::Duplicate(int pipe, std::size_t bytes_max) {
  ssize_t n;
  do {
    n = tee(pipe, pipe_.write_end.get(), bytes_max, SPLICE_F_NONBLOCK);
  } while (n < 0 && errno == EINTR);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

IoResult PipeTap::MoveTo(int pipe, std::size_t bytes) {
  for (;;) {
    const ssize_t n = splice(pipe_.read_end.get(), nullptr, pipe, nullptr, bytes,
                             SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) return {IoState::kBytes, static_cast<std::size_t>(n), 0};
    SHUNT_CHECK(n != 0);  // we hold the write end, so there is no end of file
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {IoState::kBlocked, 0, 0};
    if (errno == EPIPE) return {IoState::kEnd, 0, 0};
    return {IoState::kError, 0, errno};
  }
}

bool PipeTap::Drop(std::size_t bytes) {
  while (bytes > 0) {
    const IoResult result = MoveTo(nowhere_.get(), bytes);
    if (result.state != IoState::kBytes) return false;
    bytes -= result.bytes;
  }
  return true;
}

}  // namespace shunt
