#include "protocol/json_tree.h"

#include <utility>

#include "protocol/json_text.h"

namespace shunt {
namespace {

constexpr std::size_t kShownKeyBytesMax = 128;

}  // namespace

absl::StatusOr<JsonTree> JsonTree::Parse(std::string_view text) {
  using Event = JsonCursor::Event;
  if (!IsUtf8(text)) return absl::InvalidArgumentError("not UTF-8");
  JsonTree tree;
  JsonCursor cursor(text);
  std::vector<uint32_t> open;  // containers
  std::string_view key;
  while (true) {
    const Event event = cursor.Next();
    switch (event) {
      case Event::kKey:
        key = cursor.token();
        if (cursor.escaped()) {
          AppendUnescaped(key, LoneSurrogate::kKeep, &tree.keys_.emplace_back());
          key = tree.keys_.back();
        }
        break;
      case Event::kScalar:
      case Event::kObject:
      case Event::kArray: {
        const auto index = static_cast<uint32_t>(tree.nodes_.size());
        if (index == kJsonTreeNodesMax) return absl::ResourceExhaustedError("too many values");
        if (!open.empty()) ++tree.nodes_[open.back()].count;
        const bool escaped = cursor.type() == JsonType::kString && cursor.escaped();
        tree.nodes_.push_back({cursor.type(), escaped, 0, index + 1, cursor.token(),
                               std::exchange(key, std::string_view())});
        if (event != Event::kScalar) open.push_back(index);
        break;
      }
      case Event::kObjectEnd:
      case Event::kArrayEnd: {
        Node& node = tree.nodes_[open.back()];
        const char* const begin = node.text.data();
        node.text = {begin, static_cast<std::size_t>(cursor.position() - begin)};
        node.next = static_cast<uint32_t>(tree.nodes_.size());
        open.pop_back();
        break;
      }
      case Event::kEnd:
        return tree;
      case Event::kError:
        return absl::InvalidArgumentError("not JSON");
    }
  }
}

std::optional<uint32_t> JsonTree::Find(uint32_t object, std::string_view key) const {
  std::optional<uint32_t> found;
  if (!nodes_[object].is(JsonType::kObject)) return found;
  ForEachChild(object, [&](uint32_t child) {
    if (nodes_[child].key == key) found = child;
  });
  return found;
}

std::string JsonTree::PointerTo(uint32_t node) const {
  std::string pointer;
  uint32_t at = 0;
  while (at != node) {
    // The child whose range holds the node.
    const bool array = nodes_[at].is(JsonType::kArray);
    uint32_t index = 0;
    ++at;
    while (nodes_[at].next <= node) {
      at = nodes_[at].next;
      ++index;
    }
    pointer += '/';
    if (array) {
      pointer += std::to_string(index);
      continue;
    }
    for (const char c : ShownKey(nodes_[at].key)) {
      if (c == '~') {
        pointer += "~0";
      } else if (c == '/') {
        pointer += "~1";
      } else {
        pointer += c;
      }
    }
  }
  return pointer;
}

std::string ShownKey(std::string_view key) {
  const std::size_t length = Utf8PrefixLength(key, kShownKeyBytesMax);
  std::string quoted;
  AppendQuoted(key.substr(0, length), LoneSurrogate::kReplace, &quoted);
  std::string shown = quoted.substr(1, quoted.size() - 2);
  if (length < key.size()) shown += "...";
  return shown;
}

}  // namespace shunt
