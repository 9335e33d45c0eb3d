// PatternSet: finds which parts of a text belong to an occurrence of one of many byte patterns
// (Aho and Corasick, 1975). One pass, constant work per byte, whatever the patterns.
//
// Immutable after construction, so thread-safe; copies what it needs of the patterns. Memory: 16
// bytes for each of their bytes (shared beginnings once), and some more where they branch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace shunt {

class PatternSet {
 public:
  explicit PatternSet(const std::vector<std::string_view>& patterns);

  // Calls `found(begin, end)` for every position at which a pattern ends, with the longest one that
  // ends there; `end` never decreases. Returns the length of the longest beginning of a pattern
  // that the text ends with: what may become an occurrence if the text goes on.
  template <typename Found>
  std::size_t Search(std::string_view text, Found found) const {
    uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = Step(node, static_cast<uint8_t>(text[i]));
      const uint32_t length = nodes_[node].longest_end;
      if (length > 0) found(i + 1 - length, i + 1);
    }
    return nodes_[node].depth;
  }

 private:
  // A node is a beginning of a pattern. What is not shared with other patterns is a chain: the only
  // child of a node is the next node, so that most nodes need no map.
  struct Node {
    uint32_t failure = 0;      // of the longest proper suffix that is also a beginning
    uint32_t longest_end = 0;  // length of the longest pattern that ends here; 0: none
    uint32_t depth = 0;
    uint8_t byte = 0;       // that leads here
    bool chained = false;   // the next node is a child
    bool branches = false;  // edges_ has children
  };

  static uint64_t Edge(uint32_t node, uint8_t byte) { return uint64_t{node} << 8 | byte; }
  // The child of `node` by `byte`; 0: none. REQUIRES: not the root.
  uint32_t Child(uint32_t node, uint8_t byte) const {
    const Node& at = nodes_[node];
    if (at.chained && nodes_[node + 1].byte == byte) return node + 1;
    if (!at.branches) return 0;
    const auto next = edges_.find(Edge(node, byte));
    return next == edges_.end() ? 0 : next->second;
  }
  uint32_t Step(uint32_t node, uint8_t byte) const {
    while (node != 0) {
      if (const uint32_t next = Child(node, byte); next != 0) return next;
      node = nodes_[node].failure;
    }
    return from_root_[byte];
  }
  uint32_t Insert(std::string_view pattern);
  void LinkFailures();

  std::array<uint32_t, 256> from_root_{};
  std::vector<Node> nodes_;
  absl::flat_hash_map<uint64_t, uint32_t> edges_;  // (node, byte) -> node: what is no chain
};

}  // namespace shunt
