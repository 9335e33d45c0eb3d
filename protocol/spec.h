// ConnectorSpec: a connector's `connectionSpecification` compiled to a validator, and the list of
// what it marks secret. JSON Schema draft-07, the part that connector specs use: type, required,
// properties, additionalProperties, enum, const, minimum/maximum (+exclusive), multipleOf, minLength/maxLength,
// pattern (RE2; a pattern it cannot take is skipped and noted), items (+ additionalItems), minItems/maxItems,
// uniqueItems, minProperties/maxProperties, patternProperties, propertyNames, dependencies, contains,
// oneOf/anyOf/allOf/not, if/then/else, local $ref ("#", "#/pointer"). Never a network access.
//
// Immutable after Compile, so thread-safe. Errors name JSON Pointer paths and keywords, never values.
// Bounds: a validation stops after `kValidationStepsMax` steps (then: not usable, reported as such).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace shunt {

struct SpecViolation {
  std::string path;     // JSON Pointer into the config; "" is the root
  std::string keyword;  // the schema keyword that failed: "required", "type", ...
  std::string detail;   // "missing key api_key", "expected integer": never a value of the config
  bool operator==(const SpecViolation&) const = default;
};

inline constexpr int kValidationStepsMax = 1'000'000;

class ConnectorSpec {
 public:
  // `json`: the connectionSpecification object. InvalidArgument when it cannot be used (not an object or
  // boolean, a $ref that leaves the document or does not resolve).
  static absl::StatusOr<std::shared_ptr<const ConnectorSpec>> Compile(std::string_view json);
  ~ConnectorSpec();

  // At most 32 violations, in document order. Top-level keys that CDKs add (_limit, _page_size) are
  // ignored. ResourceExhausted past the step limit; InvalidArgument when `config` is not JSON.
  absl::StatusOr<std::vector<SpecViolation>> Validate(std::string_view config) const;

  // The string (or number) values of `config` at places that the spec marks airbyte_secret, through
  // oneOf/anyOf/allOf/$ref/items. Unescaped.
  std::vector<std::string> SecretValues(std::string_view config) const;

  // `config` with every secret value (of any type but null/object/array) replaced by "**********"; bytes elsewhere unchanged.
  std::string Mask(std::string_view config) const;

  std::string_view json() const;

 private:
  struct Impl;
  explicit ConnectorSpec(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kSecretMask = "**********";

// Without a spec: keys that sound secret (password, token, secret, api_key, private_key, credential, ...) at any depth,
// case-insensitive. Same results as the members above.
std::vector<std::string> SecretValuesByName(std::string_view config);
std::string MaskByName(std::string_view config);

}  // namespace shunt
