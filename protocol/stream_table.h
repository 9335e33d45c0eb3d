// StreamTable: finds a record's stream in the catalog by the bytes between the quotes on the line.
// The stream found last is tried first; then one hash and one comparison, however many there are.
//
// Threads: one at a time (it remembers the last stream).
#pragma once

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

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t stream_plus_one = 0;  // zero: free
  };
  std::optional<uint32_t> FindUnescaped(std::string_view name,
                                        std::optional<std::string_view> name_space);
  bool Equals(uint32_t stream, std::string_view name,
              std::optional<std::string_view> name_space) const;

  const ConfiguredCatalog& catalog_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
  std::optional<uint32_t> last_;
  std::string name_;
  std::string name_space_;
};

}  // namespace shunt
