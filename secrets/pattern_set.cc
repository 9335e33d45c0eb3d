#include "secrets/pattern_set.h"

#include <algorithm>
#include <utility>

namespace shunt {

PatternSet::PatternSet(const std::vector<std::string>& patterns) {
  nodes_.emplace_back();
  for (const std::string& pattern : patterns) {
    if (pattern.empty()) continue;
    const uint32_t node = Insert(pattern);
    nodes_[node].longest_end = static_cast<uint32_t>(pattern.size());
  }
  LinkFailures();
}

uint32_t PatternSet::Insert(std::string_view pattern) {
  uint32_t node = 0;
  for (const char c : pattern) {
    const auto byte = static_cast<uint8_t>(c);
    uint32_t& next = node == 0 ? from_root_[byte] : edges_[Edge(node, byte)];
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    node = next;
  }
  return node;
}

// Breadth first: the failure link of a node is shorter than the node, so it is ready when needed.
void PatternSet::LinkFailures() {
  std::vector<std::vector<std::pair<uint8_t, uint32_t>>> children(nodes_.size());
  for (const auto& [edge, child] : edges_) {
    children[edge >> 8].emplace_back(static_cast<uint8_t>(edge), child);
  }
  std::vector<uint32_t> order;
  for (const uint32_t child : from_root_) {
    if (child != 0) order.push_back(child);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const uint32_t node = order[i];
    Node& at = nodes_[node];
    at.longest_end = std::max(at.longest_end, nodes_[at.failure].longest_end);
    for (const auto& [byte, child] : children[node]) {
      nodes_[child].failure = Step(at.failure, byte);
      order.push_back(child);
    }
  }
}

}  // namespace shunt
