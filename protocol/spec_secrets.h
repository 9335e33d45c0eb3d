// Which values of a config are secret: by the airbyte_secret marks of its spec, or by the names of
// its keys. When in doubt a value is secret: a value that any alternative of the spec marks is,
// even where another alternative applies; below a marked object everything is; and a search that
// runs out of steps takes the rest. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_tree.h"
#include "protocol/spec_schema.h"

namespace shunt {

// The nodes of secret values, in document order; never an object, array or null.
std::vector<uint32_t> SecretsBySchema(const SchemaSet& schemas, const JsonTree& config);
std::vector<uint32_t> SecretsByName(const JsonTree& config);

// The distinct strings (unescaped) and numbers among them, without empty ones.
std::vector<std::string> SecretTexts(const JsonTree& config, const std::vector<uint32_t>& secrets);

// `text`, of which `config` is the tree, with each of the values replaced by kSecretMask.
std::string MaskSecrets(std::string_view text, const JsonTree& config,
                        const std::vector<uint32_t>& secrets);

// Whether a key sounds as if its value were secret.
bool SoundsSecret(std::string_view key);

}  // namespace shunt
