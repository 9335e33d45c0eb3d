#include "protocol/spec_refs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

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
  return absl::InvalidArgumentError("the $ref " + ShownKey(ref) + " leads to no place in the spec");
}

}  // namespace

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

SpecRefs::SpecRefs(const JsonTree& tree) : tree_(tree) {
  targets_.emplace("", 0);
  Walk(0, "");
}

void SpecRefs::Walk(uint32_t schema, const std::string& base) {
  std::vector<std::pair<uint32_t, std::string>> todo = {{schema, base}};
  while (!todo.empty()) {
    auto [node, uri] = std::move(todo.back());
    todo.pop_back();
    if (!tree_[node].is(JsonType::kObject)) continue;
    // Beside a $ref everything is ignored, a $id too.
    const std::optional<std::string> id =
        StringAt(tree_, node, "$ref") ? std::nullopt : StringAt(tree_, node, "$id");
    if (id) {
      const std::size_t hash = id->find('#');
      if (hash != 0) {
        uri = ResolveUri(uri, *id);
        targets_.emplace(uri, node);
      }
      if (hash != std::string::npos && hash + 1 < id->size()) {
        targets_.emplace(uri + id->substr(hash), node);
      }
    }
    if (!bases_.emplace(node, uri).second) continue;
    tree_.ForEachChild(node, [&](uint32_t child) {
      const std::string_view key = tree_[child].key;
      const bool array = tree_[child].is(JsonType::kArray);
      if (!array && Contains(kSchemaKeywords, key)) todo.emplace_back(child, uri);
      if ((array && Contains(kSchemaLists, key)) || (!array && Contains(kSchemaMaps, key))) {
        tree_.ForEachChild(child, [&](uint32_t element) { todo.emplace_back(element, uri); });
      }
    });
  }
}

// A spec may have thousands of refs into one object, so its children are listed once.
std::optional<uint32_t> SpecRefs::Descend(uint32_t node, const std::string& token) {
  const auto [place, is_new] = children_.try_emplace(node);
  Children& children = place->second;
  const bool array = tree_[node].is(JsonType::kArray);
  if (is_new) {
    tree_.ForEachChild(node, [&](uint32_t child) {
      if (array) {
        children.by_index.push_back(child);
      } else {
        children.by_key[tree_[child].key] = child;
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

std::optional<uint32_t> SpecRefs::Follow(uint32_t node, std::string_view pointer) {
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = pointer.find('/');
    const std::optional<uint32_t> child =
        Descend(node, UnescapePointerToken(pointer.substr(0, slash)));
    if (!child) return std::nullopt;
    node = *child;
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
  }
  return node;
}

absl::StatusOr<uint32_t> SpecRefs::Resolve(uint32_t schema, std::string_view ref) {
  const auto base = bases_.find(schema);
  const std::string uri = ResolveUri(base == bases_.end() ? "" : base->second, ref);
  const std::size_t hash = ref.find('#');
  const std::string fragment =
      hash == std::string_view::npos ? "" : PercentDecode(ref.substr(hash + 1));
  const bool named = !fragment.empty() && !fragment.starts_with('/');
  const auto resource = targets_.find(named ? uri + "#" + fragment : uri);
  std::optional<uint32_t> target;
  if (resource != targets_.end()) {
    target = named ? resource->second : Follow(resource->second, fragment);
  }
  // Below a $id a "#/..." counts from there; some specs mean the document all the same.
  if (!target && hash == 0 && !named) target = Follow(0, fragment);
  if (!target) return Unresolved(ref);
  // A pointer may lead to where no schema was expected.
  Walk(*target, uri);
  return *target;
}

}  // namespace shunt
