#include "router/options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kMemoryBudgetBytesMin = 16 * kMiB;
constexpr int64_t kMemoryBudgetBytesMax = int64_t{1} << 40;
constexpr int64_t kLineBytesMax = 1024 * kMiB;  // offsets in a line are 32 bits
constexpr int64_t kLineBytesMin = 256;

absl::Status OutOfRange(std::string_view option, int64_t value, int64_t min, int64_t max) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(option), ": ", value,
                                                 " bytes; it must be between ", min, " and ", max));
}

absl::Status CheckRange(std::string_view option, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max) return OutOfRange(option, value, min, max);
  return absl::OkStatus();
}

absl::Status CheckDuration(std::string_view option, absl::Duration value) {
  if (value >= absl::ZeroDuration() && value != absl::InfiniteDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(option), ": it must be zero (off) or a positive, finite duration"));
}

// Half of the budget is what one line may take; the other half is everybody else's. A line that is
// rewritten is copied together, and copied once more.
int64_t LongestLine(const RouterOptions& options) {
  int64_t share = options.rewrites_records() ? 8 : 2;
  if (options.rules) {
    share *= static_cast<int64_t>(options.rules->GrowthMax(options.catalog).factor);
  }
  return std::min(options.memory_budget_bytes / share, kLineBytesMax);
}

absl::Status CheckMemory(const RouterOptions& options) {
  absl::Status status = CheckRange("memory-budget", options.memory_budget_bytes,
                                   kMemoryBudgetBytesMin, kMemoryBudgetBytesMax);
  if (!status.ok()) return status;
  status =
      CheckRange("line-bytes-max", options.LineBytesMax(), kLineBytesMin, LongestLine(options));
  if (!status.ok()) return status;
  status = CheckRange("read-ahead", options.read_ahead_bytes, 0, options.memory_budget_bytes / 2);
  if (!status.ok()) return status;
  if (const int64_t needed = options.MemoryBytesMax(); needed > options.memory_budget_bytes) {
    return absl::InvalidArgumentError(absl::StrCat("memory-budget: ", options.memory_budget_bytes,
                                                   " bytes; with a line-bytes-max of ",
                                                   options.LineBytesMax(), " and a read-ahead of ",
                                                   options.read_ahead_bytes, " it takes ", needed));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t RouterOptions::LineBytesMax() const {
  return line_bytes_max != 0 ? line_bytes_max : LongestLine(*this);
}

absl::Status RouterOptions::Validate() const {
  if (run.connection.empty()) return absl::InvalidArgumentError("connection: it must have a name");
  if (run.run_id.empty()) return absl::InvalidArgumentError("run: it must have an id");
  if (source.config_id.empty() || destination.config_id.empty()) {
    return absl::InvalidArgumentError("source-id, destination-id: they must not be empty");
  }
  if (source.config_id == destination.config_id) {
    return absl::InvalidArgumentError(
        "source-id, destination-id: they must differ, each names one stored config");
  }
  if (absl::Status one_name_each = MappedNames(names()).AddAll(catalog); !one_name_each.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("namespace-definition, stream-prefix: ", one_name_each.message()));
  }
  absl::Status status = CheckMemory(*this);
  if (!status.ok()) return status;
  status = CheckDuration("source-timeout", source_timeout);
  if (!status.ok()) return status;
  status = CheckDuration("destination-timeout", destination_timeout);
  if (!status.ok()) return status;
  status = CheckDuration("open-timeout", open_timeout);
  if (!status.ok()) return status;
  status = CheckDuration("persist-timeout", persist_timeout);
  if (!status.ok()) return status;
  return CheckDuration("abort-drain", abort_drain);
}

}  // namespace shunt
