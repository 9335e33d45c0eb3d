#include "secrets/secret_values.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "protocol/json_cursor.h"
#include "secrets/decoded_view.h"

namespace shunt {
namespace {

// What an OAuth flow writes into a config (RFC 6749 5.1), whether the spec marks it or not.
constexpr std::string_view kOAuthNames[] = {"access_token", "refresh_token", "id_token",
                                            "client_secret"};

void AddOAuthValues(const JsonSlice& value, std::vector<std::string>* values) {
  if (value.is_array()) {
    for (const JsonSlice& element : JsonElements(value).value_or(std::vector<JsonSlice>())) {
      AddOAuthValues(element, values);
    }
  }
  if (!value.is_object()) return;
  for (const JsonMember& member : JsonMembers(value).value_or(std::vector<JsonMember>())) {
    AddOAuthValues(member.value, values);
    if (!member.value.is_string()) continue;
    const std::optional<std::string> key = JsonUnescape(member.raw_key);
    if (std::find(std::begin(kOAuthNames), std::end(kOAuthNames), key) == std::end(kOAuthNames)) {
      continue;
    }
    if (std::optional<std::string> text = JsonString(member.value)) {
      values->push_back(*std::move(text));
    }
  }
}

}  // namespace

std::vector<std::string> SecretValuesOf(std::string_view config, const ConnectorSpec* spec) {
  if (spec == nullptr) return SecretValuesByName(config);
  std::vector<std::string> values = spec->SecretValues(config);
  if (const std::optional<JsonSlice> json = ParseJson(config)) AddOAuthValues(*json, &values);
  return values;
}

std::string MaskConfig(std::string_view config, const ConnectorSpec* spec) {
  return spec != nullptr ? spec->Mask(config) : MaskByName(config);
}

std::vector<std::string> SecretsOfVariables(const std::map<std::string, std::string>& variables) {
  std::string json = "{";
  for (const auto& [name, value] : variables) {
    if (json.size() > 1) json += ',';
    json += JsonQuote(name) + ":" + JsonQuote(value);
  }
  return SecretValuesByName(json + "}");
}

std::vector<std::string> SecretsOfUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view authority = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  const std::size_t end = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (end == std::string_view::npos || colon == std::string_view::npos || colon > end) return {};
  const DecodedView password(authority.substr(colon + 1, end - colon - 1));
  return {std::string(password.PercentDecoded(DecodedView::Plus::kPlus).text())};
}

}  // namespace shunt
