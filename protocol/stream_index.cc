#include "protocol/stream_index.h"

namespace shunt {

StreamIndex::StreamIndex(const ConfiguredCatalog& catalog) {
  indexes_.reserve(catalog.streams.size());
  for (uint32_t i = 0; i < catalog.streams.size(); ++i) indexes_[catalog.streams[i].stream] = i;
}

std::optional<uint32_t> StreamIndex::Find(const StreamDescriptor& stream) const {
  const auto found = indexes_.find(stream);
  if (found == indexes_.end()) return std::nullopt;
  return found->second;
}

}  // namespace shunt
