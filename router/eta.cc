#include "router/eta.h"

namespace shunt {

void Eta::Add(absl::Duration at, const RouterStats& stats) {
  expected_ = stats.records_expected;
  window_.push_back({at, stats.catalog_records_read});
  // The oldest one that is kept lies at the window's beginning or before it.
  while (window_.size() > kEtaSamplesMax ||
         (window_.size() > 2 && at - window_[1].at >= kEtaWindow)) {
    window_.pop_front();
  }
}

std::optional<uint64_t> Eta::Expected() const {
  if (window_.empty() || expected_ <= 0) return std::nullopt;
  const uint64_t expected = static_cast<uint64_t>(expected_);
  if (window_.back().records > expected) return std::nullopt;
  return expected;
}

std::optional<double> Eta::percent() const {
  const std::optional<uint64_t> expected = Expected();
  if (!expected) return std::nullopt;
  return 100.0 * static_cast<double>(window_.back().records) / static_cast<double>(*expected);
}

std::optional<absl::Duration> Eta::remaining() const {
  const std::optional<uint64_t> expected = Expected();
  if (!expected) return std::nullopt;
  const uint64_t left = *expected - window_.back().records;
  if (left == 0) return absl::ZeroDuration();
  const absl::Duration span = window_.back().at - window_.front().at;
  const uint64_t records = window_.back().records - window_.front().records;
  if (span < kEtaWindowMin || records == 0) return std::nullopt;
  const absl::Duration time = span * (static_cast<double>(left) / static_cast<double>(records));
  if (time > kEtaMax) return std::nullopt;
  return time;
}

}  // namespace shunt
