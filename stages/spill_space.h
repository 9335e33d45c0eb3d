// SpillSpace: which ranges of a file are in use. What is given back is used again, smallest fitting
// range first, and neighbours become one, so that a file in which something always waits stays
// about as large as the most that ever waited at once. Pure core: no I/O.
//
// Threads: one. Bounds: kRangesMax ranges given back are remembered, and O(log of it) of time. Of
// more, the smallest are forgotten until nothing is in use at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace shunt {

class SpillSpace {
 public:
  static constexpr std::size_t kRangesMax = 16 * 1024;  // 2 MiB

  // REQUIRES: bytes > 0.
  int64_t Take(int64_t bytes);
  // REQUIRES: taken, and not given back.
  void Give(int64_t offset, int64_t bytes);
  // Nothing at or behind it is in use.
  int64_t end() const { return end_; }
  // Of the bytes in front of end(), those that are in use; the others are given out again.
  int64_t used() const { return used_; }

 private:
  void Remove(std::map<int64_t, int64_t>::iterator range);
  void Insert(int64_t offset, int64_t bytes);

  std::map<int64_t, int64_t> free_;              // offset to bytes; none reaches end_
  std::set<std::pair<int64_t, int64_t>> sizes_;  // the same as (bytes, offset)
  int64_t end_ = 0;
  int64_t used_ = 0;  // bytes
};

}  // namespace shunt
