#include "protocol/stream_index.h"

namespace shunt {

StreamIndex::StreamIndex(const ConfiguredCatalog& catalog) : catalog_(catalog) {
  std::size_t size = 4;
  while (size < 2 * catalog.streams.size()) size *= 2;
  slots_.resize(size);
  for (uint32_t i = 0; i < catalog.streams.size(); ++i) {
    std::size_t at = FirstSlot(catalog.streams[i].stream);
    while (slots_[at] != 0) at = (at + 1) % size;
    slots_[at] = i + 1;
  }
}

std::optional<uint32_t> StreamIndex::Find(const StreamDescriptor& stream) const {
  for (std::size_t at = FirstSlot(stream); slots_[at] != 0; at = (at + 1) % slots_.size()) {
    if (catalog_.streams[slots_[at] - 1].stream == stream) return slots_[at] - 1;
  }
  return std::nullopt;
}

}  // namespace shunt
