// PipeTap: a pipe of our own that holds, by reference, a copy of what waits in another pipe, so
// that bytes can be looked at and then passed on without being copied a second time.
//
// Duplicate() is tee(2), MoveTo() is splice(2): the kernel hands on the pages that the source's
// write(2) filled, which nobody writes to again. (vmsplice(2) of our own buffers would hand on
// pages that we do write to again, and corrupt the stream.) A source that itself fills its pipe
// with vmsplice and uses that memory again must be run without a tap (docs/adr/0007).
//
// Threads: one may duplicate while another moves and drops. Ownership: three descriptors.
// Errors: a tap only saves work: what it cannot do is answered with zero or an IoResult, and the
// caller writes the bytes it has read. Bounds: kBytes of the kernel's memory, charged to the
// source.
#pragma once

#include <cstddef>
#include <memory>

#include "platform/io.h"

namespace shunt {

class PipeTap {
 public:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;

  // Null when the kernel gives no pipe of that size.
  static std::unique_ptr<PipeTap> Create();

  static bool IsPipe(int fd);

  // References up to `bytes_max` of the bytes that wait in `pipe`, and leaves them there. Zero when
  // there are none, the tap is full, or it cannot be done. REQUIRES: O_NONBLOCK on `pipe`.
  std::size_t Duplicate(int pipe, std::size_t bytes_max);

  // Moves up to `bytes` of the tap's first bytes into `pipe`. REQUIRES: they were duplicated; a
  // SigpipeGuard on this thread.
  IoResult MoveTo(int pipe, std::size_t bytes);
  // Forgets the first `bytes`. REQUIRES: they were duplicated. False: the kernel refuses, and what
  // is left in the tap is not known.
  bool Drop(std::size_t bytes);

 private:
  PipeTap(Pipe pipe, Fd nowhere) : pipe_(std::move(pipe)), nowhere_(std::move(nowhere)) {}

  Pipe pipe_;
  Fd nowhere_;  // /dev/null
};

}  // namespace shunt
