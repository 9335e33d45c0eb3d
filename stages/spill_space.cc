#include "stages/spill_space.h"

#include <iterator>

#include "platform/check.h"

namespace shunt {

int64_t SpillSpace::Take(int64_t bytes) {
  SHUNT_CHECK(bytes > 0);
  used_ += bytes;
  const auto fit = sizes_.lower_bound({bytes, 0});
  if (fit == sizes_.end()) {
    end_ += bytes;
    return end_ - bytes;
  }
  const auto [size, offset] = *fit;
  Remove(free_.find(offset));
  if (size > bytes) Insert(offset + bytes, size - bytes);
  return offset;
}

void SpillSpace::Give(int64_t offset, int64_t bytes) {
  SHUNT_CHECK(bytes > 0 && offset >= 0 && offset + bytes <= end_);
  used_ -= bytes;
  SHUNT_CHECK(used_ >= 0);
  if (used_ == 0) {
    free_.clear();
    sizes_.clear();
    end_ = 0;
    return;
  }
  auto after = free_.lower_bound(offset);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    SHUNT_CHECK(before->first + before->second <= offset);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      Remove(before);
    }
  }
  if (after != free_.end()) {
    SHUNT_CHECK(offset + bytes <= after->first);
    if (offset + bytes == after->first) {
      bytes += after->second;
      Remove(after);
    }
  }
  if (offset + bytes == end_) {
    end_ = offset;
  } else {
    Insert(offset, bytes);
  }
}

void SpillSpace::Remove(std::map<int64_t, int64_t>::iterator range) {
  sizes_.erase({range->second, range->first});
  free_.erase(range);
}

void SpillSpace::Insert(int64_t offset, int64_t bytes) {
  free_.emplace(offset, bytes);
  sizes_.emplace(bytes, offset);
  if (free_.size() > kRangesMax) Remove(free_.find(sizes_.begin()->second));
}

}  // namespace shunt
