// Where a $ref of a JSON Schema (drafts 04 to 07) leads: base URIs, $id, JSON Pointers, named
// fragments. Places are in the spec itself, in a meta-schema that is compiled in, or in a document
// that the caller passed; nothing is ever fetched. One thread.
//
// Bounds: a $id that makes a URI longer than kSpecUriBytesMax, or more than kSpecUriBytesTotalMax
// of them together, counts as none.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/json_tree.h"
#include "protocol/spec.h"

namespace shunt {

inline constexpr std::size_t kSpecUriBytesMax = 2048;
inline constexpr std::size_t kSpecUriBytesTotalMax = std::size_t{4} << 20;

// A node of one of the documents.
struct SpecPlace {
  uint32_t document = 0;  // 0 is the spec
  uint32_t node = 0;
  auto operator<=>(const SpecPlace&) const = default;
};

class SpecRefs {
 public:
  // The text of `spec` and the documents of `options` must outlive this.
  SpecRefs(JsonTree spec, const SpecOptions& options);

  // The place that `ref`, the value of a $ref in the schema at `schema`, means. InvalidArgument
  // when there is none. May add documents.
  absl::StatusOr<SpecPlace> Resolve(SpecPlace schema, std::string_view ref);

  // References stay valid when documents are added.
  const JsonTree& tree(uint32_t document) const { return documents_[document].tree; }
  SpecDraft draft(uint32_t document) const { return documents_[document].draft; }
  // Where a document is from; empty for the spec.
  const std::string& uri(uint32_t document) const { return documents_[document].uri; }

  // The texts that the trees of further documents are views of.
  std::deque<std::string> TakeTexts() { return std::move(texts_); }

 private:
  struct Children {
    std::unordered_map<std::string_view, uint32_t> by_key;
    std::vector<uint32_t> by_index;
  };
  struct Document {
    std::string uri;
    JsonTree tree;
    SpecDraft draft = SpecDraft::k7;
    std::unordered_map<uint32_t, Children> children;  // of nodes that a pointer went through
    std::unordered_map<uint32_t, uint32_t> bases;     // of a schema, an index into bases_
  };

  uint32_t AddDocument(std::string uri, JsonTree tree, SpecDraft otherwise);
  // The root of the document at `uri`, which is loaded if somebody has it.
  std::optional<SpecPlace> RootOf(const std::string& uri, SpecDraft otherwise);
  // Notes the base URI and the names of `schema` and of all schemas below it.
  void Walk(uint32_t document, uint32_t schema, uint32_t base);
  // The base URI of the schema at `node`, whose surroundings have `base`.
  uint32_t BaseOf(uint32_t document, uint32_t node, uint32_t base);
  uint32_t AddBase(std::string uri);
  // The node at a JSON Pointer, as seen from `from`.
  std::optional<SpecPlace> Follow(SpecPlace from, std::string_view pointer);
  // The member or element that one step of a pointer means.
  std::optional<uint32_t> Descend(Document& document, uint32_t node, const std::string& token);

  std::span<const SpecDocument> registry_;
  std::deque<std::string> texts_;
  std::deque<Document> documents_;
  std::vector<std::string> bases_;  // absolute URIs
  std::size_t base_bytes_ = 0;
  std::unordered_map<std::string, SpecPlace> targets_;  // by absolute URI, or URI#name
};

// The draft that a document's $schema names.
std::optional<SpecDraft> SpecDraftOf(const JsonTree& document);

// `text` with %XX decoded; a malformed escape stays as it is.
std::string PercentDecode(std::string_view text);

// RFC 3986, 5.2: `reference` as seen from `base`, without its fragment.
std::string ResolveUri(std::string_view base, std::string_view reference);

}  // namespace shunt
