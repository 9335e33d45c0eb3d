// StreamTable: finds a record's stream in the catalog by the bytes between the quotes on the line.
// One hash, one cache line and one comparison, however many there are.
//
// Threads: one at a time (Find uses scratch space). Bounds: 32 bytes per slot, at most three slots
// per stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/catalog.h"

namespace shunt {

class StreamTable {
 public:
  explicit StreamTable(const ConfiguredCatalog& catalog);

  // The index in the catalog; empty when the catalog lacks the stream. `name` and `name_space` are
  // sound (UnescapeName succeeds); no value means no namespace.
  std::optional<uint32_t> Find(std::string_view name, std::optional<std::string_view> name_space);

  // The same for names without escapes, behind which 16 bytes are readable.
  std::optional<uint32_t> FindPlain(std::string_view name,
                                    std::optional<std::string_view> name_space) const;

 private:
  // Half a cache line, and all that is needed for names of usual length: with thousands of streams
  // that take turns, what is not in the cache is what costs.
  struct alignas(32) Slot {
    std::array<char, 20> names{};  // name and namespace, when they fit
    uint32_t sizes = 0;            // see SizesOf
    uint32_t hash = 0;
    uint32_t stream_plus_one = 0;  // zero: free
  };
  static uint32_t SizesOf(std::string_view name, std::optional<std::string_view> name_space);
  bool Equals(const Slot& slot, std::string_view name,
              std::optional<std::string_view> name_space) const;

  const ConfiguredCatalog& catalog_;
  std::size_t mask_ = 0;
  std::vector<Slot> slots_;  // open addressing: a power of two, and one to read beyond
  std::string name_;
  std::string name_space_;
};

}  // namespace shunt
