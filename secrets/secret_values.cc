#include "secrets/secret_values.h"

#include "protocol/json_cursor.h"
#include "secrets/decoded_view.h"

namespace shunt {

std::vector<std::string> SecretValuesOf(std::string_view config, const ConnectorSpec* spec) {
  return spec != nullptr ? spec->SecretValues(config) : SecretValuesByName(config);
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
