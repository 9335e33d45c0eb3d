#include "protocol/spec_refs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/meta_schemas.h"

namespace shunt {
namespace {

// Where schemas stand in a schema. A $id anywhere else (in an enum, in unknown keywords) is data.
constexpr std::array<std::string_view, 9> kSchemaKeywords = {
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
};
constexpr std::array<std::string_view, 4> kSchemaLists = {"allOf", "anyOf", "oneOf", "items"};
constexpr std::array<std::string_view, 4> kSchemaMaps = {"definitions", "dependencies",
                                                         "patternProperties", "properties"};

template <std::size_t n>
bool Contains(const std::array<std::string_view, n>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// The string under `key`; empty when it is none.
std::optional<std::string> StringAt(const JsonTree& tree, uint32_t object, std::string_view key) {
  const std::optional<uint32_t> node = tree.Find(object, key);
  if (!node) return std::nullopt;
  return JsonString({tree[*node].type, tree[*node].text});
}

std::string_view WithoutFragment(std::string_view uri) { return uri.substr(0, uri.find('#')); }

// scheme:, as far as a reference that begins with a letter has one before any other delimiter.
std::size_t SchemeLength(std::string_view uri) {
  const std::size_t end = uri.find_first_of(":/?#");
  return end != std::string_view::npos && end > 0 && uri[end] == ':' ? end + 1 : 0;
}

std::string RemoveDotSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool absolute = path.starts_with('/');
  if (absolute) path.remove_prefix(1);
  bool directory = false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
    }
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  std::string out = absolute ? "/" : "";
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i > 0) out += '/';
    out += segments[i];
  }
  if (directory && !segments.empty()) out += '/';
  return out;
}

std::string UnescapePointerToken(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

absl::Status Unresolved(std::string_view ref) {
  return absl::InvalidArgumentError("the $ref " + ShownKey(ref) +
                                    " leads to no place that we know");
}

}  // namespace

std::optional<SpecDraft> SpecDraftOf(const JsonTree& document) {
  const std::optional<std::string> uri = StringAt(document, 0, "$schema");
  if (!uri) return std::nullopt;
  constexpr std::pair<std::string_view, SpecDraft> kDrafts[] = {
      {"json-schema.org/draft-04/schema", SpecDraft::k4},
      {"json-schema.org/draft-06/schema", SpecDraft::k6},
      {"json-schema.org/draft-07/schema", SpecDraft::k7},
  };
  for (const auto& [name, draft] : kDrafts) {
    if (uri->find(name) != std::string::npos) return draft;
  }
  return std::nullopt;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* const end = text.data() + i + 3;
      const auto [stop, error] = std::from_chars(text.data() + i + 1, end, byte, 16);
      if (error == std::errc() && stop == end) {
        out += static_cast<char>(byte);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string ResolveUri(std::string_view base, std::string_view reference) {
  base = WithoutFragment(base);
  reference = WithoutFragment(reference);
  if (reference.empty()) return std::string(base);
  if (SchemeLength(reference) > 0) return std::string(reference);
  const std::size_t scheme = SchemeLength(base);
  const std::string_view rest = base.substr(scheme);
  if (reference.starts_with("//"))
    return std::string(base.substr(0, scheme)) + std::string(reference);
  std::size_t authority = 0;
  if (rest.starts_with("//")) authority = std::min(rest.find_first_of("/?", 2), rest.size());
  const std::string root(base.substr(0, scheme + authority));
  const std::string_view path = rest.substr(authority);
  if (reference.starts_with('/')) return root + RemoveDotSegments(reference);
  const std::string_view plain = path.substr(0, path.find('?'));
  if (reference.starts_with('?')) return root + std::string(plain) + std::string(reference);
  const std::size_t slash = plain.rfind('/');
  std::string merged = authority > 0 && plain.empty() ? "/" : "";
  if (slash != std::string_view::npos) merged = std::string(plain.substr(0, slash + 1));
  return root + RemoveDotSegments(merged + std::string(reference));
}

SpecRefs::SpecRefs(JsonTree spec, const SpecOptions& options) : registry_(options.documents) {
  AddDocument("", std::move(spec), options.draft);
}

uint32_t SpecRefs::AddDocument(std::string uri, JsonTree tree, SpecDraft otherwise) {
  const auto index = static_cast<uint32_t>(documents_.size());
  const SpecDraft draft = SpecDraftOf(tree).value_or(otherwise);
  documents_.push_back({uri, std::move(tree), draft, {}, {}});
  targets_.emplace(uri, SpecPlace{index, 0});
  bases_.push_back(std::move(uri));
  Walk(index, 0, static_cast<uint32_t>(bases_.size() - 1));
  return index;
}

std::optional<SpecPlace> SpecRefs::RootOf(const std::string& uri, SpecDraft otherwise) {
  const auto known = targets_.find(uri);
  if (known != targets_.end()) return known->second;
  std::string_view text = MetaSchema(uri);
  for (const SpecDocument& document : registry_) {
    if (WithoutFragment(document.uri) == uri) text = texts_.emplace_back(document.json);
  }
  if (text.empty()) return std::nullopt;
  absl::StatusOr<JsonTree> tree = JsonTree::Parse(text);
  if (!tree.ok()) return std::nullopt;
  return SpecPlace{AddDocument(uri, *std::move(tree), otherwise), 0};
}

uint32_t SpecRefs::AddBase(std::string uri) {
  base_bytes_ += uri.size();
  bases_.push_back(std::move(uri));
  return static_cast<uint32_t>(bases_.size() - 1);
}

uint32_t SpecRefs::BaseOf(uint32_t document, uint32_t node, uint32_t base) {
  const Document& home = documents_[document];
  // Beside a $ref everything is ignored, a $id too.
  if (StringAt(home.tree, node, "$ref")) return base;
  const std::string_view keyword = home.draft == SpecDraft::k4 ? "id" : "$id";
  const std::optional<std::string> id = StringAt(home.tree, node, keyword);
  if (!id || id->size() > kSpecUriBytesMax) return base;
  std::string uri = ResolveUri(bases_[base], *id);
  const std::size_t hash = id->find('#');
  const std::string_view fragment =
      hash == std::string::npos ? "" : std::string_view(*id).substr(hash);
  const std::size_t bytes = uri.size() + fragment.size();
  if (bytes > kSpecUriBytesMax || base_bytes_ + 2 * bytes > kSpecUriBytesTotalMax) return base;
  if (fragment.size() > 1) {
    base_bytes_ += bytes;
    targets_.emplace(uri + std::string(fragment), SpecPlace{document, node});
  }
  if (hash == 0) return base;
  targets_.emplace(uri, SpecPlace{document, node});
  return AddBase(std::move(uri));
}

void SpecRefs::Walk(uint32_t document, uint32_t schema, uint32_t base) {
  Document& home = documents_[document];
  const JsonTree& tree = home.tree;
  std::vector<std::pair<uint32_t, uint32_t>> todo = {{schema, base}};
  while (!todo.empty()) {
    const auto [node, around] = todo.back();
    todo.pop_back();
    if (!tree[node].is(JsonType::kObject) || home.bases.contains(node)) continue;
    const uint32_t own = BaseOf(document, node, around);
    home.bases.emplace(node, own);
    tree.ForEachChild(node, [&](uint32_t child) {
      const std::string_view key = tree[child].key;
      const bool array = tree[child].is(JsonType::kArray);
      if (!array && Contains(kSchemaKeywords, key)) todo.emplace_back(child, own);
      if ((array && Contains(kSchemaLists, key)) || (!array && Contains(kSchemaMaps, key))) {
        tree.ForEachChild(child, [&](uint32_t element) { todo.emplace_back(element, own); });
      }
    });
  }
}

// A spec may have thousands of refs into one object, so its children are listed once.
std::optional<uint32_t> SpecRefs::Descend(Document& document, uint32_t node,
                                          const std::string& token) {
  const JsonTree& tree = document.tree;
  const auto [place, is_new] = document.children.try_emplace(node);
  Children& children = place->second;
  const bool array = tree[node].is(JsonType::kArray);
  if (is_new) {
    tree.ForEachChild(node, [&](uint32_t child) {
      if (array) {
        children.by_index.push_back(child);
      } else {
        children.by_key[tree[child].key] = child;
      }
    });
  }
  if (!array) {
    const auto found = children.by_key.find(token);
    return found == children.by_key.end() ? std::nullopt : std::optional(found->second);
  }
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, index);
  if (error != std::errc() || stop != end || index >= children.by_index.size()) return std::nullopt;
  return children.by_index[index];
}

std::optional<SpecPlace> SpecRefs::Follow(SpecPlace from, std::string_view pointer) {
  Document& document = documents_[from.document];
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = pointer.find('/');
    const std::optional<uint32_t> child =
        Descend(document, from.node, UnescapePointerToken(pointer.substr(0, slash)));
    if (!child) return std::nullopt;
    from.node = *child;
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
  }
  return from;
}

absl::StatusOr<SpecPlace> SpecRefs::Resolve(SpecPlace schema, std::string_view ref) {
  const Document& home = documents_[schema.document];
  const auto base = home.bases.find(schema.node);
  const std::string uri =
      ResolveUri(base == home.bases.end() ? home.uri : bases_[base->second], ref);
  const std::size_t hash = ref.find('#');
  const std::string fragment =
      hash == std::string_view::npos ? "" : PercentDecode(ref.substr(hash + 1));
  const bool named = !fragment.empty() && !fragment.starts_with('/');
  const std::optional<SpecPlace> resource = RootOf(uri, home.draft);
  std::optional<SpecPlace> target;
  if (resource && named) {
    const auto name = targets_.find(uri + "#" + fragment);
    if (name != targets_.end()) target = name->second;
  } else if (resource) {
    target = Follow(*resource, fragment);
  }
  // Below a $id a "#/..." counts from there; some specs mean the document all the same.
  if (!target && hash == 0 && !named) target = Follow({schema.document, 0}, fragment);
  if (!target) return Unresolved(ref);
  // A pointer may lead to where no schema was expected.
  Document& there = documents_[target->document];
  if (!there.bases.contains(target->node)) {
    const auto around = there.bases.find(resource ? resource->node : 0);
    Walk(target->document, target->node, around == there.bases.end() ? 0 : around->second);
  }
  return *target;
}

}  // namespace shunt
