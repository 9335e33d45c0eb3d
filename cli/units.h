// Units: durations, byte sizes and counts, as people type and read them.
// Pure functions, thread-safe. Errors: InvalidArgument that says what is accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace shunt {

// "3h", "1h30m", "10s", "500ms", "0". Never negative, never infinite.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// "67108864", "64MiB", "8MB", "1.5 GiB": a number and a unit of B, kB, MB, GB (powers of 1000) or
// KiB, MiB, GiB (powers of 1024), in any case.
absl::StatusOr<int64_t> ParseBytes(std::string_view text);

// "true", "yes", "1", "on" and their opposites.
absl::StatusOr<bool> ParseSwitch(std::string_view text);

std::string FormatCount(uint64_t count);        // "1,234,567"
std::string FormatBytes(double bytes);          // "812 B", "21.4 MB" (powers of 1000, like disks)
std::string FormatMiB(int64_t bytes);           // "64.0 MiB"
std::string FormatElapsed(absl::Duration d);    // "0.41 s", "12.3 s", "4:07", "2:14:09"
std::string FormatInstant(absl::Time time);     // "2024-05-06 07:08:09" in local time
std::string FormatInstantUtc(absl::Time time);  // "2024-05-06T07:08:09.123Z"

}  // namespace shunt
