// Times, in the order in which they were taken, and what they say as members of a JSON object.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace shunt::bench {

// `times` in nanoseconds, at least one.
inline std::string PercentilesToJsonMembers(std::vector<int64_t> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&times](double part) {
    const double index = part * static_cast<double>(times.size() - 1);
    return static_cast<double>(times[static_cast<std::size_t>(index + 0.5)]) / 1000;
  };
  char text[160];
  std::snprintf(text, sizeof(text), "\"count\":%zu,\"p50_us\":%.3f,\"p99_us\":%.3f,\"max_us\":%.3f",
                times.size(), at(0.5), at(0.99), at(1));
  return text;
}

}  // namespace shunt::bench
