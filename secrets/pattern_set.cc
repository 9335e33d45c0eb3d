#include "secrets/pattern_set.h"

#include <algorithm>
#include <utility>

namespace shunt {

PatternSet::PatternSet(const std::vector<std::string_view>& patterns) {
  nodes_.emplace_back();
  for (const std::string_view pattern : patterns) {
    if (pattern.empty()) continue;
    const uint32_t node = Insert(pattern);
    nodes_[node].longest_end = static_cast<uint32_t>(pattern.size());
  }
  nodes_.shrink_to_fit();
  LinkFailures();
}

uint32_t PatternSet::Insert(std::string_view pattern) {
  uint32_t node = 0;
  for (const char c : pattern) {
    const auto byte = static_cast<uint8_t>(c);
    uint32_t next = node == 0 ? from_root_[byte] : Child(node, byte);
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({.depth = nodes_[node].depth + 1, .byte = byte});
      if (node == 0) {
        from_root_[byte] = next;
      } else if (next == node + 1) {
        nodes_[node].chained = true;
      } else {
        nodes_[node].branches = true;
        edges_.emplace(Edge(node, byte), next);
      }
    }
    node = next;
  }
  return node;
}

// Breadth first: the failure link of a node is shorter than the node, so it is ready when needed.
void PatternSet::LinkFailures() {
  std::vector<std::pair<uint64_t, uint32_t>> edges(edges_.begin(), edges_.end());
  std::sort(edges.begin(), edges.end());
  std::vector<uint32_t> order;
  order.reserve(nodes_.size());
  for (const uint32_t child : from_root_) {
    if (child != 0) order.push_back(child);
  }
  const auto link = [&](uint32_t parent, uint32_t child) {
    Node& at = nodes_[child];
    at.failure = Step(nodes_[parent].failure, at.byte);
    at.longest_end = std::max(at.longest_end, nodes_[at.failure].longest_end);
    order.push_back(child);
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    const uint32_t node = order[i];
    if (nodes_[node].chained) link(node, node + 1);
    if (!nodes_[node].branches) continue;
    auto edge = std::lower_bound(edges.begin(), edges.end(), std::pair(Edge(node, 0), uint32_t{0}));
    for (; edge != edges.end() && edge->first >> 8 == node; ++edge) link(node, edge->second);
  }
}

}  // namespace shunt
