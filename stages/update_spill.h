// UpdateSpill: the last resort for config updates that the store does not take (contract decision
// 10; G33, G45): a file on another path, durable before anybody is told of it, that
// `shunt config recover` and the next run bring back (stages/update_recovery.h).
//
// A file holds updates of one pipe. With keys they are encrypted, and bound to all that stands
// beside them (secrets/sealing.h); without, the file is 0600, as the store's is. Its name holds the
// store's id. One JSON object:
//
//   { "schema": "shunt.spill/1", "store_id", "store", "config_id", "run_id", "writer", "replace",
//     "spec": the connector's spec or null,
//     "updates": the rows as a JSON array, sealed, or in base64 when there is no key }
//
// Threads: one at a time; several processes may bring the same files back. Ownership: shares the
// keys. Errors: Unavailable when no directory took the file, with the last cause; DataLoss and
// PermissionDenied when one cannot be read or believed. Messages name paths, never content. Bounds:
// a file above kSpillFileBytesMax is not read.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/entropy.h"
#include "secrets/keyring.h"
#include "stores/config_document.h"

namespace shunt {

inline constexpr std::size_t kSpillFileBytesMax = std::size_t{256} << 20;

// Updates of one pipe that are in no store, in pipe order.
struct SpilledUpdates {
  std::string config_id;
  bool replace = false;   // the mode that they were to be judged in
  std::string spec_json;  // "" without a spec
  // Pending; a quarantined one is as it stands: there is nothing to judge.
  std::vector<JournalRow> rows;
};

// Files whose updates belong together.
struct SpillGroup {
  std::string config_id, run_id, writer;
  std::vector<std::string> paths;
};

class UpdateSpill {
 public:
  struct Options {
    std::vector<std::string> directories;  // made (0700); the first that takes a file gets it
    std::string store_url, store_id;
    std::shared_ptr<const Keyring> keys;  // may be null
  };
  UpdateSpill(Options options, Entropy& entropy)
      : options_(std::move(options)), entropy_(entropy) {}

  // Whether what stands in `path` is lost when the machine starts anew.
  static bool IsInMemory(const std::string& path);

  bool encrypts() const { return options_.keys != nullptr; }

  // The path of a new file. REQUIRES: there are rows.
  absl::StatusOr<std::string> Write(const SpilledUpdates& updates) const;

  // The files of this store in all directories; those of one run, config and pipe together, because
  // they are to be judged together. An error when one of them cannot be read.
  absl::StatusOr<std::vector<SpillGroup>> List() const;
  // One file, wherever it is: for what a person points at.
  absl::StatusOr<SpillGroup> Find(const std::string& path) const;

  // All updates of a group, in pipe order. Files that are gone were brought back by somebody else:
  // NotFound when all are. kEncrypted: with keys, a file that is not encrypted is not believed, for
  // anybody who can write into the directory could have made it.
  enum class Trust : uint8_t { kEncrypted, kAll };
  absl::StatusOr<SpilledUpdates> Read(const SpillGroup& group, Trust trust) const;
  // Once its updates are durable elsewhere.
  absl::Status Remove(const SpillGroup& group) const;

 private:
  const Options options_;
  Entropy& entropy_;
};

}  // namespace shunt
