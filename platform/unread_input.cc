#include "platform/unread_input.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

// Another descriptor of the same pipe, for the other direction.
Fd Reopen(int fd, int direction) {
  return Fd(::open(absl::StrCat("/proc/self/fd/", fd).c_str(), direction | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

void UnreadInput::Watch(int fd) {
  struct stat info{};
  if (fd < 0 || ::fstat(fd, &info) != 0) return;
  const std::lock_guard lock(mutex_);
  if (fd_.valid()) return;
  socket_ = S_ISSOCK(info.st_mode);
  if (socket_) {
    fd_ = Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  } else if (S_ISFIFO(info.st_mode)) {
    fd_ = Reopen(fd, O_RDONLY);
  }
}

UnreadInput::Found UnreadInput::Look() {
  const std::lock_guard lock(mutex_);
  if (abandoned_.any || !fd_.valid()) return abandoned_;
  const Found found = socket_ ? LookAtSocket() : LookAtPipe();
  if (found.any && !found.may_be_read) abandoned_ = found;
  return found;
}

UnreadInput::Found UnreadInput::LookAtPipe() {
  int bytes = 0;
  if (::ioctl(fd_.get(), FIONREAD, &bytes) != 0 || bytes <= 0) return {};
  Found found{.any = true, .bytes = static_cast<uint64_t>(bytes), .may_be_read = true};
  // Ours must not be taken for a reader's. While it is away, a writing end keeps the bytes.
  const Fd writer = Reopen(fd_.get(), O_WRONLY);
  if (!writer.valid()) return found;
  fd_.reset();
  pollfd request{writer.get(), 0, 0};
  const bool nobody = ::poll(&request, 1, 0) > 0 && (request.revents & POLLERR) != 0;
  found.may_be_read = !nobody;
  fd_ = Reopen(writer.get(), O_RDONLY);
  // What was read in between is not unread.
  if (fd_.valid() && ::ioctl(fd_.get(), FIONREAD, &bytes) == 0 && bytes == 0) return {};
  return found;
}

// Who closes a socket with something unread resets it; until then it waits in our queue.
UnreadInput::Found UnreadInput::LookAtSocket() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return {};
  if (error == ECONNRESET) return {.any = true, .bytes = 0, .may_be_read = false};
  int bytes = 0;
  if (::ioctl(fd_.get(), SIOCOUTQ, &bytes) != 0 || bytes <= 0) return {};
  return {.any = true, .bytes = 0, .may_be_read = true};
}

}  // namespace shunt
