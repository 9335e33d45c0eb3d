#include "protocol/stream_table.h"

#include <xxhash.h>

#include <cstring>

#include "protocol/envelope.h"
#include "protocol/line_scanner.h"

namespace shunt {
namespace {

uint32_t Hash(std::string_view name, std::optional<std::string_view> name_space) {
  uint64_t seed = 1;
  if (name_space) seed = XXH3_64bits(name_space->data(), name_space->size());
  const uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), seed);
  return static_cast<uint32_t>(hash ^ hash >> 32);
}

bool HasEscape(std::string_view raw) { return raw.find('\\') != std::string_view::npos; }

}  // namespace

// Equal sizes have equal words, and a word is zero when the names do not fit into a slot.
uint32_t StreamTable::SizesOf(std::string_view name, std::optional<std::string_view> name_space) {
  const std::size_t both = name.size() + name_space.value_or("").size();
  if (both > sizeof(Slot::names)) return 0;
  return static_cast<uint32_t>(1 + name.size() + (both << 8) + (name_space ? 1u << 16 : 0u));
}

StreamTable::StreamTable(const ConfiguredCatalog& catalog) : catalog_(catalog) {
  std::size_t size = 16;
  while (size * 2 < catalog.streams.size() * 3) size *= 2;
  slots_.resize(size + 1);
  mask_ = size - 1;
  for (uint32_t i = 0; i < catalog.streams.size(); ++i) {
    const StreamDescriptor& stream = catalog.streams[i].stream;
    const uint32_t hash = Hash(stream.name, stream.name_space);
    std::size_t at = hash & mask_;
    while (slots_[at].stream_plus_one != 0) at = (at + 1) & mask_;
    Slot& slot = slots_[at];
    slot.hash = hash;
    slot.stream_plus_one = i + 1;
    slot.sizes = SizesOf(stream.name, stream.name_space);
    if (slot.sizes == 0) continue;
    const std::string both = stream.name + stream.name_space.value_or("");
    std::memcpy(slot.names.data(), both.data(), both.size());
  }
}

std::optional<uint32_t> StreamTable::Find(std::string_view name,
                                          std::optional<std::string_view> name_space) {
  // UnescapeName cannot fail here. A name without escapes is its own bytes.
  if (HasEscape(name)) {
    UnescapeName(name, &name_);
  } else {
    name_ = name;
  }
  if (name_space && HasEscape(*name_space)) {
    UnescapeName(*name_space, &name_space_);
  } else {
    name_space_ = name_space.value_or("");
  }
  // Room to read behind them.
  const std::size_t name_size = name_.size(), name_space_size = name_space_.size();
  name_.append(16, '\0');
  name_space_.append(16, '\0');
  if (name_space) name_space = std::string_view(name_space_).substr(0, name_space_size);
  return FindPlain(std::string_view(name_).substr(0, name_size), name_space);
}

std::optional<uint32_t> StreamTable::FindPlain(std::string_view name,
                                               std::optional<std::string_view> name_space) const {
  const uint32_t hash = Hash(name, name_space);
  for (std::size_t at = hash & mask_; slots_[at].stream_plus_one != 0; at = (at + 1) & mask_) {
    if (slots_[at].hash == hash && Equals(slots_[at], name, name_space)) {
      return slots_[at].stream_plus_one - 1;
    }
  }
  return std::nullopt;
}

bool StreamTable::Equals(const Slot& slot, std::string_view name,
                         std::optional<std::string_view> name_space) const {
  if (slot.sizes != SizesOf(name, name_space)) return false;
  if (slot.sizes == 0) {
    const StreamDescriptor& known = catalog_.streams[slot.stream_plus_one - 1].stream;
    return known.name == name && known.name_space == name_space;
  }
  return EqualBytes(name.data(), slot.names.data(), name.size()) &&
         (!name_space ||
          EqualBytes(name_space->data(), slot.names.data() + name.size(), name_space->size()));
}

}  // namespace shunt
