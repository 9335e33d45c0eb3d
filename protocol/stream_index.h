// StreamIndex: finds a stream's place in the catalog. For the rare messages; the classifier has
// StreamTable. Immutable after construction, so thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "protocol/catalog.h"

namespace shunt {

class StreamIndex {
 public:
  explicit StreamIndex(const ConfiguredCatalog& catalog);
  std::optional<uint32_t> Find(const StreamDescriptor& stream) const;

 private:
  std::unordered_map<StreamDescriptor, uint32_t, StreamDescriptorHash> indexes_;
};

}  // namespace shunt
