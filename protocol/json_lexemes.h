// The smallest pieces of RFC 8259 (numbers, literals, escapes), checked by syntax only: 1e400 and a
// lone surrogate escape are fine here (contract decision 3).
//
// Pure inline functions over a padded block: they read up to 16 bytes behind `end`, never more.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "protocol/line_scanner.h"

namespace shunt {

namespace json_lexemes_internal {

constexpr std::array<bool, 256> MakeSet(const char* chars) {
  std::array<bool, 256> set{};
  for (; *chars != '\0'; ++chars) set[static_cast<unsigned char>(*chars)] = true;
  return set;
}

}  // namespace json_lexemes_internal

// What may follow a number or a literal. A colon is one: the grammar refuses it as the next token.
inline constexpr auto kEndsScalar = json_lexemes_internal::MakeSet(" \t\r\n,:{}[]");
// What may follow a backslash, besides u.
inline constexpr auto kSimpleEscape = json_lexemes_internal::MakeSet("\"\\/bfnrt");
inline constexpr auto kHexDigit = json_lexemes_internal::MakeSet("0123456789abcdefABCDEF");

inline bool In(const std::array<bool, 256>& set, char c) {
  return set[static_cast<unsigned char>(c)];
}
inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// How many of p[0, 16) are digits before the first byte that is none.
inline int CountDigits16(const char* p) {
  // Bytes below '0' wrap to values above 9; the compare is signed, hence the shift of the range.
  const __m128i shifted = _mm_add_epi8(line_scanner_internal::Load16(p),
                                       _mm_set1_epi8(static_cast<char>(-128 - '0')));
  const int others = _mm_movemask_epi8(_mm_cmpgt_epi8(shifted, _mm_set1_epi8(-128 + 9)));
  return __builtin_ctz(static_cast<unsigned>(others) | 0x10000u);
}

// The end of the digits that start at p; never beyond `end` by more than 16.
inline const char* SkipDigits(const char* p, const char* end) {
  while (p < end) {
    const int digits = CountDigits16(p);
    p += digits;
    if (digits < 16) break;
  }
  return p;
}

// Any RFC 8259 number at p, with what ends it.
bool CheckNumberSlow(const char* p, const char* end);

// `p` is the first byte of a token; `end` the end of the line.
inline bool CheckNumber(const char* p, const char* end) {
  const char* digits = p + (*p == '-' ? 1 : 0);
  const int count = CountDigits16(digits);
  if (__builtin_expect(count >= 1 && count < 16 && In(kEndsScalar, digits[count]) &&
                           (*digits != '0' || count == 1),
                       1)) {
    return true;
  }
  return CheckNumberSlow(p, end);
}

// true, false, null, with what ends it.
inline bool CheckLiteral(const char* p) {
  if (std::memcmp(p, "true", 4) == 0 || std::memcmp(p, "null", 4) == 0) {
    return In(kEndsScalar, p[4]);
  }
  return std::memcmp(p, "false", 5) == 0 && In(kEndsScalar, p[5]);
}

// Every escape of a line whose backslashes all stand in strings; `p` is its first backslash.
bool CheckEscapes(const char* p, const char* end);

}  // namespace shunt
