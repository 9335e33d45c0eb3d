// The secret values of a config: by the connector's spec when there is one (and what an OAuth flow
// writes, marked or not), else by the names of keys (contract decision 12). Pure functions;
// thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spec.h"

namespace shunt {

// `spec` may be null.
std::vector<std::string> SecretValuesOf(std::string_view config, const ConnectorSpec* spec);

// `config` with its secret values masked, for people.
std::string MaskConfig(std::string_view config, const ConnectorSpec* spec);

// Variables have no spec: which of them is secret is told by their names.
std::vector<std::string> SecretsOfVariables(const std::map<std::string, std::string>& variables);

// The password of a store's URL, scheme://user:password@host: none or one.
std::vector<std::string> SecretsOfUrl(std::string_view url);

}  // namespace shunt
