#include "protocol/json_grammar.h"

#include <immintrin.h>

namespace shunt {

std::size_t CountPlain(const char* p, const char* end) {
  const char* const begin = p;
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = line_scanner_internal::Load16(p);
    // Signed: bytes above 0x7F are below the space as well.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const int mask = _mm_movemask_epi8(special);
    if (mask != 0) {
      return static_cast<std::size_t>(p - begin + __builtin_ctz(static_cast<unsigned>(mask)));
    }
  }
  while (p != end && static_cast<signed char>(*p) >= 0x20 && *p != '"' && *p != '\\') ++p;
  return static_cast<std::size_t>(p - begin);
}

bool Utf8Tracker::Begin(uint8_t byte) {
  low_ = 0x80;
  high_ = 0xBF;
  if (byte < 0xC2 || byte > 0xF4) return false;
  if (byte < 0xE0) {
    need_ = 1;
  } else if (byte < 0xF0) {
    need_ = 2;
    if (byte == 0xE0) low_ = 0xA0;   // shorter forms exist below
    if (byte == 0xED) high_ = 0x9F;  // surrogates above
  } else {
    need_ = 3;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;  // beyond U+10FFFF above
  }
  return true;
}

}  // namespace shunt
