// FieldTable: what is to be done with a field of a record, found by its key as it stands on the
// line. One hash and, mostly, one comparison, however many fields there are.
//
// Find is thread-safe. Bounds: at most eight slots of 8 bytes per field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

class FieldTable {
 public:
  struct Field {
    std::string name;
    bool selected = false;
    bool mapped = false;  // some mapper asks for it
  };

  // Adds a field, or finds the one of that name. The reference lives until the next Add.
  Field& Add(std::string_view name);

  // Null for a field that was not added. `raw_key`: between the quotes, escapes untouched.
  const Field* Find(std::string_view raw_key) const;

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t field_plus_one = 0;  // zero: free
  };
  void Grow();
  const Field* FindName(std::string_view name) const;

  std::vector<Field> fields_;
  std::vector<Slot> slots_;  // open addressing, a power of two
};

}  // namespace shunt
