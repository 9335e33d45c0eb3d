// SharedDirectory: a directory through which two programs talk by files that appear, such as the
// volume that an orchestrator shares with a connector's container. The other side may be anybody,
// so nothing in it is trusted: no symbolic link is followed, nothing but a regular file is read,
// and no read waits.
//
// Threads: one at a time. Errors: a Status that names the path, never content.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/io.h"

namespace shunt {

class SharedDirectory {
 public:
  // Takes the directory for this process, until the object goes: Aborted when another holds it.
  // Leaves no file (the lock is the directory's own).
  static absl::StatusOr<std::unique_ptr<SharedDirectory>> Take(const std::string& path);

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view name) const;

  // Something with this name is there, whatever it is.
  bool Has(std::string_view name) const;
  // NotFound: nothing has the name. FailedPrecondition: what has it is no regular file. OutOfRange:
  // it has more than `bytes_max`.
  absl::StatusOr<std::string> Read(std::string_view name, std::size_t bytes_max) const;
  // OK also when it was there.
  absl::Status Touch(std::string_view name) const;
  // The new bytes or the old ones, by rename. Owner and mode stay those of the file that is
  // replaced, as far as we may set them; a new file gets `new_mode`.
  absl::Status Replace(std::string_view name, std::string_view bytes, unsigned new_mode) const;
  // OK also when nothing had the name.
  absl::Status Remove(std::string_view name) const;

  // Readable when a file has appeared or changed. -1: the system watches no more directories;
  // then somebody has to look now and then, as well on file systems that tell no news of others.
  int watch_fd() const { return watch_.get(); }
  // Whether there was news since the last call.
  bool DrainWatch() const;

 private:
  SharedDirectory(std::string path, Fd directory, Fd watch)
      : path_(std::move(path)), directory_(std::move(directory)), watch_(std::move(watch)) {}

  const std::string path_;
  const Fd directory_;
  const Fd watch_;
};

}  // namespace shunt
