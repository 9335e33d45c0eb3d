// ByteReader, ByteWriter: one direction of a stream that somebody else has the other end of: a
// FIFO, a descriptor that we inherited, a unix socket. Never blocks, neither at the opening (FIFOs
// and sockets open without regard to who comes first) nor later.
//
// Threads: one thread at a time; a reader and a writer of the same socket are independent.
// Errors: opening answers with a Status that names the path; what happens later is in the IoResult.
// One run is one open: after the end a FIFO is closed, so that a second writer is refused and does
// not wait for ever (reliability F99).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/io.h"

namespace shunt {

class ByteReader {
 public:
  virtual ~ByteReader() = default;
  // kBlocked also before a FIFO's first writer has come.
  virtual IoResult Read(std::span<char> buffer) = 0;
  // Whether the other side has come, and be it that it is gone again. From any thread.
  virtual bool Opened() { return true; }
  virtual int fd() const = 0;              // to poll; -1 after the end
  virtual int pipe() const { return -1; }  // the same when it is a pipe
};

class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  // Whether the other side is there; for a FIFO, tries to open it. A reader that opens a FIFO waits
  // for its writer, so this is worth trying before there is something to write.
  virtual bool TryOpen() { return true; }
  // kBlocked also before a FIFO's reader has come, while fd() is -1: try again after kFifoRetry.
  virtual IoResult Write(std::span<const iovec> parts) = 0;
  virtual int fd() const = 0;
  virtual int pipe() const { return -1; }  // the same when it is a pipe
  // The other side sees the end when it has read what was written. Destroying an open writer of a
  // socket does not end the stream while its reader lives.
  // `closed` is called when the end is in place: at once, except for a FIFO whose reader has not
  // come yet. That reader would wait in its open for ever if we just went away, so a thread meets
  // it there and calls `closed`; when the writer is destroyed first, the reader's open is released
  // too. Nothing is done, and nothing called, the second time.
  virtual void Close(std::function<void()> closed) = 0;
};

// Nothing tells that a reader opened a FIFO, so a writer has to try.
inline constexpr absl::Duration kFifoRetry = absl::Milliseconds(20);

// NotFound when there is nothing, FailedPrecondition when it is no FIFO (a symbolic link to one is
// none: who may write to the directory could point it anywhere).
absl::Status CheckFifo(const std::string& path);
absl::StatusOr<std::unique_ptr<ByteReader>> OpenFifoReader(const std::string& path);
absl::StatusOr<std::unique_ptr<ByteWriter>> OpenFifoWriter(const std::string& path);

// Whether somebody else reads from a FIFO. REQUIRES: we have it open for writing ourselves, or a
// reader that waits for its writer would meet one that goes away at once.
bool FifoHasReader(const std::string& path);

// A view of an inherited descriptor (see SharedEnd), which stays open and is the caller's:
// GiveUpDescriptor when all views are made. Closing a socket's writer ends only its
// direction.
absl::StatusOr<std::unique_ptr<ByteReader>> ShareReader(int fd);
absl::StatusOr<std::unique_ptr<ByteWriter>> ShareWriter(int fd);

// A connection to a listening unix stream socket, for both directions. Who listens may come later:
// until then reading and writing are blocked and there is no descriptor to poll; try again after
// kFifoRetry. An error when waiting is of no use: no directory, something else than a socket, no
// permission.
struct ByteDuplex {
  std::unique_ptr<ByteReader> reader;
  std::unique_ptr<ByteWriter> writer;
};
absl::StatusOr<ByteDuplex> ConnectUnix(const std::string& path);

}  // namespace shunt
