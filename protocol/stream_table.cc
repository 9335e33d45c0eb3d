#include "protocol/stream_table.h"

#include <cstring>

#include "absl/hash/hash.h"
#include "platform/strings.h"
#include "protocol/envelope.h"

namespace shunt {
namespace {

uint32_t Hash(std::string_view name, std::optional<std::string_view> name_space) {
  const std::size_t hash =
      absl::HashOf(A(name), name_space.has_value(), A(name_space.value_or("")));
  return static_cast<uint32_t>(hash ^ hash >> 32);
}

bool HasEscape(std::string_view raw) {
  return !raw.empty() && std::memchr(raw.data(), '\\', raw.size()) != nullptr;
}

}  // namespace

StreamTable::StreamTable(const ConfiguredCatalog& catalog) : catalog_(catalog) {
  std::size_t size = 16;
  while (size < catalog.streams.size() * 2) size *= 2;
  slots_.resize(size);
  for (uint32_t i = 0; i < catalog.streams.size(); ++i) {
    const StreamDescriptor& stream = catalog.streams[i].stream;
    const uint32_t hash = Hash(stream.name, stream.name_space);
    std::size_t at = hash & (size - 1);
    while (slots_[at].stream_plus_one != 0) at = (at + 1) & (size - 1);
    slots_[at] = {hash, i + 1};
  }
}

std::optional<uint32_t> StreamTable::Find(std::string_view name,
                                          std::optional<std::string_view> name_space) {
  if (last_ && Equals(*last_, name, name_space)) return last_;
  // UnescapeName cannot fail here. A name without escapes is its own bytes.
  if (HasEscape(name)) {
    UnescapeName(name, &name_);
    name = name_;
  }
  if (name_space && HasEscape(*name_space)) {
    UnescapeName(*name_space, &name_space_);
    name_space = name_space_;
  }
  return FindUnescaped(name, name_space);
}

std::optional<uint32_t> StreamTable::FindUnescaped(std::string_view name,
                                                   std::optional<std::string_view> name_space) {
  const uint32_t hash = Hash(name, name_space);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].stream_plus_one != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const uint32_t stream = slots_[at].stream_plus_one - 1;
    if (!Equals(stream, name, name_space)) continue;
    // Raw bytes are compared with the last stream's name, which is right unless that holds a
    // backslash of its own.
    const StreamDescriptor& known = catalog_.streams[stream].stream;
    if (!HasEscape(known.name) && !(known.name_space && HasEscape(*known.name_space))) {
      last_ = stream;
    }
    return stream;
  }
  return std::nullopt;
}

bool StreamTable::Equals(uint32_t stream, std::string_view name,
                         std::optional<std::string_view> name_space) const {
  const StreamDescriptor& known = catalog_.streams[stream].stream;
  if (known.name != name || known.name_space.has_value() != name_space.has_value()) return false;
  return !name_space || *known.name_space == *name_space;
}

}  // namespace shunt
