// The smallest pieces of RFC 8259 (numbers, literals, escapes), checked by syntax only: 1e400 and a
// lone surrogate escape are fine here (contract decision 3).
//
// Pure inline functions over a padded block: they read up to 18 bytes behind `end`, never more.
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

// One bit per byte of p[0, 16) that is no digit, and bit 16.
inline uint32_t NonDigits16(const char* p) {
  // Bytes below '0' wrap to values above 9; the compare is signed, hence the shift of the range.
  const __m128i shifted =
      _mm_add_epi8(line_scanner_internal::Load16(p), _mm_set1_epi8(static_cast<char>(-128 - '0')));
  const int others = _mm_movemask_epi8(_mm_cmpgt_epi8(shifted, _mm_set1_epi8(-128 + 9)));
  return static_cast<uint32_t>(others) | 0x10000u;
}

// The end of the digits that start at p; never beyond `end` by more than 16.
inline const char* SkipDigits(const char* p, const char* end) {
  while (p < end) {
    const int digits = __builtin_ctz(NonDigits16(p));
    p += digits;
    if (digits < 16) break;
  }
  return p;
}

// Any RFC 8259 number at p; see EndOfNumber.
const char* EndOfNumberSlow(const char* p, const char* end);

// The end of the number at p; null when there is none that something ends. `end` is the end of the
// line. Integers and decimals of up to 16 characters are decided from one load.
inline const char* EndOfNumber(const char* p, const char* end) {
  const char* const digits = p + (*p == '-' ? 1 : 0);
  uint32_t others = NonDigits16(digits);
  const int count = __builtin_ctz(others);
  if (*digits != '0' || count == 1) {
    if (In(kEndsScalar, digits[count])) return count > 0 ? digits + count : nullptr;
    others &= others - 1;
    const int end_of_fraction = __builtin_ctz(others | 0x10000u);
    if (digits[count] == '.' && In(kEndsScalar, digits[end_of_fraction])) {
      return count > 0 && end_of_fraction > count + 1 ? digits + end_of_fraction : nullptr;
    }
  }
  return EndOfNumberSlow(p, end);
}
inline bool CheckNumber(const char* p, const char* end) { return EndOfNumber(p, end) != nullptr; }

namespace json_lexemes_internal {

struct Literal {
  uint64_t bytes = 0;
  uint64_t mask = 0;  // all ones where no literal begins so, with bytes that nothing equals
  uint32_t size = 0;
};

constexpr uint64_t Pack(const char* text, int size) {
  uint64_t bytes = 0;
  for (int i = size; i-- > 0;) bytes = bytes << 8 | static_cast<uint8_t>(text[i]);
  return bytes;
}

// By two bits of the first letter that tell t, f and n apart.
constexpr int LiteralSlot(char c) { return c >> 3 & 3; }
constexpr std::array<Literal, 4> MakeLiterals() {
  std::array<Literal, 4> table{};
  for (Literal& one : table) one = {0, ~uint64_t{0}, 0};
  table[LiteralSlot('t')] = {Pack("true", 4), 0xFFFFFFFF, 4};
  table[LiteralSlot('n')] = {Pack("null", 4), 0xFFFFFFFF, 4};
  table[LiteralSlot('f')] = {Pack("false", 5), 0xFFFFFFFFFF, 5};
  return table;
}
static_assert(LiteralSlot('t') != LiteralSlot('n') && LiteralSlot('t') != LiteralSlot('f') &&
              LiteralSlot('n') != LiteralSlot('f'));
inline constexpr auto kLiterals = MakeLiterals();

}  // namespace json_lexemes_internal

// The end of true, false or null at p; null pointer when none of them is there with what ends it.
// Without a branch between them, because rows mix them at random.
inline const char* EndOfLiteral(const char* p) {
  const auto& literal = json_lexemes_internal::kLiterals[json_lexemes_internal::LiteralSlot(*p)];
  uint64_t bytes;
  std::memcpy(&bytes, p, sizeof(bytes));
  const char* const end = p + literal.size;
  return ((bytes ^ literal.bytes) & literal.mask) == 0 && In(kEndsScalar, *end) ? end : nullptr;
}
inline bool CheckLiteral(const char* p) { return EndOfLiteral(p) != nullptr; }

// A number or literal at the token.
inline bool CheckBareScalar(const char* p, const char* end) {
  return IsDigit(*p) || *p == '-' ? CheckNumber(p, end) : CheckLiteral(p);
}

// Where only the bracket structure matters: any bare word, but for what scanners differ about (see
// structural_index.h).
inline bool CheckBareWord(const char* p, const char* end) {
  for (; p < end && !In(kEndsScalar, *p); ++p) {
    if (*p == '"' || *p == '\\' || static_cast<unsigned char>(*p) >= 0x80) return false;
  }
  return true;
}

// The end of the escape at p, which is a backslash in a string; null when it is none. Reads 6
// bytes.
inline const char* EndOfEscape(const char* p) {
  if (p[1] != 'u') return In(kSimpleEscape, p[1]) ? p + 2 : nullptr;
  const bool hex =
      In(kHexDigit, p[2]) && In(kHexDigit, p[3]) && In(kHexDigit, p[4]) && In(kHexDigit, p[5]);
  return hex ? p + 6 : nullptr;
}

// Every escape of a line whose backslashes all stand in strings; `p` is its first backslash.
bool CheckEscapes(const char* p, const char* end);

}  // namespace shunt
