// The config register: what an update does to a stored config (contract decisions 8 and 9, edge
// rule 5; G22, G25, G27, F64-F70, F77).
//
// A stored config is a register per top-level key; each remembers the order key of the update that
// wrote it, and the highest order key wins. A replace raises a floor below which nothing counts.
// Both are maxima over a total order, so the same accepted updates end as the same document, bytes
// included, in whatever order and however often they arrive.
//
// Pure functions: no clock, no thread, no I/O. Reasons name paths and keywords, never values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/spec.h"
#include "stores/config_document.h"

namespace shunt {

enum class ConfigMode : uint8_t {
  kMerge,    // each top-level key replaces that key
  kReplace,  // the update is the whole config
};

struct ConfigMember {
  std::string key;    // unescaped
  std::string value;  // raw JSON text
};

struct ConfigUpdate {
  OrderKey order;
  std::vector<ConfigMember> members;  // no key twice
};

// The members of a config object. Of a key that stands in it twice the last value counts, which is
// what the JSON parsers of connectors read. InvalidArgument: not an object, or a key that is not
// Unicode.
absl::StatusOr<std::vector<ConfigMember>> ReadConfigMembers(std::string_view config);

struct UpdateVerdict {
  // kApplied: changed a value. kDuplicate: wrote a key, changed none. kSuperseded: wrote no key.
  Verdict verdict = Verdict::kSuperseded;
  bool alert = false;  // lost a secret to an earlier line of its own pipe
};

struct Judgement {
  bool refused = false;      // nothing happens; `reason` says why
  bool replaced = false;     // merged it did not conform, alone it does: taken as a replace
  bool unvalidated = false;  // no usable spec
  std::string reason;        // or a warning
  std::optional<ConfigDocument> document;  // what to store; empty: as it is
  int64_t generation = -1;                 // after this
  std::vector<UpdateVerdict> verdicts;     // as `updates`; empty when refused
};

// Judges `updates` together, as one: they are applied in the order of their keys, and the result is
// validated once. `spec` may be null. `now` becomes `updated_at` when a value changes.
//
// Accepted when the result has no violation that the stored config did not have; else, in merge
// mode, as a replace at their own (lowest) order key when the updates alone conform and the result
// does.
Judgement JudgeUpdates(const ConfigDocument& stored, std::span<const ConfigUpdate* const> updates,
                       ConfigMode mode, const ConnectorSpec* spec, absl::Time now);

// Whether an accepted update with this order key left a trace in `document`.
bool HoldsOrder(const ConfigDocument& document, const OrderKey& order);

// The pieces, for stages/config_file.h.

// Writes one key (empty value: a tombstone) unless a newer write or the floor forbids it.
bool WriteConfigKey(ConfigDocument* document, std::string_view key,
                    std::optional<std::string> value, const OrderKey& order);

// Brings the keys into the order that depends on content alone: the config file's keys as in the
// file, then the others by name.
void ArrangeConfigKeys(ConfigDocument* document);

// Whether the configs that connectors would be given differ as JSON values.
bool ConfigsDiffer(const ConfigDocument& a, const ConfigDocument& b);

}  // namespace shunt
