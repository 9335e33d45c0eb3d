// Masker: hides what must not be read from log lines: every secret value it was told, however it is
// spelled (as it is, JSON-escaped once or twice, percent-encoded, base64), and what has the shape
// of a credential (contract decision 12; G50, G55; reliability 5.4).
//
// Thread-safe. A value is masked in every line that is given to MaskLine after AddSecrets returned;
// values stay for the run's life, rotated ones included.
// Bounds: work is linear in the line; at most kMaskedValuesMax values (beyond that the oldest
// rotated ones go, never the first kMaskedValuesKept); a value counts with its first
// kMaskedValueBytesMax bytes. Values under kMaskedValueBytesMin bytes and common words are not
// looked for: they would mask everything; they are hidden by place, where configs are printed.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/pattern_set.h"

namespace shunt {

inline constexpr std::size_t kMaskedValueBytesMin = 6;
inline constexpr std::size_t kMaskedValueBytesMax = 4096;
inline constexpr std::size_t kMaskedLineBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kMaskedValuesMax = 4096;
inline constexpr std::size_t kMaskedValuesKept = 256;

class Masker {
 public:
  // Unescaped values.
  void AddSecrets(const std::vector<std::string>& values);

  // `line` with every secret in it replaced by "**********"; lengths are not kept. A line longer
  // than kMaskedLineBytesMax is cut, and says so, after it was searched.
  std::string MaskLine(std::string_view line) const;

  // How many values are looked for.
  std::size_t size() const;

 private:
  using Sets = std::vector<std::shared_ptr<const PatternSet>>;

  void Forget();

  mutable std::mutex mutex_;
  // All below: mutex_.
  std::deque<std::string> values_;  // in order of arrival
  std::set<std::string, std::less<>> known_;
  // Sets of patterns, each less than half as large as the one before: adding a value rebuilds few.
  struct Tier {
    std::vector<std::string> patterns;
    std::shared_ptr<const PatternSet> set;
  };
  std::vector<Tier> tiers_;
};

// One line that is safe to show: control characters (C0, DEL, C1), line separators, direction marks
// and bytes that are not UTF-8 as visible escapes. For what goes to a terminal or a log.
std::string EscapeForLog(std::string_view text);

}  // namespace shunt
