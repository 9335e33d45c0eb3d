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
int64_t LongestLine(const RouterOptions& options, int64_t memory_budget) {
  int64_t share = options.rewrites_records() ? 8 : 2;
  if (options.rules) {
    share *= static_cast<int64_t>(options.rules->GrowthMax(options.catalog).factor);
  }
  return std::min(memory_budget / share, kLineBytesMax);
}

}  // namespace

int64_t RouterOptions::LineBytesMax(int64_t memory_budget) const {
  return line_bytes_max != 0 ? line_bytes_max : LongestLine(*this, memory_budget);
}

// Some terms grow with the budget, so it is looked for.
int64_t RouterOptions::MemoryBudgetThatWouldDo() const {
  int64_t low = memory_budget_bytes, high = 2 * low;
  while (high < kMemoryBudgetBytesMax && MemoryBytesMax(high) > high) high *= 2;
  while (high - low > kMiB / 16) {
    const int64_t middle = low + (high - low) / 2;
    (MemoryBytesMax(middle) > middle ? low : high) = middle;
  }
  return high;
}

absl::Status RouterOptions::CheckMemory() const {
  const RouterOptions& options = *this;
  absl::Status status = CheckRange("memory-budget", options.memory_budget_bytes,
                                   kMemoryBudgetBytesMin, kMemoryBudgetBytesMax);
  if (!status.ok()) return status;
  status = CheckRange("line-bytes-max", options.LineBytesMax(), kLineBytesMin,
                      LongestLine(options, options.memory_budget_bytes));
  if (!status.ok()) return status;
  status = CheckRange("read-ahead", options.read_ahead_bytes, 0, options.memory_budget_bytes / 2);
  if (!status.ok()) return status;
  if (options.MemoryBytesMax() <= options.memory_budget_bytes) return absl::OkStatus();
  const int64_t enough = MemoryBudgetThatWouldDo();
  return absl::InvalidArgumentError(absl::StrCat(
      "memory-budget: ", options.memory_budget_bytes, " bytes; with a line-bytes-max of ",
      options.LineBytesMax(), ", a read-ahead of ", options.read_ahead_bytes, " and ",
      options.catalog.streams.size(), " streams it takes ", enough, ": --memory-budget ",
      (enough + kMiB - 1) / kMiB, "MiB (--verbose prints the sum)"));
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
  // Names that stay as they are cannot meet, and there may be many.
  if (!names().identity()) {
    absl::Status one_name_each = MappedNames(names()).AddAll(catalog);
    if (!one_name_each.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("namespace-definition, stream-prefix: ", one_name_each.message()));
    }
  }
  absl::Status status = CheckMemory();
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
