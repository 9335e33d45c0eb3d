// PatternSet: finds which parts of a text belong to an occurrence of one of many byte patterns
// (Aho and Corasick, 1975). One pass, constant work per byte, whatever the patterns.
//
// Immutable after construction, so thread-safe. Memory is linear in the patterns' bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace shunt {

class PatternSet {
 public:
  explicit PatternSet(const std::vector<std::string>& patterns);

  // Calls `found(begin, end)` for every position at which a pattern ends, with the longest one that
  // ends there; `end` never decreases.
  template <typename Found>
  void Search(std::string_view text, Found found) const {
    uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = Step(node, static_cast<uint8_t>(text[i]));
      const uint32_t length = nodes_[node].longest_end;
      if (length > 0) found(i + 1 - length, i + 1);
    }
  }

 private:
  struct Node {
    uint32_t failure = 0;      // of the longest proper suffix that is also a prefix of a pattern
    uint32_t longest_end = 0;  // length of the longest pattern that ends here; 0: none
  };

  static uint64_t Edge(uint32_t node, uint8_t byte) { return uint64_t{node} << 8 | byte; }
  uint32_t Step(uint32_t node, uint8_t byte) const {
    while (node != 0) {
      const auto next = edges_.find(Edge(node, byte));
      if (next != edges_.end()) return next->second;
      node = nodes_[node].failure;
    }
    return from_root_[byte];
  }
  uint32_t Insert(std::string_view pattern);
  void LinkFailures();

  std::array<uint32_t, 256> from_root_{};
  absl::flat_hash_map<uint64_t, uint32_t> edges_;  // (node, byte) -> node, but for the root's
  std::vector<Node> nodes_;
};

}  // namespace shunt
