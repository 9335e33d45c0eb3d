// RowFields: those members of a row that mappers may ask for, so that a wide row is not searched
// again for every mapper. Of several members with one name the last one counts, as for every
// reader of JSON that keeps one.
//
// Lives as long as the row, for one record. Threads: one. Bounds: four bytes per member kept, on
// the heap beyond 32.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "transforms/row.h"

namespace shunt {

class RowFields {
 public:
  explicit RowFields(Row* row) : row_(row) {}

  void Add(uint32_t member) { members_.push_back(member); }

  // The last member that has this name now and is not removed, or null.
  Row::Member* Find(std::string_view name) const;

  // Removes all members of this name but `keep`, which may be null.
  void RemoveOthers(std::string_view name, const Row::Member* keep);

  Row& row() const { return *row_; }

 private:
  Row* row_;
  absl::InlinedVector<uint32_t, 32> members_;
};

}  // namespace shunt
