// JsonTree: a JSON text as a flat list of nodes, for those who walk it more than once (the spec
// validator and the search for secrets). Nodes are views of the text, which must outlive the tree.
// Immutable after Parse. Bounds: at most kJsonTreeNodesMax nodes of 48 bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/json_cursor.h"

namespace shunt {

inline constexpr uint32_t kJsonTreeNodesMax = 250'000;

class JsonTree {
 public:
  struct Node {
    JsonType type = JsonType::kNull;
    bool escaped = false;   // kString: the text has escapes
    uint32_t count = 0;     // children
    uint32_t next = 0;      // the node behind this one and all below it
    std::string_view text;  // as JsonSlice::text
    std::string_view key;   // of a member: unescaped (WTF-8: a lone surrogate takes three bytes)
    bool is(JsonType wanted) const { return type == wanted; }
  };

  // InvalidArgument unless `text` is JSON; ResourceExhausted when it has too many nodes.
  static absl::StatusOr<JsonTree> Parse(std::string_view text);

  // Nodes in document order; 0 is the root. The first child of i is i + 1; the next sibling of a
  // child c is nodes()[c].next.
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& operator[](uint32_t node) const { return nodes_[node]; }

  // Calls f(child) for every child in order.
  template <typename F>
  void ForEachChild(uint32_t node, F f) const {
    uint32_t child = node + 1;
    for (uint32_t i = 0; i < nodes_[node].count; ++i, child = nodes_[child].next) f(child);
  }

  // The last member with this key, as JSON readers usually take it.
  std::optional<uint32_t> Find(uint32_t object, std::string_view key) const;

  // The JSON Pointer of a node. For showing: long keys are cut.
  std::string PointerTo(uint32_t node) const;

 private:
  std::vector<Node> nodes_;
  std::deque<std::string> keys_;  // those that had escapes
};

// A key of somebody's document, fit for a message: cut when long, no control characters.
std::string ShownKey(std::string_view key);

}  // namespace shunt
