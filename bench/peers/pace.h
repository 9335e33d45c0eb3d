// Keeps a loop at a number of bytes a second.
#pragma once

#include <cstdint>
#include <ctime>

#include "bench/peers/child.h"

namespace shunt::bench {

class Pace {
 public:
  // 0: as fast as it goes.
  explicit Pace(int64_t bytes_per_second)
      : bytes_per_second_(bytes_per_second), begin_(MonotonicNanoseconds()) {}

  // Sleeps until `bytes` more are due. Not for less than a moment: a sleep takes longer than it
  // says.
  void Spend(std::size_t bytes) {
    if (bytes_per_second_ == 0) return;
    bytes_ += static_cast<int64_t>(bytes);
    const double due = static_cast<double>(bytes_) / static_cast<double>(bytes_per_second_) * 1e9;
    const int64_t ahead = begin_ + static_cast<int64_t>(due) - MonotonicNanoseconds();
    if (ahead < kMoment) return;
    const timespec pause{ahead / 1'000'000'000, ahead % 1'000'000'000};
    ::nanosleep(&pause, nullptr);
  }

 private:
  static constexpr int64_t kMoment = 100'000;

  const int64_t bytes_per_second_;
  const int64_t begin_;
  int64_t bytes_ = 0;
};

}  // namespace shunt::bench
