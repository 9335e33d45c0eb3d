// StderrTail: the last lines of what a connector wrote on stderr, for a report of how it ended: at
// most kTailLinesMax and kTailBytesMax, or a whole traceback of Python when that is longer, as far
// as it was kept. Masked as one text, so that a secret of several lines is found; what quotes a
// record is left out; control characters are escaped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "secrets/masker.h"

namespace shunt {

inline constexpr std::size_t kTailLinesMax = 20;
inline constexpr std::size_t kTailBytesMax = std::size_t{4} << 10;
inline constexpr std::size_t kTailKeptMax = std::size_t{16} << 10;

struct StderrTail {
  // Keeps the last kTailKeptMax bytes, up to twice as many at times. Threads: one.
  class Keeper {
   public:
    void Add(std::string_view bytes);
    std::string Show(const Masker& masker) const { return Of(kept_, cut_, masker); }

   private:
    std::string kept_;
    bool cut_ = false;  // something before it was not kept
  };

  // Of `text`, whose beginning is missing when `cut`.
  static std::string Of(std::string_view text, bool cut, const Masker& masker);
};

}  // namespace shunt
