// SealAnchor: what this machine has seen of an encrypted store, in a small file outside of it. A
// database that was put back as a whole, or by another one, cannot be told from the truth by what
// is in it: who can write the database can copy all of it. This file knows better. It belongs
// beside the key, where nobody writes who can write the database.
//
// One file per store; several processes may share it. Threads: one at a time.
// Errors: InvalidArgument for a file that is not ours or not an anchor; Unavailable when it cannot
// be written; messages name the path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shunt {

struct SealSeen {
  std::string store_id;
  uint64_t revision = 0;  // of the newest head (stores/seal_head.h)
};

class SealAnchor {
 public:
  explicit SealAnchor(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // Nothing: the file is not there yet.
  absl::StatusOr<std::optional<SealSeen>> Read() const;
  // Durable afterwards. What is there of the same store and newer stays, unless `replace`.
  absl::Status Keep(const SealSeen& seen, bool replace) const;

 private:
  const std::string path_;
};

}  // namespace shunt
