#include "stages/config_keys.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "protocol/canonical_json.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

bool Less(const OrderKey& a, const OrderKey& b) { return a < b; }

}  // namespace

absl::StatusOr<std::vector<ConfigMember>> ReadConfigMembers(std::string_view config) {
  const std::optional<JsonSlice> object = ParseJson(config);
  if (!object || !object->is_object()) {
    return absl::InvalidArgumentError("the config is not a JSON object");
  }
  const auto members = JsonMembers(*object);
  if (!members) return absl::InvalidArgumentError("the config is not a JSON object");
  std::vector<ConfigMember> read;
  std::map<std::string, std::size_t> places;
  for (const JsonMember& member : *members) {
    std::optional<std::string> key = JsonUnescape(member.raw_key);
    if (!key) return absl::InvalidArgumentError("a key of the config is not valid Unicode");
    const auto [place, is_new] = places.try_emplace(*key, read.size());
    if (is_new) {
      read.push_back({*std::move(key), std::string(member.value.text)});
    } else {
      read[place->second].value = std::string(member.value.text);
    }
  }
  return read;
}

bool HasConfigFloor(const ConfigDocument& document) {
  return document.floor.effective_at_ms > -std::numeric_limits<double>::infinity();
}

bool SameConfigValue(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const std::optional<JsonDigest> digest = CanonicalDigest(a);
  return digest && digest == CanonicalDigest(b);
}

bool HoldsAnyOrder(const ConfigDocument& document, std::span<const OrderKey> orders) {
  std::vector<OrderKey> sorted(orders.begin(), orders.end());
  std::sort(sorted.begin(), sorted.end(), Less);
  const auto holds = [&](const OrderKey& order) {
    return std::binary_search(sorted.begin(), sorted.end(), order, Less);
  };
  return holds(document.newest) || holds(document.floor) ||
         std::any_of(document.keys.begin(), document.keys.end(),
                     [&](const ConfigKey& entry) { return holds(entry.order); });
}

ConfigWriter::ConfigWriter(ConfigDocument* document) : document_(document) {
  for (std::size_t i = 0; i < document->keys.size(); ++i) {
    places_.emplace(document->keys[i].key, i);
  }
}

bool ConfigWriter::Write(std::string_view key, std::optional<std::string> value,
                         const OrderKey& order) {
  if (HasConfigFloor(*document_) && order < document_->floor) return false;
  const auto [place, is_new] = places_.try_emplace(std::string(key), document_->keys.size());
  if (is_new) {
    document_->keys.push_back({std::string(key), std::move(value), order});
    return true;
  }
  ConfigKey& entry = document_->keys[place->second];
  if (!(order > entry.order)) return false;
  entry.value = std::move(value);
  entry.order = order;
  return true;
}

void ArrangeConfigKeys(ConfigDocument* document) {
  std::map<std::string_view, std::size_t> in_file;
  for (const auto& [key, fingerprint] : document->file_fingerprints) {
    in_file.emplace(key, in_file.size());
  }
  const auto place = [&](const ConfigKey& entry) {
    const auto found = in_file.find(entry.key);
    return found == in_file.end() ? in_file.size() : found->second;
  };
  std::sort(document->keys.begin(), document->keys.end(),
            [&](const ConfigKey& a, const ConfigKey& b) {
              return std::pair(place(a), std::string_view(a.key)) <
                     std::pair(place(b), std::string_view(b.key));
            });
}

bool ConfigsDiffer(std::span<const ConfigKey> a, std::span<const ConfigKey> b) {
  std::map<std::string_view, const ConfigKey*> live;
  for (const ConfigKey& entry : b) {
    if (entry.value) live.emplace(entry.key, &entry);
  }
  for (const ConfigKey& entry : a) {
    if (!entry.value) continue;
    const auto other = live.find(entry.key);
    if (other == live.end() || !SameConfigValue(*entry.value, *other->second->value)) return true;
    live.erase(other);
  }
  return !live.empty();
}

}  // namespace shunt
