// Eta: how much of what the source expects is done, and when the rest may be, as far as that can be
// said honestly: by the records of the last half minute, and not at all when the source has sent
// more than it expected, when nothing moved, or when it would take longer than kEtaMax.
//
// By records, never by bytes: a source's byte_estimate is about its data, our bytes are whole
// lines. Pure; threads: one. Bound: kEtaSamplesMax samples.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/time/time.h"
#include "router/stats.h"

namespace shunt {

inline constexpr absl::Duration kEtaWindow = absl::Seconds(30);
inline constexpr absl::Duration kEtaWindowMin = absl::Seconds(2);  // too short to tell a speed
inline constexpr absl::Duration kEtaMax = absl::Hours(24 * 30);
inline constexpr std::size_t kEtaSamplesMax = 256;

class Eta {
 public:
  // In the order of time.
  void Add(absl::Duration at, const RouterStats& stats);

  std::optional<double> percent() const;            // 0..100
  std::optional<absl::Duration> remaining() const;  // zero when everything expected has come

 private:
  struct Sample {
    absl::Duration at;
    uint64_t records = 0;
  };
  std::optional<uint64_t> Expected() const;

  std::deque<Sample> window_;
  int64_t expected_ = -1;
};

}  // namespace shunt
