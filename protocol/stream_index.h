// StreamIndex: finds a stream's place in the catalog. For the rare messages; the classifier has
// StreamTable. Immutable after construction, so thread-safe. The catalog outlives it. Bounds: 16
// bytes for each stream; their names stay where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/catalog.h"

namespace shunt {

class StreamIndex {
 public:
  explicit StreamIndex(const ConfiguredCatalog& catalog);
  std::optional<uint32_t> Find(const StreamDescriptor& stream) const;

 private:
  std::size_t FirstSlot(const StreamDescriptor& stream) const {
    return StreamDescriptorHash{}(stream) & (slots_.size() - 1);
  }

  const ConfiguredCatalog& catalog_;
  std::vector<uint32_t> slots_;  // open addressing: an index plus one; zero is free
};

}  // namespace shunt
