// UnreadInput: what the other side of a pipe or socket has not read of what we wrote there, looked
// at after we have closed our end. A reader that goes away with success and leaves something behind
// has not seen all of it, and nothing else tells: what was written fits the pipe, so no write
// fails.
//
// A pipe is held open for reading from the moment on at which we close it for writing: that keeps
// what is in it, and hides the end of file from nobody. Threads: any; one lock. Errors: where a
// pipe cannot be looked into (no /proc, another user's FIFO that we may only write) nothing is
// known, and that counts as read.
#pragma once

#include <cstdint>
#include <mutex>

#include "platform/io.h"

namespace shunt {

class UnreadInput {
 public:
  struct Found {
    bool any = false;
    uint64_t bytes = 0;        // 0: nobody knows how many
    bool may_be_read = false;  // somebody has the other end open still
    bool operator==(const Found&) const = default;
  };

  // Just before the last descriptor that writes to it is closed. Anything but a pipe or a socket is
  // never unread.
  void Watch(int fd);
  Found Look();

 private:
  Found LookAtPipe();
  Found LookAtSocket() const;

  std::mutex mutex_;
  Fd fd_;                // guarded by mutex_
  bool socket_ = false;  // likewise
  Found abandoned_;      // likewise; final when there is any
};

}  // namespace shunt
