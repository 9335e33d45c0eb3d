#include "stores/config_document.h"

#include <array>
#include <cstddef>

#include "platform/check.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

constexpr std::array<std::string_view, 5> kVerdictNames = {"pending", "applied", "superseded",
                                                           "duplicate", "quarantined"};

}  // namespace

std::string ConfigDocument::ToJson() const {
  std::string json = "{";
  for (const ConfigKey& key : keys) {
    if (!key.value) continue;
    if (json.size() > 1) json += ',';
    json += JsonQuote(key.key);
    json += ':';
    json += *key.value;
  }
  json += '}';
  return json;
}

std::string_view VerdictName(Verdict verdict) {
  const auto index = static_cast<std::size_t>(verdict);
  SHUNT_CHECK(index < kVerdictNames.size());
  return kVerdictNames[index];
}

std::optional<Verdict> ParseVerdictName(std::string_view name) {
  for (std::size_t i = 0; i < kVerdictNames.size(); ++i) {
    if (kVerdictNames[i] == name) return static_cast<Verdict>(i);
  }
  return std::nullopt;
}

}  // namespace shunt
