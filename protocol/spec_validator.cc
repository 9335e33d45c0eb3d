#include "protocol/spec_validator.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/json_text.h"
#include "protocol/json_tree.h"

namespace shunt {
namespace {

constexpr std::size_t kViolationsMax = 32;
// How many are looked at to find the first ones in document order.
constexpr std::size_t kCandidatesMax = 1000;
// What compiling a regular expression counts for.
constexpr std::size_t kPatternSteps = 10'000;
// Frames on the stack: instance nesting times schema nesting, $ref chains included.
constexpr int kCheckDepthMax = 2000;
// CDKs keep settings of their own at the top level of a config and take them out before validating.
constexpr std::array<std::string_view, 2> kCdkKeys = {"_limit", "_page_size"};

std::string TypeNames(uint8_t types) {
  constexpr std::array<std::string_view, 8> kNames = {"null",  "boolean", "number",  "string",
                                                      "array", "object",  "integer", "integer"};
  std::string names;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((types >> i & 1) == 0) continue;
    if (!names.empty()) names += " or ";
    names += kNames[i];
  }
  return names;
}

// A limit as the spec writes it, unless it is absurdly long.
std::string LimitText(std::string_view text) {
  return text.size() <= 40 ? std::string(text) : "the limit";
}

struct CountKeyword {
  Schema::CountRule rule;
  std::string_view name;
  std::string_view what;
};
constexpr CountKeyword kMinLength = {Schema::CountRule::kMinLength, "minLength", "characters"};
constexpr CountKeyword kMaxLength = {Schema::CountRule::kMaxLength, "maxLength", "characters"};
constexpr CountKeyword kMinItems = {Schema::CountRule::kMinItems, "minItems", "items"};
constexpr CountKeyword kMaxItems = {Schema::CountRule::kMaxItems, "maxItems", "items"};
constexpr CountKeyword kMinProperties = {Schema::CountRule::kMinProperties, "minProperties",
                                         "keys"};
constexpr CountKeyword kMaxProperties = {Schema::CountRule::kMaxProperties, "maxProperties",
                                         "keys"};

class Validator {
 public:
  Validator(const SchemaSet& schemas, const JsonTree& tree, bool formats)
      : schemas_(schemas), tree_(tree), formats_(formats), nodes_(tree.nodes()) {}

  absl::StatusOr<std::vector<SpecViolation>> Run() {
    Check(0, 0, "false");
    if (exhausted_)
      return absl::ResourceExhaustedError("the config takes too many steps to validate");
    const auto by_place = [](const Found& a, const Found& b) { return a.node < b.node; };
    std::stable_sort(found_.begin(), found_.end(), by_place);
    std::vector<SpecViolation> violations;
    uint32_t node = 0;
    std::string pointer;
    for (Found& found : found_) {
      if (std::exchange(node, found.node) != found.node) pointer = tree_.PointerTo(node);
      SpecViolation violation{pointer, found.keyword, std::move(found.detail)};
      // allOf and $ref can lead to the same rule twice.
      if (std::find(violations.begin(), violations.end(), violation) != violations.end()) continue;
      if (violations.size() == kViolationsMax) break;
      violations.push_back(std::move(violation));
    }
    return violations;
  }

  std::size_t steps() const { return steps_; }

 private:
  using Node = JsonTree::Node;

  struct Found {
    uint32_t node;
    std::string keyword;
    std::string detail;
  };

  // Takes steps from the budget; false when it is spent. Then every check says yes, so that the
  // validation ends soon.
  bool Spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ > kValidationStepsMax) exhausted_ = true;
    return !exhausted_;
  }

  // A violation. False, so that a check can end with it.
  bool Fail(uint32_t node, std::string_view keyword, std::string detail) {
    if (quiet_ == 0 && found_.size() < kCandidatesMax) {
      found_.push_back({node, std::string(keyword), std::move(detail)});
    }
    return false;
  }

  // Whether the value conforms, without a word.
  bool Conforms(int32_t schema, uint32_t node) {
    ++quiet_;
    const bool conforms = Check(schema, node, "");
    --quiet_;
    return conforms;
  }

  // Whether the value at `node` conforms; violations are noted. `via` is the keyword that led here.
  bool Check(int32_t index, uint32_t node, std::string_view via) {
    if (index == Schema::kNone) return true;
    if (depth_ == kCheckDepthMax) exhausted_ = true;
    if (!Spend(1)) return true;
    const int32_t ref = schemas_[index].ref;
    if (ref == Schema::kNone) return CheckSchema(schemas_[index], node, via);
    // A schema that leads back to itself at the same place adds nothing.
    const uint64_t visit = static_cast<uint64_t>(ref) << 32 | node;
    if (!active_.insert(visit).second) return true;
    const bool valid = CheckSchema(schemas_[ref], node, via);
    active_.erase(visit);
    return valid;
  }

  bool CheckSchema(const Schema& schema, uint32_t node, std::string_view via) {
    if (schema.always_false) return Fail(node, via, "nothing is allowed here");
    constexpr bool (Validator::* kChecks[])(const Schema&, uint32_t) = {
        &Validator::CheckType,     &Validator::CheckAllowed,     &Validator::CheckNumber,
        &Validator::CheckString,   &Validator::CheckArray,       &Validator::CheckObject,
        &Validator::CheckCombined, &Validator::CheckConditional,
    };
    ++depth_;
    bool valid = true;
    for (const auto check : kChecks) {
      valid = (this->*check)(schema, node) && valid;
      if (exhausted_ || (!valid && quiet_ > 0)) break;
    }
    --depth_;
    return valid;
  }

  bool CheckType(const Schema& schema, uint32_t node) {
    if (schema.types == 0) return true;
    uint8_t types = 0;
    switch (nodes_[node].type) {
      case JsonType::kNull:
        types = Schema::kNull;
        break;
      case JsonType::kFalse:
      case JsonType::kTrue:
        types = Schema::kBoolean;
        break;
      case JsonType::kNumber: {
        const std::string_view text = nodes_[node].text;
        if (!Spend(StepsOf(text.size()))) return true;
        const std::optional<Decimal> number = ParseDecimal(text);
        types = Schema::kNumber;
        if (number && number->is_integer()) types |= Schema::kInteger;
        if (text.find_first_of(".eE") == std::string_view::npos) types |= Schema::kPlainInteger;
        break;
      }
      case JsonType::kString:
        types = Schema::kString;
        break;
      case JsonType::kArray:
        types = Schema::kArray;
        break;
      case JsonType::kObject:
        types = Schema::kObject;
        break;
    }
    if ((schema.types & types) != 0) return true;
    return Fail(node, "type", "expected " + TypeNames(schema.types));
  }

  JsonDigest DigestOf(uint32_t node) {
    if (!Spend(StepsOf(nodes_[node].text.size()))) return {};
    return CanonicalDigest(nodes_[node].text).value_or(JsonDigest{});
  }

  bool CheckAllowed(const Schema& schema, uint32_t node) {
    if (!schema.allowed || schema.allowed->contains(DigestOf(node))) return true;
    if (schema.has_const) return Fail(node, "const", "is not the value that is required");
    return Fail(node, "enum",
                absl::StrCat("is none of the ", schema.allowed->size(), " allowed values"));
  }

  bool CheckNumber(const Schema& schema, uint32_t node) {
    if (schema.number_limits.empty() || !nodes_[node].is(JsonType::kNumber)) return true;
    const std::optional<Decimal> number = ParseDecimal(nodes_[node].text);
    bool valid = true;
    for (const Schema::NumberLimit& limit : schema.number_limits) {
      if (!Spend(StepsOf(nodes_[node].text.size() + limit.text.size()))) return true;
      valid = !number || CheckNumberLimit(limit, *number, node) ? valid : false;
    }
    return valid;
  }

  bool CheckNumberLimit(const Schema::NumberLimit& limit, const Decimal& number, uint32_t node) {
    const auto order = CompareDecimals(number, limit.value);
    const std::string text = LimitText(limit.text);
    switch (limit.rule) {
      case Schema::NumberRule::kMinimum:
        return order >= 0 || Fail(node, "minimum", "less than " + text);
      case Schema::NumberRule::kMaximum:
        return order <= 0 || Fail(node, "maximum", "greater than " + text);
      case Schema::NumberRule::kExclusiveMinimum:
        return order > 0 || Fail(node, "exclusiveMinimum", "not greater than " + text);
      case Schema::NumberRule::kExclusiveMaximum:
        return order < 0 || Fail(node, "exclusiveMaximum", "not less than " + text);
      case Schema::NumberRule::kMultipleOf:
        return IsMultipleOf(number, limit.value).value_or(true) ||
               Fail(node, "multipleOf", "not a multiple of " + text);
    }
    return true;
  }

  // The text of a string, between the quotes and unescaped; `scratch` holds it if it had escapes.
  std::string_view TextOf(const Node& node, std::string* scratch) const {
    const std::string_view raw = node.text.substr(1, node.text.size() - 2);
    if (!node.escaped) return raw;
    AppendUnescaped(raw, LoneSurrogate::kKeep, scratch);
    return *scratch;
  }

  bool CheckString(const Schema& schema, uint32_t node) {
    if (!nodes_[node].is(JsonType::kString)) return true;
    const bool has_format = formats_ && schema.format.has_value();
    if (schema.pattern == nullptr && schema.count_limits.empty() && !has_format) return true;
    if (!Spend(StepsOf(nodes_[node].text.size()))) return true;
    std::string scratch;
    const std::string_view text = TextOf(nodes_[node], &scratch);
    const auto characters =
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    bool valid = CheckCounts(schema, node, characters, kMinLength, kMaxLength);
    if (schema.pattern != nullptr) {
      if (!Spend(StepsOf(*schema.pattern, text))) return true;
      if (!schema.pattern->Matches(text)) {
        valid = Fail(node, "pattern", "does not match the pattern");
      }
    }
    if (has_format && !CheckFormat(*schema.format, text)) {
      valid = Fail(node, "format", absl::StrCat("is no ", A(NameOf(*schema.format))));
    }
    return valid;
  }

  // A regular expression is compiled to see whether it is one.
  bool CheckFormat(JsonFormat format, std::string_view text) {
    const bool pattern = format == JsonFormat::kRegex;
    return !Spend(pattern ? kPatternSteps : 1) || IsFormat(format, text);
  }

  // The limits of `schema` on a count of something.
  bool CheckCounts(const Schema& schema, uint32_t node, int64_t count, CountKeyword lower,
                   CountKeyword upper) {
    bool valid = true;
    for (const Schema::CountLimit& limit : schema.count_limits) {
      if (limit.rule == lower.rule && count < limit.count) {
        valid =
            Fail(node, lower.name, absl::StrCat("fewer than ", limit.count, " ", A(lower.what)));
      }
      if (limit.rule == upper.rule && count > limit.count) {
        valid = Fail(node, upper.name, absl::StrCat("more than ", limit.count, " ", A(upper.what)));
      }
    }
    return valid;
  }

  bool CheckArray(const Schema& schema, uint32_t node) {
    if (!nodes_[node].is(JsonType::kArray)) return true;
    bool valid = CheckCounts(schema, node, nodes_[node].count, kMinItems, kMaxItems);
    valid = CheckItems(schema, node) && valid;
    if (schema.contains != Schema::kNone) {
      bool found = false;
      tree_.ForEachChild(node,
                         [&](uint32_t item) { found = found || Conforms(schema.contains, item); });
      if (!found) valid = Fail(node, "contains", "no item matches");
    }
    if (schema.unique_items && !ItemsAreUnique(node)) {
      valid = Fail(node, "uniqueItems", "two items are equal");
    }
    return valid;
  }

  bool CheckItems(const Schema& schema, uint32_t node) {
    if (!schema.tuple && schema.items == Schema::kNone) return true;
    bool valid = true;
    std::size_t i = 0;
    tree_.ForEachChild(node, [&](uint32_t item) {
      if (exhausted_) return;
      if (!schema.tuple) {
        valid = Check(schema.items, item, "items") && valid;
      } else if (i < schema.tuple->size()) {
        valid = Check((*schema.tuple)[i], item, "items") && valid;
      } else {
        valid = Check(schema.additional_items, item, "additionalItems") && valid;
      }
      ++i;
    });
    return valid;
  }

  bool ItemsAreUnique(uint32_t node) {
    absl::flat_hash_set<JsonDigest, JsonDigestHash> seen;
    bool unique = true;
    tree_.ForEachChild(node, [&](uint32_t item) {
      if (!unique || !Spend(1)) return;
      unique = seen.insert(DigestOf(item)).second;
    });
    return unique || exhausted_;
  }

  // Whether a member is none for the spec.
  bool IsHidden(uint32_t object, uint32_t member) const {
    if (object != 0) return false;
    const std::string_view key = nodes_[member].key;
    return std::find(kCdkKeys.begin(), kCdkKeys.end(), key) != kCdkKeys.end();
  }

  template <typename F>
  void ForEachMember(uint32_t object, F f) {
    tree_.ForEachChild(object, [&](uint32_t member) {
      if (!exhausted_ && !IsHidden(object, member)) f(member);
    });
  }

  bool CheckObject(const Schema& schema, uint32_t node) {
    if (node >= tree_.nodes().size() || !nodes_[node].is(JsonType::kObject)) return true;
    if (!Spend(nodes_[node].count / 16)) return true;
    int64_t count = 0;
    ForEachMember(node, [&](uint32_t) { ++count; });
    bool valid = CheckCounts(schema, node, count, kMinProperties, kMaxProperties);
    valid = CheckRequired(schema, node) && valid;
    if (!schema.properties.empty() || !schema.pattern_properties.empty() ||
        schema.additional_properties != Schema::kNone) {
      ForEachMember(node,
                    [&](uint32_t member) { valid = CheckMember(schema, node, member) && valid; });
    }
    if (schema.property_names != Schema::kNone) valid = CheckNames(schema, node) && valid;
    return CheckDependencies(schema, node) && valid;
  }

  bool Has(uint32_t object, std::string_view key) {
    if (!Spend(nodes_[object].count / 64 + StepsOf(key.size()))) return true;
    const std::optional<uint32_t> member = tree_.Find(object, key);
    return member && !IsHidden(object, *member);
  }

  bool CheckRequired(const Schema& schema, uint32_t node) {
    bool valid = true;
    for (const std::string& key : schema.required) {
      if (!Spend(1) || Has(node, key)) continue;
      valid = Fail(node, "required", "missing key " + ShownKey(key));
    }
    return valid;
  }

  bool CheckMember(const Schema& schema, uint32_t object, uint32_t member) {
    const std::string_view key = nodes_[member].key;
    if (!Spend(StepsOf(key.size()))) return true;
    bool valid = true;
    bool known = false;
    if (const auto property = schema.properties.find(key); property != schema.properties.end()) {
      known = true;
      valid = Check(property->second, member, "properties");
    }
    for (const Schema::PatternProperty& property : schema.pattern_properties) {
      const bool unknown = property.pattern == nullptr;
      if (!Spend(unknown ? 1 : StepsOf(*property.pattern, key))) return true;
      if (unknown) {
        known = true;  // who knows: it may match, so the key is not called unexpected
      } else if (property.pattern->Matches(key)) {
        known = true;
        valid = Check(property.schema, member, "patternProperties") && valid;
      }
    }
    const int32_t additional = schema.additional_properties;
    if (known || additional == Schema::kNone) return valid;
    if (schemas_[additional].always_false) {
      return Fail(object, "additionalProperties", "unexpected key " + ShownKey(key));
    }
    return Check(additional, member, "additionalProperties") && valid;
  }

  // The names are checked as strings of their own: nodes behind those of the config.
  bool CheckNames(const Schema& schema, uint32_t node) {
    bool valid = true;
    ForEachMember(node, [&](uint32_t member) {
      const std::string_view key = nodes_[member].key;
      if (!Spend(1 + StepsOf(key.size()))) return;
      const std::string text = QuotedKey(key);
      const auto name = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({JsonType::kString, true, 0, name + 1, text, {}});
      if (!Conforms(schema.property_names, name)) {
        valid = Fail(node, "propertyNames", "key " + ShownKey(key) + " is not allowed");
      }
      nodes_.pop_back();
    });
    return valid;
  }

  static std::string QuotedKey(std::string_view key) {
    std::string quoted;
    AppendQuoted(key, LoneSurrogate::kKeep, &quoted);
    return quoted;
  }

  bool CheckDependencies(const Schema& schema, uint32_t node) {
    bool valid = true;
    for (const Schema::Dependency& dependency : schema.dependencies) {
      if (!Spend(1) || !Has(node, dependency.key)) continue;
      for (const std::string& key : dependency.keys) {
        if (Has(node, key)) continue;
        valid =
            Fail(node, "dependencies",
                 "missing key " + ShownKey(key) + ", which " + ShownKey(dependency.key) + " needs");
      }
      valid = Check(dependency.schema, node, "dependencies") && valid;
    }
    return valid;
  }

  bool CheckCombined(const Schema& schema, uint32_t node) {
    bool valid = true;
    for (const int32_t part : schema.all_of) valid = Check(part, node, "allOf") && valid;
    if (!schema.any_of.empty() && CountConforming(schema.any_of, node, 1) == 0) {
      valid = FailAlternatives(node, "anyOf", schema.any_of);
    }
    if (!schema.one_of.empty()) {
      const int conforming = CountConforming(schema.one_of, node, 2);
      if (conforming == 0) valid = FailAlternatives(node, "oneOf", schema.one_of);
      if (conforming > 1) valid = Fail(node, "oneOf", "matches more than one alternative");
    }
    if (schema.negated != Schema::kNone && Conforms(schema.negated, node)) {
      valid = Fail(node, "not", "matches what is not allowed");
    }
    return valid || exhausted_;
  }

  // How many of the alternatives the value conforms to, counting to `enough`.
  int CountConforming(const std::vector<int32_t>& alternatives, uint32_t node, int enough) {
    int count = 0;
    for (const int32_t alternative : alternatives) {
      if (count < enough && Conforms(alternative, node)) ++count;
    }
    return count;
  }

  // None of the alternatives fits. If the value itself says which one it means, as connector specs
  // have it ("auth_type": {"const": "oauth"}), what is wrong with that one is worth saying.
  bool FailAlternatives(uint32_t node, std::string_view keyword,
                        const std::vector<int32_t>& alternatives) {
    Fail(node, keyword, absl::StrCat("matches none of ", alternatives.size(), " alternatives"));
    if (quiet_ > 0) return false;
    int32_t chosen = Schema::kNone;
    for (const int32_t alternative : alternatives) {
      if (!IsChosen(alternative, node)) continue;
      if (chosen != Schema::kNone) return false;
      chosen = alternative;
    }
    Check(chosen, node, keyword);
    return false;
  }

  // Whether the value has the constants of this alternative, at least one.
  bool IsChosen(int32_t alternative, uint32_t node) {
    if (node >= tree_.nodes().size() || !nodes_[node].is(JsonType::kObject)) return false;
    const Schema* schema = &schemas_[alternative];
    if (schema->ref != Schema::kNone) schema = &schemas_[schema->ref];
    bool any = false;
    for (const auto& [key, property] : schema->properties) {
      if (property == Schema::kNone || !schemas_[property].has_const || !Spend(1)) continue;
      const std::optional<uint32_t> member = tree_.Find(node, key);
      if (!member || !Conforms(property, *member)) return false;
      any = true;
    }
    return any;
  }

  bool CheckConditional(const Schema& schema, uint32_t node) {
    if (schema.condition == Schema::kNone) return true;
    return Conforms(schema.condition, node) ? Check(schema.then_schema, node, "then")
                                            : Check(schema.else_schema, node, "else");
  }

  const SchemaSet& schemas_;
  const JsonTree& tree_;
  const bool formats_;
  std::vector<Node> nodes_;  // the tree's, and the names that are being checked
  std::vector<Found> found_;
  absl::flat_hash_set<uint64_t> active_;  // (schema, node) of the refs on the stack
  std::size_t steps_ = 0;
  int depth_ = 0;
  int quiet_ = 0;
  bool exhausted_ = false;
};

}  // namespace

absl::StatusOr<SpecVerdict> ExamineConfig(const SchemaSet& schemas, bool strict_formats,
                                          std::string_view config) {
  const absl::StatusOr<JsonTree> tree = JsonTree::Parse(config);
  if (absl::IsResourceExhausted(tree.status())) {
    return absl::ResourceExhaustedError("the config is too large to validate");
  }
  if (!tree.ok()) return absl::InvalidArgumentError("the config is not JSON");
  SpecVerdict verdict;
  const auto run = [&](bool formats) {
    Validator validator(schemas, *tree, formats);
    absl::StatusOr<std::vector<SpecViolation>> violations = validator.Run();
    verdict.steps += static_cast<int64_t>(validator.steps());
    return violations;
  };
  absl::StatusOr<std::vector<SpecViolation>> violations = run(strict_formats);
  if (!violations.ok()) return violations.status();
  verdict.violations = *std::move(violations);
  if (strict_formats || !schemas.has_formats()) return verdict;
  // Whatever more there is when formats count: in alternatives, too.
  const absl::StatusOr<std::vector<SpecViolation>> strict = run(true);
  if (!strict.ok()) return verdict;
  for (const SpecViolation& violation : *strict) {
    const auto& known = verdict.violations;
    if (std::find(known.begin(), known.end(), violation) == known.end()) {
      verdict.warnings.push_back(violation);
    }
  }
  return verdict;
}

}  // namespace shunt
