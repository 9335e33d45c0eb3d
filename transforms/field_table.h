// FieldTable: what is to be done with a field of a record, found by its key as it stands on the
// line. One hash and, mostly, one comparison, however many fields there are.
//
// Small, because there is one per stream: the names' bytes and 16 to 24 bytes per field. Find is
// thread-safe. Bounds: kFieldsMax fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

class FieldTable {
 public:
  static constexpr std::size_t kFieldsMax = (std::size_t{1} << 24) - 1;

  struct Field {
    uint32_t name_begin = 0;
    uint32_t name_size : 30 = 0;
    uint32_t selected : 1 = 0;
    uint32_t mapped : 1 = 0;  // some mapper asks for it
  };

  // The field is from now on selected, or asked for by a mapper. False when there are too many.
  bool Select(std::string_view name);
  bool Map(std::string_view name);
  // Gives back what was kept for more fields.
  void Shrink();

  // Null for a field that was not added. `raw_key`: between the quotes, escapes untouched.
  const Field* Find(std::string_view raw_key) const;

  std::size_t bytes() const {
    return names_.capacity() + fields_.capacity() * sizeof(Field) +
           slots_.capacity() * sizeof(uint32_t);
  }

 private:
  Field* Add(std::string_view name);
  void Grow();
  // The slot of this name, or the free one where it belongs.
  std::size_t SlotOf(std::string_view name, uint32_t* tag) const;

  std::string names_;
  std::vector<Field> fields_;
  // Open addressing, a power of two, at most half full: zero is free; else 8 bits of the name's
  // hash and, below, the field's index and one.
  std::vector<uint32_t> slots_;
};

}  // namespace shunt
