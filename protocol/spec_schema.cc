#include "protocol/spec_schema.h"

#include <algorithm>
#include <array>
#include <limits>

#include "protocol/json_text.h"
#include "protocol/spec_refs.h"

namespace shunt {
namespace {

constexpr std::size_t kNotesMax = 100;
// Compiled patterns take memory and time: a spec has a few, short ones.
constexpr std::size_t kPatternsMax = 200;
constexpr std::size_t kPatternSizeTotalMax = 200'000;
constexpr std::size_t kPatternRefusedSize = 10'000;
// Values of enum and const can be listed again and again by schemas that refs reach inside of them.
constexpr std::size_t kDigestedBytesMax = std::size_t{64} << 20;

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
  SchemaCompiler(JsonTree spec, const SpecOptions& options) : refs_(std::move(spec), options) {}

  absl::StatusOr<SchemaSet> Compile() {
    if (!IsSchema(0))
      return absl::InvalidArgumentError("the spec is neither an object nor a boolean");
    if (const auto draft = tree().Find(0, "$schema"); draft && !SpecDraftOf(tree())) {
      Note(*draft, "is no draft that we know");
    }
    IndexOf(SpecPlace{});
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (i == kSchemasMax) return absl::InvalidArgumentError("the spec has too many schemas");
      Schema schema;
      absl::Status status = CompileOne(places_[i], &schema);
      if (!status.ok()) return status;
      set_.schemas_.push_back(std::move(schema));
    }
    absl::Status status = FollowRefs();
    if (!status.ok()) return status;
    set_.documents_ = refs_.TakeTexts();
    return std::move(set_);
  }

 private:
  // The document that is being compiled.
  const JsonTree& tree() const { return refs_.tree(document_); }

  bool IsSchema(uint32_t node) const {
    const JsonType type = tree()[node].type;
    return type == JsonType::kObject || type == JsonType::kTrue || type == JsonType::kFalse;
  }

  int32_t IndexOf(SpecPlace place) {
    const uint64_t key = static_cast<uint64_t>(place.document) << 32 | place.node;
    const auto [index, is_new] = indices_.try_emplace(key, static_cast<int32_t>(places_.size()));
    if (is_new) places_.push_back(place);
    return index->second;
  }
  int32_t IndexOf(uint32_t node) { return IndexOf(SpecPlace{document_, node}); }

  // The schema at `node`; kNone, with a note, when there is none.
  int32_t SchemaAt(uint32_t node) {
    if (IsSchema(node)) return IndexOf(node);
    Note(node, "is no schema");
    return Schema::kNone;
  }

  void Note(uint32_t node, std::string_view reason) {
    if (set_.notes_.size() >= kNotesMax) return;
    set_.notes_.push_back(refs_.uri(document_) + tree().PointerTo(node) + ": " +
                          std::string(reason) + ", not checked");
  }

  absl::Status CompileOne(SpecPlace place, Schema* schema) {
    document_ = place.document;
    draft_ = refs_.draft(document_);
    const uint32_t node = place.node;
    schema->always_false = tree()[node].is(JsonType::kFalse);
    if (!tree()[node].is(JsonType::kObject)) return absl::OkStatus();
    if (const auto secret = tree().Find(node, "airbyte_secret")) {
      // Whatever is not clearly a no is a yes.
      schema->secret =
          !tree()[*secret].is(JsonType::kFalse) && !tree()[*secret].is(JsonType::kNull);
    }
    const std::optional<uint32_t> ref = tree().Find(node, "$ref");
    if (ref && tree()[*ref].is(JsonType::kString)) return CompileRef(node, *ref, schema);
    tree().ForEachChild(node, [&](uint32_t value) {
      const std::string_view name = tree()[value].key;
      if (IsKnown(name)) {
        CompileKeyword(value, schema);
      } else if (IsConditional(name) && IsSchema(value)) {
        schema->unchecked.push_back(IndexOf(value));
      }
    });
    if (draft_ == SpecDraft::k4) CompileExclusive(node, schema);
    if (digested_bytes_ > kDigestedBytesMax) {
      return absl::InvalidArgumentError("the spec has too many values to compare with");
    }
    return absl::OkStatus();
  }

  absl::Status CompileRef(uint32_t node, uint32_t ref, Schema* schema) {
    const std::optional<std::string> text = JsonString({tree()[ref].type, tree()[ref].text});
    if (!text) return absl::InvalidArgumentError("a $ref of the spec is not UTF-8");
    const absl::StatusOr<SpecPlace> target = refs_.Resolve({document_, node}, *text);
    if (!target.ok()) return target.status();
    document_ = target->document;
    if (!IsSchema(target->node)) {
      return absl::InvalidArgumentError("a $ref of the spec leads to no schema");
    }
    schema->ref = IndexOf(*target);
    return absl::OkStatus();
  }

  static bool IsConditional(std::string_view name) {
    return name == "if" || name == "then" || name == "else";
  }

  // False for a keyword that is younger than the draft.
  bool IsKnown(std::string_view name) const {
    if (draft_ == SpecDraft::k7) return true;
    if (IsConditional(name)) return false;
    return draft_ == SpecDraft::k6 ||
           (name != "const" && name != "contains" && name != "propertyNames");
  }

  void CompileKeyword(uint32_t value, Schema* schema) {
    const std::string_view name = tree()[value].key;
    if (const auto* number = Lookup(kNumberKeywords, name)) {
      CompileNumber(value, number->rule, schema);
    } else if (const auto* count = Lookup(kCountKeywords, name)) {
      CompileCount(value, count->rule, schema);
    } else if (const auto* sub = Lookup(kSchemaKeywords, name)) {
      schema->*sub->schema = SchemaAt(value);
    } else if (const auto* list = Lookup(kListKeywords, name)) {
      schema->*list->list = ListAt(value);
    } else if (name == "format") {
      schema->format = FormatAt(value);
    } else if (name == "type") {
      schema->types = TypesAt(value);
    } else if (name == "enum" || name == "const") {
      CompileAllowed(value, name == "enum", schema);
    } else if (name == "pattern") {
      schema->pattern = PatternAt(value);
    } else if (name == "items") {
      CompileItems(value, schema);
    } else if (name == "uniqueItems") {
      schema->unique_items = tree()[value].is(JsonType::kTrue);
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
    const JsonTree::Node& node = tree()[value];
    const std::optional<Decimal> decimal =
        node.is(JsonType::kNumber) ? ParseDecimal(node.text) : std::nullopt;
    const bool exclusive = rule == Schema::NumberRule::kExclusiveMinimum ||
                           rule == Schema::NumberRule::kExclusiveMaximum;
    if (draft_ == SpecDraft::k4 && exclusive) return;
    if (!decimal) return Note(value, "is no number");
    Put({rule, *decimal, node.text}, &schema->number_limits);
  }

  // One limit of a kind: of a keyword that stands there twice the last one counts.
  template <typename Limit>
  static void Put(Limit limit, std::vector<Limit>* limits) {
    for (Limit& existing : *limits) {
      if (existing.rule == limit.rule) {
        existing = limit;
        return;
      }
    }
    limits->push_back(limit);
  }

  // In draft-04 exclusiveMinimum and exclusiveMaximum are booleans about minimum and maximum.
  void CompileExclusive(uint32_t node, Schema* schema) {
    const auto apply = [&](std::string_view name, Schema::NumberRule from, Schema::NumberRule to) {
      const std::optional<uint32_t> value = tree().Find(node, name);
      if (!value || tree()[*value].is(JsonType::kFalse)) return;
      if (!tree()[*value].is(JsonType::kTrue)) return Note(*value, "is no boolean");
      for (Schema::NumberLimit& limit : schema->number_limits) {
        if (limit.rule == from) limit.rule = to;
      }
    };
    using Rule = Schema::NumberRule;
    apply("exclusiveMinimum", Rule::kMinimum, Rule::kExclusiveMinimum);
    apply("exclusiveMaximum", Rule::kMaximum, Rule::kExclusiveMaximum);
  }

  std::optional<JsonFormat> FormatAt(uint32_t value) {
    const std::optional<std::string> name = JsonString({tree()[value].type, tree()[value].text});
    std::optional<JsonFormat> format = name ? FormatByName(*name) : std::nullopt;
    set_.has_formats_ = set_.has_formats_ || format.has_value();
    return format;
  }

  void CompileCount(uint32_t value, Schema::CountRule rule, Schema* schema) {
    const JsonTree::Node& node = tree()[value];
    const std::optional<Decimal> decimal =
        node.is(JsonType::kNumber) ? ParseDecimal(node.text) : std::nullopt;
    if (!decimal || !decimal->is_integer() || decimal->negative) return Note(value, "is no count");
    const int64_t count = decimal->ToInt64().value_or(std::numeric_limits<int64_t>::max());
    Put({rule, count}, &schema->count_limits);
  }

  std::vector<int32_t> ListAt(uint32_t value) {
    std::vector<int32_t> list;
    bool usable = tree()[value].is(JsonType::kArray);
    if (usable) tree().ForEachChild(value, [&](uint32_t e) { usable = usable && IsSchema(e); });
    if (usable) {
      tree().ForEachChild(value, [&](uint32_t element) { list.push_back(IndexOf(element)); });
    } else {
      Note(value, "is no list of schemas");
    }
    return list;
  }

  uint8_t TypesAt(uint32_t value) {
    uint8_t types = 0;
    const auto add = [&](uint32_t node) {
      const std::optional<std::string> name = JsonString({tree()[node].type, tree()[node].text});
      const TypeName* const type = name ? Lookup(kTypeNames, *name) : nullptr;
      if (type == nullptr) return Note(node, "is no type");
      const bool plain = type->type == Schema::kInteger && draft_ == SpecDraft::k4;
      types = static_cast<uint8_t>(types | (plain ? Schema::kPlainInteger : type->type));
    };
    if (tree()[value].is(JsonType::kArray)) {
      tree().ForEachChild(value, add);
    } else {
      add(value);
    }
    return types;
  }

  void CompileAllowed(uint32_t value, bool is_enum, Schema* schema) {
    if (is_enum && !tree()[value].is(JsonType::kArray)) return Note(value, "is no list");
    absl::flat_hash_set<JsonDigest, JsonDigestHash> allowed;
    const auto add = [&](uint32_t node) {
      digested_bytes_ += tree()[node].text.size();
      if (digested_bytes_ > kDigestedBytesMax) return;
      const std::optional<JsonDigest> digest = CanonicalDigest(tree()[node].text);
      if (digest) allowed.insert(*digest);
    };
    if (is_enum) {
      tree().ForEachChild(value, add);
    } else {
      add(value);
    }
    if (schema->allowed) {  // enum and const: what both allow
      absl::erase_if(allowed, [&](const JsonDigest& d) { return !schema->allowed->contains(d); });
    }
    schema->allowed = std::move(allowed);
    schema->has_const = schema->allowed->size() == 1;
  }

  std::unique_ptr<const JsonPattern> PatternAt(uint32_t value) {
    const std::optional<std::string> text = JsonString({tree()[value].type, tree()[value].text});
    return PatternOf(value, text ? *text : std::string_view(), text.has_value());
  }

  std::unique_ptr<const JsonPattern> PatternOf(uint32_t node, std::string_view pattern,
                                               bool usable) {
    if (usable && ++patterns_ <= kPatternsMax && pattern_sizes_ < kPatternSizeTotalMax) {
      std::unique_ptr<const JsonPattern> compiled = JsonPattern::Compile(pattern);
      pattern_sizes_ += compiled == nullptr ? kPatternRefusedSize : compiled->size();
      if (compiled != nullptr) return compiled;
    }
    Note(node, "is no pattern that RE2 can take");
    return nullptr;
  }

  void CompileItems(uint32_t value, Schema* schema) {
    if (!tree()[value].is(JsonType::kArray)) {
      schema->items = SchemaAt(value);
      return;
    }
    schema->tuple.emplace();
    tree().ForEachChild(value, [&](uint32_t item) { schema->tuple->push_back(SchemaAt(item)); });
  }

  std::vector<std::string> StringsAt(uint32_t value) {
    std::vector<std::string> strings;
    // "required": true beside a property is draft-03 and means nothing here.
    if (!tree()[value].is(JsonType::kArray)) {
      Note(value, "is no list of keys");
      return strings;
    }
    tree().ForEachChild(value, [&](uint32_t element) {
      const std::string_view text = tree()[element].text;
      if (!tree()[element].is(JsonType::kString)) return Note(element, "is no key");
      AppendUnescaped(text.substr(1, text.size() - 2), LoneSurrogate::kKeep,
                      &strings.emplace_back());
    });
    return strings;
  }

  void CompileProperties(uint32_t value, Schema* schema) {
    if (!tree()[value].is(JsonType::kObject)) return Note(value, "is no object");
    tree().ForEachChild(value, [&](uint32_t property) {
      schema->properties[std::string(tree()[property].key)] = SchemaAt(property);
    });
  }

  void CompilePatternProperties(uint32_t value, Schema* schema) {
    if (!tree()[value].is(JsonType::kObject)) return Note(value, "is no object");
    tree().ForEachChild(value, [&](uint32_t property) {
      schema->pattern_properties.push_back(
          {PatternOf(property, tree()[property].key, true), SchemaAt(property)});
    });
  }

  void CompileDependencies(uint32_t value, Schema* schema) {
    if (!tree()[value].is(JsonType::kObject)) return Note(value, "is no object");
    tree().ForEachChild(value, [&](uint32_t dependency) {
      Schema::Dependency& added = schema->dependencies.emplace_back();
      added.key = tree()[dependency].key;
      if (tree()[dependency].is(JsonType::kArray)) {
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

  SpecRefs refs_;
  uint32_t document_ = 0;  // that is being compiled
  SpecDraft draft_ = SpecDraft::k7;
  SchemaSet set_;
  std::vector<SpecPlace> places_;  // by schema index
  std::unordered_map<uint64_t, int32_t> indices_;
  std::size_t patterns_ = 0;
  std::size_t pattern_sizes_ = 0;
  std::size_t digested_bytes_ = 0;
};

SchemaSet::SchemaSet() = default;
SchemaSet::SchemaSet(SchemaSet&&) noexcept = default;
SchemaSet& SchemaSet::operator=(SchemaSet&&) noexcept = default;
SchemaSet::~SchemaSet() = default;

absl::StatusOr<SchemaSet> SchemaSet::Compile(std::string_view json, const SpecOptions& options) {
  if (json.size() > kSpecBytesMax) {
    return absl::InvalidArgumentError("the spec cannot be used: too long");
  }
  absl::StatusOr<JsonTree> tree = JsonTree::Parse(json);
  if (!tree.ok()) {
    return absl::InvalidArgumentError("the spec cannot be used: " +
                                      std::string(tree.status().message()));
  }
  return SchemaCompiler(*std::move(tree), options).Compile();
}

}  // namespace shunt
