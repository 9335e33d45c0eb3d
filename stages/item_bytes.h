// The bytes of an item of a chunk: a view of the chunk, or for a long line a copy in `scratch`, cut
// at `bytes_max`. Pure but for `scratch`, which the view may refer to.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "stages/chunk.h"

namespace shunt {

inline std::string_view ItemBytes(const Chunk& chunk, const LineItem& item, std::size_t bytes_max,
                                  std::string* scratch) {
  if (!chunk.long_line) {
    return chunk.bytes().substr(item.begin,
                                std::min<std::size_t>(item.end - item.begin, bytes_max));
  }
  scratch->clear();
  for (const Chunk* part = &chunk; part != nullptr && scratch->size() < bytes_max;
       part = part->next.get()) {
    scratch->append(part->bytes().substr(0, bytes_max - scratch->size()));
  }
  return *scratch;
}

}  // namespace shunt
