// Masker: hides what must not be read from what people see: every secret value it was told, however
// it is spelled (as it is, JSON-escaped once or twice, percent-encoded, base64 at any alignment in
// either alphabet, and what these give one after the other), and what has the shape of a credential
// (contract decision 12; G50, G55; reliability 5.4).
//
// Thread-safe. A value is masked in every text that is given to MaskLine after AddSecrets returned;
// values stay for the run's life, rotated ones included. A value of several lines is also found
// line by line, one of more than kMaskedPieceBytes also in pieces of that size.
// Bounds: work is linear in the text, of which kMaskedInputBytesMax are looked at; of rotated
// values (all but the first kMaskedValuesKept) at most kMaskedValuesMax and kMaskedBytesMax are
// known, then the older half goes; a value counts with its first kMaskedValueBytesMax bytes. Memory
// is about 20 bytes for each byte of the values, and 2 MiB while a long text is masked. Values
// under kMaskedValueBytesMin bytes and common words are not looked for: they would mask everything;
// they are hidden by place, where configs are printed, and counted here.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/pattern_set.h"

namespace shunt {

inline constexpr std::size_t kMaskedValueBytesMin = 6;
inline constexpr std::size_t kMaskedValueBytesMax = std::size_t{256} << 10;
inline constexpr std::size_t kMaskedPieceBytes = 512;
inline constexpr std::size_t kMaskedValuesMax = 4096;
inline constexpr std::size_t kMaskedBytesMax = std::size_t{256} << 10;
inline constexpr std::size_t kMaskedValuesKept = 256;

// A longer line is cut here, and says so, after it was searched.
inline constexpr std::size_t kMaskedLineBytesMax = std::size_t{64} << 10;
// Whoever gathers a line for MaskLine may stop here: more of it changes nothing. It is more than
// what is shown, so that what begins there is told from what only looks like it.
inline constexpr std::size_t kMaskedInputBytesMax = kMaskedLineBytesMax + 4096;

class Masker {
 public:
  // Unescaped values.
  void AddSecrets(const std::vector<std::string>& values);

  // `line` (or several) with every secret in it replaced by "**********"; lengths are not kept.
  // What is cut is cut where no secret is, however long its spelling.
  std::string MaskLine(std::string_view line) const;

  // How many values are looked for.
  std::size_t size() const;
  // How many distinct values are not, because they are too short or too common.
  std::size_t not_looked_for() const;

 private:
  using Sets = std::vector<std::shared_ptr<const PatternSet>>;
  // Patterns are parts of the values in values_.
  struct Tier {
    std::vector<std::string_view> patterns;
    std::shared_ptr<const PatternSet> set;
  };

  // All below hold mutex_.
  bool Add(std::string_view value);
  void AddTier(Tier fresh);
  void Forget();

  mutable std::mutex mutex_;
  // All below: mutex_.
  std::list<std::string> values_;     // in order of arrival; a list, because views of them are kept
  std::set<std::string_view> known_;  // the same values
  std::size_t rotated_bytes_ = 0;     // of those behind the first kMaskedValuesKept
  std::set<std::string, std::less<>> plain_;  // not looked for
  // Sets of patterns, each less than half as large as the one before: adding a value rebuilds few.
  std::vector<Tier> tiers_;
};

// One line that is safe to show: control characters (C0, DEL, C1), line separators, direction marks
// and bytes that are not UTF-8 as visible escapes. For what goes to a terminal or a log.
std::string EscapeForLog(std::string_view text);

}  // namespace shunt
