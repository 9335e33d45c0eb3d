// Which values of a config are secret: by the airbyte_secret marks of its spec, or by the names of
// its keys. When in doubt a value is secret: a value that any alternative of the spec marks is,
// even where another alternative applies; below a marked object everything is; and a search that
// runs out of steps takes the rest. Pure functions, thread-safe.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_tree.h"
#include "protocol/spec_schema.h"

namespace shunt {

// Nodes in document order.
struct SecretNodes {
  std::vector<uint32_t> values;  // never an object, array or null
  std::vector<uint32_t> keys;    // members whose key is no name but a token itself
};
SecretNodes SecretsBySchema(const SchemaSet& schemas, const JsonTree& config);
SecretNodes SecretsByName(const JsonTree& config);

// The keys of members that some place of the schemas calls secret.
std::set<std::string, std::less<>> SecretKeys(const SchemaSet& schemas);

// The distinct strings (unescaped), numbers and keys among them, without empty ones.
std::vector<std::string> SecretTexts(const JsonTree& config, const SecretNodes& secrets);

// `text`, of which `config` is the tree, with each of the values and keys replaced by kSecretMask.
std::string MaskSecrets(std::string_view text, const JsonTree& config, const SecretNodes& secrets);

}  // namespace shunt
