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

// Of a text that should have been a config, or a message with one, and cannot be read as such: the
// values behind keys that the spec (may be null) marks secret or that sound so, quoted or not, in
// any JSON or what looks like it. kFragmentValuesMax of the first kFragmentBytesMax bytes.
std::vector<std::string> SecretsOfFragment(std::string_view text, const ConnectorSpec* spec);
inline constexpr std::size_t kFragmentValuesMax = 256;
inline constexpr std::size_t kFragmentBytesMax = std::size_t{1} << 20;

// Variables have no spec: which of them is secret is told by their names.
std::vector<std::string> SecretsOfVariables(const std::map<std::string, std::string>& variables);

// The password of a store's URL, scheme://user:password@host: none or one.
std::vector<std::string> SecretsOfUrl(std::string_view url);

}  // namespace shunt
