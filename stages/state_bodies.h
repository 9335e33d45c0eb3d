// StateBodies: keeps the bytes of states that wait for their acknowledgement. The first
// `memory_bytes_max` are kept in memory, what comes on top goes to an unlinked file, so that a
// destination that acknowledges late can never be the reason to stop reading (G19). The file is
// about as large as the most that ever waited at once (stages/spill_space.h), and gives back what
// is free at its end.
//
// Threads: one. Ownership: a Body, a plain value, must be given back with Take
// or Drop, once. Errors: a Status when the
// file cannot be written or read; it names the directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/files.h"
#include "stages/spill_space.h"

namespace shunt {

class StateBodies {
 public:
  struct Body {
    bool kept() const { return bytes > 0; }
    bool in_memory() const { return place < 0; }
    int64_t place = 0;  // in the file; below 0: under this number in memory
    uint64_t bytes = 0;
  };

  StateBodies(std::string spill_dir, uint64_t memory_bytes_max)
      : spill_dir_(std::move(spill_dir)), memory_bytes_max_(memory_bytes_max) {}

  // Nothing is kept of an empty text.
  absl::StatusOr<Body> Keep(std::string text);
  absl::StatusOr<std::string> Take(const Body& body);
  absl::StatusOr<std::string> Read(const Body& body) const;  // and still keeps it
  void Drop(const Body& body);

  // What the file takes, and what of it is in use: the rest is given out again.
  int64_t file_bytes() const { return file_ ? file_->size() : 0; }
  int64_t spilled_bytes() const { return space_.used(); }

 private:
  const std::string spill_dir_;
  const uint64_t memory_bytes_max_;
  uint64_t memory_bytes_ = 0;
  int64_t last_number_ = 0;                          // counts down
  absl::flat_hash_map<int64_t, std::string> texts_;  // in memory
  std::optional<UnlinkedFile> file_;
  SpillSpace space_;  // of the file
};

}  // namespace shunt
