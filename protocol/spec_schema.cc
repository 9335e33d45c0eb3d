#include "protocol/spec_schema.h"

#include <algorithm>
#include <array>
#include <limits>

#include "protocol/json_text.h"
#include "protocol/spec_refs.h"
#include "re2/re2.h"

namespace shunt {
namespace {

constexpr std::size_t kNotesMax = 100;
// Compiled patterns take memory and time: a spec has a few, short ones.
constexpr std::size_t kPatternBytesMax = 4096;
constexpr std::size_t kPatternsMax = 500;
constexpr int64_t kPatternMemoryMax = 1 << 20;

// The dialect of JSON Schema is ECMA 262's; RE2 knows most of it under the same names. Translated
// are
// \uXXXX, (?<name> and escapes of characters that need none. False: not even that helps.
bool TranslatePattern(std::string_view pattern, std::string* out) {
  while (!pattern.empty()) {
    std::size_t taken = 1;
    if (pattern.starts_with("(?<") && !pattern.starts_with("(?<=") &&
        !pattern.starts_with("(?<!")) {
      *out += "(?P<";
      taken = 3;
    } else if (pattern.front() != '\\') {
      *out += pattern.front();
    } else if (pattern.size() == 1) {
      return false;
    } else if (pattern[1] == 'u' && pattern.size() >= 6) {
      *out += "\\x{" + std::string(pattern.substr(2, 4)) + "}";
      taken = 6;
    } else {
      if (pattern[1] != '_') *out += '\\';
      *out += pattern[1];
      taken = 2;
    }
    pattern.remove_prefix(taken);
  }
  return true;
}

struct NumberKeyword {
  std::string_view name;
  Schema::NumberRule rule;
};
constexpr std::array<NumberKeyword, 5> kNumberKeywords = {{
    {"minimum", Schema::NumberRule::kMinimum},
    {"maximum", Schema::NumberRule::kMaximum},
    {"exclusiveMinimum", Schema::NumberRule::kExclusiveMinimum},
    {"exclusiveMaximum", Schema::NumberRule::kExclusiveMaximum},
    {"multipleOf", Schema::NumberRule::kMultipleOf},
}};

struct CountKeyword {
  std::string_view name;
  Schema::CountRule rule;
};
constexpr std::array<CountKeyword, 6> kCountKeywords = {{
    {"minLength", Schema::CountRule::kMinLength},
    {"maxLength", Schema::CountRule::kMaxLength},
    {"minItems", Schema::CountRule::kMinItems},
    {"maxItems", Schema::CountRule::kMaxItems},
    {"minProperties", Schema::CountRule::kMinProperties},
    {"maxProperties", Schema::CountRule::kMaxProperties},
}};

struct SchemaKeyword {
  std::string_view name;
  int32_t Schema::* schema;
};
constexpr std::array<SchemaKeyword, 8> kSchemaKeywords = {{
    {"additionalItems", &Schema::additional_items},
    {"additionalProperties", &Schema::additional_properties},
    {"contains", &Schema::contains},
    {"propertyNames", &Schema::property_names},
    {"not", &Schema::negated},
    {"if", &Schema::condition},
    {"then", &Schema::then_schema},
    {"else", &Schema::else_schema},
}};

struct ListKeyword {
  std::string_view name;
  std::vector<int32_t> Schema::* list;
};
constexpr std::array<ListKeyword, 3> kListKeywords = {{
    {"allOf", &Schema::all_of},
    {"anyOf", &Schema::any_of},
    {"oneOf", &Schema::one_of},
}};

struct TypeName {
  std::string_view name;
  Schema::Type type;
};
constexpr std::array<TypeName, 7> kTypeNames = {{
    {"null", Schema::kNull},
    {"boolean", Schema::kBoolean},
    {"number", Schema::kNumber},
    {"string", Schema::kString},
    {"array", Schema::kArray},
    {"object", Schema::kObject},
    {"integer", Schema::kInteger},
}};

template <typename Table>
const typename Table::value_type* Lookup(const Table& table, std::string_view name) {
  for (const auto& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

// Compiles the schemas that the root leads to. References between them, of which there may be
// cycles, are indices that are handed out before the schema behind them is compiled.
class SchemaCompiler {
 public:
  explicit SchemaCompiler(const JsonTree& tree) : tree_(tree), refs_(tree) {}

  absl::StatusOr<SchemaSet> Compile() {
    if (!IsSchema(0))
      return absl::InvalidArgumentError("the spec is neither an object nor a boolean");
    IndexOf(0);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (i == kSchemasMax) return absl::InvalidArgumentError("the spec has too many schemas");
      Schema schema;
      absl::Status status = CompileOne(places_[i], &schema);
      if (!status.ok()) return status;
      set_.schemas_.push_back(std::move(schema));
    }
    absl::Status status = FollowRefs();
    if (!status.ok()) return status;
    return std::move(set_);
  }

 private:
  bool IsSchema(uint32_t node) const {
    const JsonType type = tree_[node].type;
    return type == JsonType::kObject || type == JsonType::kTrue || type == JsonType::kFalse;
  }

  int32_t IndexOf(uint32_t node) {
    const auto [place, is_new] = indices_.try_emplace(node, static_cast<int32_t>(places_.size()));
    if (is_new) places_.push_back(node);
    return place->second;
  }

  // The schema at `node`; kNone, with a note, when there is none.
  int32_t SchemaAt(uint32_t node) {
    if (IsSchema(node)) return IndexOf(node);
    Note(node, "is no schema");
    return Schema::kNone;
  }

  void Note(uint32_t node, std::string_view reason) {
    if (set_.notes_.size() >= kNotesMax) return;
    set_.notes_.push_back(tree_.PointerTo(node) + ": " + std::string(reason) + ", not checked");
  }

  absl::Status CompileOne(uint32_t node, Schema* schema) {
    schema->always_false = tree_[node].is(JsonType::kFalse);
    if (!tree_[node].is(JsonType::kObject)) return absl::OkStatus();
    if (const auto secret = tree_.Find(node, "airbyte_secret")) {
      // Whatever is not clearly a no is a yes.
      schema->secret = !tree_[*secret].is(JsonType::kFalse) && !tree_[*secret].is(JsonType::kNull);
    }
    const std::optional<uint32_t> ref = tree_.Find(node, "$ref");
    if (ref && tree_[*ref].is(JsonType::kString)) return CompileRef(node, *ref, schema);
    tree_.ForEachChild(node, [&](uint32_t value) { CompileKeyword(value, schema); });
    return absl::OkStatus();
  }

  absl::Status CompileRef(uint32_t node, uint32_t ref, Schema* schema) {
    const std::optional<std::string> text = JsonString({tree_[ref].type, tree_[ref].text});
    if (!text) return absl::InvalidArgumentError("a $ref of the spec is not UTF-8");
    const absl::StatusOr<uint32_t> target = refs_.Resolve(node, *text);
    if (!target.ok()) return target.status();
    if (!IsSchema(*target))
      return absl::InvalidArgumentError("a $ref of the spec leads to no schema");
    schema->ref = IndexOf(*target);
    return absl::OkStatus();
  }

  void CompileKeyword(uint32_t value, Schema* schema) {
    const std::string_view name = tree_[value].key;
    if (const auto* number = Lookup(kNumberKeywords, name)) {
      CompileNumber(value, number->rule, schema);
    } else if (const auto* count = Lookup(kCountKeywords, name)) {
      CompileCount(value, count->rule, schema);
    } else if (const auto* sub = Lookup(kSchemaKeywords, name)) {
      schema->*sub->schema = SchemaAt(value);
    } else if (const auto* list = Lookup(kListKeywords, name)) {
      schema->*list->list = ListAt(value);
    } else if (name == "type") {
      schema->types = TypesAt(value);
    } else if (name == "enum" || name == "const") {
      CompileAllowed(value, name == "enum", schema);
    } else if (name == "pattern") {
      schema->pattern = PatternAt(value);
    } else if (name == "items") {
      CompileItems(value, schema);
    } else if (name == "uniqueItems") {
      schema->unique_items = tree_[value].is(JsonType::kTrue);
    } else if (name == "required") {
      schema->required = StringsAt(value);
    } else if (name == "properties") {
      CompileProperties(value, schema);
    } else if (name == "patternProperties") {
      CompilePatternProperties(value, schema);
    } else if (name == "dependencies") {
      CompileDependencies(value, schema);
    }
  }

  void CompileNumber(uint32_t value, Schema::NumberRule rule, Schema* schema) {
    const JsonTree::Node& node = tree_[value];
    const std::optional<Decimal> decimal =
        node.is(JsonType::kNumber) ? ParseDecimal(node.text) : std::nullopt;
    // In draft-04 exclusiveMinimum is a boolean.
    if (!decimal) return Note(value, "is no number");
    schema->number_limits.push_back({rule, *decimal, node.text});
  }

  void CompileCount(uint32_t value, Schema::CountRule rule, Schema* schema) {
    const JsonTree::Node& node = tree_[value];
    const std::optional<Decimal> decimal =
        node.is(JsonType::kNumber) ? ParseDecimal(node.text) : std::nullopt;
    if (!decimal || !decimal->is_integer() || decimal->negative) return Note(value, "is no count");
    const int64_t count = decimal->ToInt64().value_or(std::numeric_limits<int64_t>::max());
    schema->count_limits.push_back({rule, count});
  }

  std::vector<int32_t> ListAt(uint32_t value) {
    std::vector<int32_t> list;
    bool usable = tree_[value].is(JsonType::kArray);
    if (usable) tree_.ForEachChild(value, [&](uint32_t e) { usable = usable && IsSchema(e); });
    if (usable) {
      tree_.ForEachChild(value, [&](uint32_t element) { list.push_back(IndexOf(element)); });
    } else {
      Note(value, "is no list of schemas");
    }
    return list;
  }

  uint8_t TypesAt(uint32_t value) {
    uint8_t types = 0;
    const auto add = [&](uint32_t node) {
      const std::optional<std::string> name = JsonString({tree_[node].type, tree_[node].text});
      const TypeName* const type = name ? Lookup(kTypeNames, *name) : nullptr;
      if (type == nullptr) return Note(node, "is no type");
      types = static_cast<uint8_t>(types | type->type);
    };
    if (tree_[value].is(JsonType::kArray)) {
      tree_.ForEachChild(value, add);
    } else {
      add(value);
    }
    return types;
  }

  void CompileAllowed(uint32_t value, bool is_enum, Schema* schema) {
    if (is_enum && !tree_[value].is(JsonType::kArray)) return Note(value, "is no list");
    absl::flat_hash_set<JsonDigest, JsonDigestHash> allowed;
    const auto add = [&](uint32_t node) {
      const std::optional<JsonDigest> digest = CanonicalDigest(tree_[node].text);
      if (digest) allowed.insert(*digest);
    };
    if (is_enum) {
      tree_.ForEachChild(value, add);
    } else {
      add(value);
    }
    if (schema->allowed) {  // enum and const: what both allow
      absl::erase_if(allowed, [&](const JsonDigest& d) { return !schema->allowed->contains(d); });
    }
    schema->allowed = std::move(allowed);
    schema->has_const = schema->allowed->size() == 1;
  }

  std::unique_ptr<RE2> PatternAt(uint32_t value) {
    const std::optional<std::string> text = JsonString({tree_[value].type, tree_[value].text});
    return PatternOf(value, text ? *text : std::string_view(), text.has_value());
  }

  std::unique_ptr<RE2> PatternOf(uint32_t node, std::string_view pattern, bool usable) {
    std::string translated;
    usable = usable && pattern.size() <= kPatternBytesMax && ++patterns_ <= kPatternsMax &&
             TranslatePattern(pattern, &translated);
    if (usable) {
      RE2::Options options;
      options.set_log_errors(false);
      options.set_max_mem(kPatternMemoryMax);
      auto compiled = std::make_unique<RE2>(translated, options);
      if (compiled->ok()) return compiled;
    }
    Note(node, "is no pattern that RE2 can take");
    return nullptr;
  }

  void CompileItems(uint32_t value, Schema* schema) {
    if (!tree_[value].is(JsonType::kArray)) {
      schema->items = SchemaAt(value);
      return;
    }
    schema->tuple.emplace();
    tree_.ForEachChild(value, [&](uint32_t item) { schema->tuple->push_back(SchemaAt(item)); });
  }

  std::vector<std::string> StringsAt(uint32_t value) {
    std::vector<std::string> strings;
    // "required": true beside a property is draft-03 and means nothing here.
    if (!tree_[value].is(JsonType::kArray)) {
      Note(value, "is no list of keys");
      return strings;
    }
    tree_.ForEachChild(value, [&](uint32_t element) {
      const std::string_view text = tree_[element].text;
      if (!tree_[element].is(JsonType::kString)) return Note(element, "is no key");
      AppendUnescaped(text.substr(1, text.size() - 2), LoneSurrogate::kKeep,
                      &strings.emplace_back());
    });
    return strings;
  }

  void CompileProperties(uint32_t value, Schema* schema) {
    if (!tree_[value].is(JsonType::kObject)) return Note(value, "is no object");
    tree_.ForEachChild(value, [&](uint32_t property) {
      schema->properties[std::string(tree_[property].key)] = SchemaAt(property);
    });
  }

  void CompilePatternProperties(uint32_t value, Schema* schema) {
    if (!tree_[value].is(JsonType::kObject)) return Note(value, "is no object");
    tree_.ForEachChild(value, [&](uint32_t property) {
      schema->pattern_properties.push_back(
          {PatternOf(property, tree_[property].key, true), SchemaAt(property)});
    });
  }

  void CompileDependencies(uint32_t value, Schema* schema) {
    if (!tree_[value].is(JsonType::kObject)) return Note(value, "is no object");
    tree_.ForEachChild(value, [&](uint32_t dependency) {
      Schema::Dependency& added =
          schema->dependencies.emplace_back(Schema::Dependency{std::string(tree_[dependency].key)});
      if (tree_[dependency].is(JsonType::kArray)) {
        added.keys = StringsAt(dependency);
      } else {
        added.schema = SchemaAt(dependency);
      }
    });
  }

  // Lets every ref lead to a schema that has none, and inherit what the refs between say.
  absl::Status FollowRefs() {
    const auto at = [&](int32_t index) -> Schema& {
      return set_.schemas_[static_cast<std::size_t>(index)];
    };
    std::vector<bool> followed(set_.schemas_.size());
    std::vector<int32_t> path;
    for (int32_t i = 0; i < static_cast<int32_t>(followed.size()); ++i) {
      path.clear();
      int32_t end = i;
      while (at(end).ref != Schema::kNone && !followed[static_cast<std::size_t>(end)]) {
        if (path.size() == followed.size()) {
          return absl::InvalidArgumentError("a $ref of the spec leads only to itself");
        }
        path.push_back(end);
        end = at(end).ref;
      }
      for (; !path.empty(); path.pop_back()) {
        Schema& schema = at(path.back());
        const Schema& next = at(schema.ref);
        if (next.ref != Schema::kNone) {
          schema.secret = schema.secret || next.secret;
          schema.ref = next.ref;
        }
        followed[static_cast<std::size_t>(path.back())] = true;
      }
    }
    return absl::OkStatus();
  }

  const JsonTree& tree_;
  SpecRefs refs_;
  SchemaSet set_;
  std::vector<uint32_t> places_;  // by schema index
  std::unordered_map<uint32_t, int32_t> indices_;
  std::size_t patterns_ = 0;
};

SchemaSet::SchemaSet() = default;
SchemaSet::SchemaSet(SchemaSet&&) noexcept = default;
SchemaSet& SchemaSet::operator=(SchemaSet&&) noexcept = default;
SchemaSet::~SchemaSet() = default;

absl::StatusOr<SchemaSet> SchemaSet::Compile(std::string_view json) {
  const absl::StatusOr<JsonTree> tree = JsonTree::Parse(json);
  if (!tree.ok()) {
    return absl::InvalidArgumentError("the spec cannot be used: " +
                                      std::string(tree.status().message()));
  }
  return SchemaCompiler(*tree).Compile();
}

}  // namespace shunt
