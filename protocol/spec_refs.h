// Where a $ref of a JSON Schema (draft-07) leads: base URIs, $id, JSON Pointers, named fragments.
// Only places inside the document exist; nothing is ever fetched. One thread; views of the tree's
// text, so the tree must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/json_tree.h"

namespace shunt {

class SpecRefs {
 public:
  explicit SpecRefs(const JsonTree& tree);

  // The node that `ref`, the value of a $ref in the schema at `schema`, means. InvalidArgument when
  // that is no place in this document.
  absl::StatusOr<uint32_t> Resolve(uint32_t schema, std::string_view ref);

 private:
  // Notes the base URI and the names of `schema` and of all schemas below it.
  void Walk(uint32_t schema, const std::string& base);
  // The node at a JSON Pointer, as seen from `node`.
  std::optional<uint32_t> Follow(uint32_t node, std::string_view pointer);
  // The member or element that one step of a pointer means.
  std::optional<uint32_t> Descend(uint32_t node, const std::string& token);

  struct Children {
    std::unordered_map<std::string_view, uint32_t> by_key;
    std::vector<uint32_t> by_index;
  };

  const JsonTree& tree_;
  std::unordered_map<uint32_t, Children> children_;    // of those that a pointer went through
  std::unordered_map<uint32_t, std::string> bases_;    // by schema
  std::unordered_map<std::string, uint32_t> targets_;  // by absolute URI, or URI#name
};

// `text` with %XX decoded; a malformed escape stays as it is.
std::string PercentDecode(std::string_view text);

// RFC 3986, 5.2: `reference` as seen from `base`, without its fragment.
std::string ResolveUri(std::string_view base, std::string_view reference);

}  // namespace shunt
