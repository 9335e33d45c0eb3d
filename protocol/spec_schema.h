// A JSON Schema (drafts 04 to 07) compiled to a list of schemas that refer to each other by index.
// What the validator and the search for secrets walk. Immutable after Compile, so thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "protocol/json_format.h"
#include "protocol/json_number.h"
#include "protocol/json_pattern.h"
#include "protocol/json_tree.h"
#include "protocol/spec.h"

namespace shunt {

struct JsonDigestHash {
  std::size_t operator()(const JsonDigest& digest) const { return digest.low; }
};

// One schema: the keywords that it has. Absent ones are empty. Schemas are indices into the list.
struct Schema {
  static constexpr int32_t kNone = -1;
  // Bits of `types`; a boolean is one type of two values.
  enum Type : uint8_t {
    kNull = 1,
    kBoolean = 2,
    kNumber = 4,
    kString = 8,
    kArray = 16,
    kObject = 32,
    kInteger = 64,
    kPlainInteger = 128,  // an integer of draft-04: written without fraction and exponent
  };
  enum class NumberRule : uint8_t {
    kMinimum,
    kMaximum,
    kExclusiveMinimum,
    kExclusiveMaximum,
    kMultipleOf,
  };
  struct NumberLimit {
    NumberRule rule;
    Decimal value;
    std::string_view text;  // as written
  };
  enum class CountRule : uint8_t {
    kMinLength,
    kMaxLength,
    kMinItems,
    kMaxItems,
    kMinProperties,
    kMaxProperties,
  };
  struct CountLimit {
    CountRule rule;
    int64_t count;
  };
  // A regular expression and the schema of the members whose keys match. Null: RE2 cannot take it.
  struct PatternProperty {
    std::unique_ptr<const JsonPattern> pattern;
    int32_t schema = kNone;
  };
  struct Dependency {
    std::string key;
    std::vector<std::string> keys;  // or
    int32_t schema = kNone;
  };

  bool always_false = false;  // the schema `false`
  bool secret = false;        // airbyte_secret
  int32_t ref = kNone;        // the schema that counts instead of this one; it has no ref itself

  uint8_t types = 0;                                                       // 0: any
  std::optional<absl::flat_hash_set<JsonDigest, JsonDigestHash>> allowed;  // enum and const
  bool has_const = false;  // const, or an enum of one value
  std::vector<NumberLimit> number_limits;
  std::vector<CountLimit> count_limits;
  std::unique_ptr<const JsonPattern> pattern;
  std::optional<JsonFormat> format;

  int32_t items = kNone;                      // of every element, or
  std::optional<std::vector<int32_t>> tuple;  // one for each of the first elements
  int32_t additional_items = kNone;           // of those behind the tuple
  int32_t contains = kNone;
  bool unique_items = false;

  std::vector<std::string> required;
  std::unordered_map<std::string, int32_t, StringHash, std::equal_to<>> properties;
  std::vector<PatternProperty> pattern_properties;
  int32_t additional_properties = kNone;
  int32_t property_names = kNone;
  std::vector<Dependency> dependencies;

  std::vector<int32_t> all_of, any_of, one_of;
  int32_t negated = kNone;  // not
  int32_t condition = kNone, then_schema = kNone, else_schema = kNone;
  // Below keywords that the draft does not have: never checked, but what they mark secret is.
  std::vector<int32_t> unchecked;
};

inline constexpr std::size_t kSchemasMax = 50'000;

// What it takes to look at `bytes` bytes of text, in steps.
constexpr std::size_t StepsOf(std::size_t bytes) { return bytes / 64; }
// The same with a pattern, whose every instruction may be tried at every byte.
inline std::size_t StepsOf(const JsonPattern& pattern, std::string_view text) {
  return 1 + (text.size() + 1) * pattern.size() / 64;
}

class SchemaSet {
 public:
  // `json` must outlive the set. InvalidArgument when it is no schema: not an object or boolean,
  // too large, a $ref that leads to no place at hand or only to itself.
  static absl::StatusOr<SchemaSet> Compile(std::string_view json, const SpecOptions& options);

  SchemaSet(SchemaSet&&) noexcept;
  SchemaSet& operator=(SchemaSet&&) noexcept;
  ~SchemaSet();

  // 0 is the root.
  const std::vector<Schema>& schemas() const { return schemas_; }
  const Schema& operator[](int32_t index) const {
    return schemas_[static_cast<std::size_t>(index)];
  }

  // Whether there is a `format` to check.
  bool has_formats() const { return has_formats_; }

  // What of the spec is not checked, as "pointer: reason"; at most 100 of them.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  friend class SchemaCompiler;
  SchemaSet();
  std::deque<std::string> documents_;  // those that refs led to; the schemas are views of them
  std::vector<Schema> schemas_;
  bool has_formats_ = false;
  std::vector<std::string> notes_;
};

}  // namespace shunt
