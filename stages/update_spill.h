// UpdateSpill: the last resort for config updates that the store does not take (contract decision
// 10; G33, G45): a file on another path, durable before anybody is told of it, that
// `shunt config recover` and the next run bring back (stages/update_recovery.h).
//
// A file holds the updates of one pipe. With keys they are encrypted (secrets/sealing.h); without,
// the file is 0600, as the store's is. One JSON object:
//
//   { "schema": "shunt.spill/1", "store_id", "store", "config_id", "run_id", "writer", "replace",
//     "spec": the connector's spec or null,
//     "updates": the rows as a JSON array, sealed, or in base64 when there is no key }
//
// Threads: one at a time. Ownership: shares the keys. Errors: Unavailable when no directory took
// the file, with the last cause; DataLoss and PermissionDenied when one cannot be read. Messages
// name paths, never content. Bounds: a file above kSpillFileBytesMax is not read.
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

class UpdateSpill {
 public:
  struct Options {
    std::vector<std::string> directories;  // made (0700); the first that takes a file gets it
    std::string store_url, store_id;
    std::shared_ptr<const Keyring> keys;  // may be null
  };
  UpdateSpill(Options options, Entropy& entropy)
      : options_(std::move(options)), entropy_(entropy) {}

  bool encrypts() const { return options_.keys != nullptr; }

  // The path of a new file. REQUIRES: there are rows.
  absl::StatusOr<std::string> Write(const SpilledUpdates& updates) const;

  // The files of this store in all directories.
  std::vector<std::string> List() const;
  absl::StatusOr<SpilledUpdates> Read(const std::string& path) const;
  // Once its updates are durable elsewhere.
  absl::Status Remove(const std::string& path) const;

 private:
  const Options options_;
  Entropy& entropy_;
};

// Of which config the file is, without opening what is encrypted. "" when it is no spill file.
std::string ConfigIdOfSpill(const std::string& path);

}  // namespace shunt
