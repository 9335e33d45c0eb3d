// What a store keeps about one connector's config: a register per top-level key, each with the
// order key of the update that wrote it, so that any arrival order of the same updates ends the
// same (contract decisions 7, 8; guarantees G22, G23, G25). Plain values; the rules are in
// stages/config_register.h.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "protocol/message.h"

namespace shunt {

// (emitted_at in ms, epoch of the run, line number in its pipe): highest wins. Never NaN.
struct OrderKey {
  double effective_at_ms = -std::numeric_limits<double>::infinity();
  int64_t epoch = 0;
  int64_t seq = 0;
  std::partial_ordering operator<=>(const OrderKey&) const = default;
  bool operator==(const OrderKey&) const = default;
};

struct ConfigKey {
  std::string key;                   // unescaped
  std::optional<std::string> value;  // raw JSON text; empty: a tombstone (removed at `order`)
  OrderKey order;
  bool operator==(const ConfigKey&) const = default;
};

struct ConfigDocument {
  // -1: nothing stored yet; 0: from the config file; +1 for every applied change.
  int64_t generation = -1;
  std::vector<ConfigKey> keys;  // in document order; tombstones keep their place
  OrderKey floor;               // of the newest replace: older merges do not cross it
  OrderKey newest;              // of the newest accepted update; a duplicate advances it
  std::string file_salt;        // for the fingerprints of the config file's own keys
  std::vector<std::pair<std::string, std::string>> file_fingerprints;  // key -> salted digest
  absl::Time updated_at = absl::UnixEpoch();
  // The store's seal (StoreIdentity) as it stood in the transaction that read the document, also
  // when there is no document. Written by nobody through here.
  std::string store_seal;

  bool operator==(const ConfigDocument&) const = default;
  bool exists() const { return generation >= 0; }
  std::string ToJson() const;  // the config a connector is given: live keys in order
};

enum class Verdict : uint8_t { kPending, kApplied, kSuperseded, kDuplicate, kQuarantined };
std::string_view VerdictName(Verdict verdict);  // "pending", "applied", ...
std::optional<Verdict> ParseVerdictName(std::string_view name);

// One update in the journal. (config_id, run_id, writer, order.seq) is unique: writing the same
// again has no effect.
struct JournalRow {
  std::string config_id;
  std::string run_id;
  std::string writer;  // "source", "destination", "file", "import"
  OrderKey order;
  std::string emitted_at_text;  // as received
  // "connector", "router" (unusable emitted_at), "lifted" (clock stepped back).
  std::string time_source;
  absl::Time received_at;
  Verdict verdict = Verdict::kPending;
  std::string reason;             // paths and keywords, never values
  std::vector<std::string> keys;  // top-level keys that the update carried
  std::string payload;            // the config's JSON text
  int64_t generation = -1;        // after it was judged
  bool unvalidated = false;
  // It lost although it came later, with another secret; or it is quarantined, because it names a
  // config in a way that cannot be judged.
  bool alert = false;
  bool operator==(const JournalRow&) const = default;
};

}  // namespace shunt
