// ConnectorSpec: a connector's `connectionSpecification` compiled to a validator, and the list of
// what it marks secret. JSON Schema draft-07, or 04 or 06 when its $schema says so, completely:
// type, required, properties, additionalProperties, enum, const, minimum/maximum (+exclusive),
// multipleOf, minLength/maxLength, pattern (RE2), items (+ additionalItems), minItems/maxItems,
// uniqueItems, minProperties/maxProperties, patternProperties, propertyNames, dependencies,
// contains, oneOf/anyOf/allOf/not, if/then/else, format, $ref and $id. Numbers compare by exact
// value, lengths count code points; all other keywords (Airbyte's own among them) are ignored.
//
// A $ref leads to a place in the spec, in one of the meta-schemas, or in a document that the caller
// passed. Never a network or file access.
//
// A keyword that is malformed, and a pattern that RE2 cannot take, is skipped and noted: a spec is
// not written by whoever needs it.
//
// Immutable after Compile, so thread-safe. Errors name JSON Pointer paths and keywords, never
// values. Bounds: a validation stops after `kValidationStepsMax` steps (then: not usable, reported
// as such), and no step takes longer because of what the spec or the config say; specs and configs
// of more than 250,000 values, and specs longer than `kSpecBytesMax`, are not looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace shunt {

struct SpecViolation {
  std::string path;     // JSON Pointer into the config; "" is the root; long keys are cut
  std::string keyword;  // the schema keyword that failed: "required", "type", ...
  std::string detail;   // "missing key api_key", "expected integer": never a value of the config
  bool operator==(const SpecViolation&) const = default;
};

inline constexpr int kValidationStepsMax = 1'000'000;
inline constexpr std::size_t kSpecBytesMax = std::size_t{16} << 20;

enum class SpecDraft : uint8_t {
  k4,  // exclusiveMinimum is a boolean, `id` for $id, 1.0 is no integer; no const, contains or
       // propertyNames
  k6,  // no if/then/else
  k7,
};

// A document that a $ref may lead to.
struct SpecDocument {
  std::string_view uri;
  std::string_view json;
};

struct SpecOptions {
  SpecDraft draft = SpecDraft::k7;  // of a spec whose $schema names none of the three
  // Whether a wrong `format` is a violation. JSON Schema leaves it open, and connectors ignore it:
  // by default it is a warning.
  bool strict_formats = false;
  std::span<const SpecDocument> documents = {};  // needed during Compile only
};

struct SpecVerdict {
  std::vector<SpecViolation> violations;
  std::vector<SpecViolation> warnings;  // violations that there would be with strict_formats
  int64_t steps = 0;                    // what it took
};

class ConnectorSpec {
 public:
  // `json`: the connectionSpecification object. InvalidArgument when it cannot be used (not an
  // object or boolean, a $ref that leads to no place that is at hand).
  static absl::StatusOr<std::shared_ptr<const ConnectorSpec>> Compile(
      std::string_view json, const SpecOptions& options = {});
  ~ConnectorSpec();

  // At most 32 violations, in document order. Where none of several alternatives fits, that is one
  // violation, followed by those of the alternative that the config's constants choose, if they
  // choose one. Top-level keys that CDKs add (_limit, _page_size) are ignored. ResourceExhausted
  // past the step limit; InvalidArgument when `config` is not JSON.
  absl::StatusOr<std::vector<SpecViolation>> Validate(std::string_view config) const;

  // The same, with what is worth a warning.
  absl::StatusOr<SpecVerdict> Examine(std::string_view config) const;

  // The string (or number) values of `config` at places that the spec marks airbyte_secret, through
  // oneOf/anyOf/allOf/$ref/items and whatever else may apply. Unescaped, distinct, none empty.
  // Where an object or array is marked, all values below it count. A key that is no name but a
  // token itself (in a map by token) counts as well.
  std::vector<std::string> SecretValues(std::string_view config) const;

  // `config` with every secret value (of any type but null/object/array) and every key that is a
  // token replaced by "**********";
  // bytes elsewhere unchanged. What is no JSON is masked whole.
  std::string Mask(std::string_view config) const;

  // Whether some place of the spec calls a member with this key secret, wherever it stands.
  bool MarksSecret(std::string_view key) const;

  std::string_view json() const;

  // What of the spec is not checked and why, as "pointer: reason".
  const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  explicit ConnectorSpec(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kSecretMask = "**********";

// Without a spec: keys that sound secret (password, token, secret, api_key, private_key,
// credential, ...) at any depth, case-insensitive; below such a key everything is secret. Same
// results as the members above.
std::vector<std::string> SecretValuesByName(std::string_view config);
std::string MaskByName(std::string_view config);

// Whether a key sounds as if its value were secret.
bool SoundsSecret(std::string_view key);

// Whether a key is no name but looks like a token. Below a secret place less is enough.
bool IsTokenKey(std::string_view key, bool below_secret);

}  // namespace shunt
