// The keys of a stored config: reading, writing, arranging and comparing them. None of it costs
// more than about what the configs are long. Pure; not thread-safe where it writes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "stores/config_document.h"

namespace shunt {

struct ConfigMember {
  std::string key;    // unescaped
  std::string value;  // raw JSON text
};

// The members of a config object. Of a key that stands in it twice the last value counts, which is
// what the JSON parsers of connectors read. InvalidArgument: not an object, or a key that is not
// Unicode.
absl::StatusOr<std::vector<ConfigMember>> ReadConfigMembers(std::string_view config);

// Whether a replace left a floor.
bool HasConfigFloor(const ConfigDocument& document);

// As JSON values.
bool SameConfigValue(const std::string& a, const std::string& b);

// Whether accepted updates with these order keys left a trace in `document`.
bool HoldsAnyOrder(const ConfigDocument& document, std::span<const OrderKey> orders);

// Writes keys into a document, unless a newer write or the floor forbids it.
class ConfigWriter {
 public:
  // `document` outlives it, and nobody else changes its keys meanwhile.
  explicit ConfigWriter(ConfigDocument* document);
  // An empty value: a tombstone.
  bool Write(std::string_view key, std::optional<std::string> value, const OrderKey& order);

 private:
  ConfigDocument* const document_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

// Brings the keys into the order that depends on content alone: the config file's keys as in the
// file, then the others by name.
void ArrangeConfigKeys(ConfigDocument* document);

// Whether the configs that connectors would be given differ as JSON values.
bool ConfigsDiffer(std::span<const ConfigKey> a, std::span<const ConfigKey> b);
inline bool ConfigsDiffer(const ConfigDocument& a, const ConfigDocument& b) {
  return ConfigsDiffer(a.keys, b.keys);
}

}  // namespace shunt
