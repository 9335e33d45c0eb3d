// LineScanner: finds line ends, and while passing says whether a line holds a backslash at all
// (most record lines hold none, and then no escape needs checking).
//
// Pure inline functions, SSE2, which every x86-64 has. Bounds: they read up to kLinePadding bytes
// behind `limit`; what they find there never counts.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "protocol/limits.h"

namespace shunt {

inline bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

namespace line_scanner_internal {

inline __m128i Load16(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

// One bit per byte of p[0, 64) that equals `a` or `b`.
inline uint64_t Match64(const char* p, __m128i a, __m128i b) {
  const auto match = [a, b](const char* q) {
    const __m128i bytes = Load16(q);
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
  };
  const __m128i m0 = match(p), m1 = match(p + 16), m2 = match(p + 32), m3 = match(p + 48);
  const __m128i any = _mm_or_si128(_mm_or_si128(m0, m1), _mm_or_si128(m2, m3));
  if (_mm_movemask_epi8(any) == 0) return 0;
  const auto bits = [](__m128i m) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(m)));
  };
  return bits(m0) | bits(m1) << 16 | bits(m2) << 32 | bits(m3) << 48;
}

}  // namespace line_scanner_internal

// Whether the bytes are the same. Reads up to 16 bytes more on both sides.
inline bool EqualBytes(const char* a, const char* b, std::size_t size) {
  using line_scanner_internal::Load16;
  for (; size >= 16; a += 16, b += 16, size -= 16) {
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(Load16(a), Load16(b))) != 0xFFFF) return false;
  }
  const uint32_t equal =
      static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(Load16(a), Load16(b))));
  return (~equal & ((1u << size) - 1)) == 0;
}

// Copies [p, limit) to `to` up to and including its first LF; returns where that was read to,
// `limit` when there is none. Writes up to 31 bytes more than that.
inline const char* CopyLine(const char* p, const char* limit, char* to) {
  using line_scanner_internal::Load16;
  const __m128i lf = _mm_set1_epi8('\n');
  for (; p < limit; p += 32, to += 32) {
    const __m128i first = Load16(p), second = Load16(p + 16);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), first);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), second);
    const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(first, lf), _mm_cmpeq_epi8(second, lf));
    if (_mm_movemask_epi8(found) == 0) continue;
    const auto bits = [lf](__m128i bytes) {
      return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, lf)));
    };
    const char* const end = p + __builtin_ctz(bits(first) | bits(second) << 16) + 1;
    return end < limit ? end : limit;
  }
  return limit;
}

// The first byte of [p, limit) that cannot simply stand in a JSON string: a quote, a backslash, a
// control character; `limit` or a byte behind it when there is none. *non_ascii is
// set when one before it is no ASCII.
inline const char* FindStringStop(const char* p, const char* limit, bool* non_ascii) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  uint32_t high = 0;
  for (; p < limit; p += 16) {
    const __m128i bytes = line_scanner_internal::Load16(p);
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i stops = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)), control);
    const uint32_t mask = static_cast<uint32_t>(_mm_movemask_epi8(stops));
    const uint32_t top = static_cast<uint32_t>(_mm_movemask_epi8(bytes));
    if (mask != 0) {
      *non_ascii |= (high | (top & (mask ^ (mask - 1)))) != 0;
      return p + __builtin_ctz(mask);
    }
    high |= top;
  }
  *non_ascii |= high != 0;
  return p;
}

struct LineEnd {
  const char* end = nullptr;        // the LF, or `limit` when the line has none
  const char* backslash = nullptr;  // the first one of the line; null: it has none
};

inline LineEnd FindLineEnd(const char* p, const char* limit) {
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; p < limit; p += 64) {
    const uint64_t mask = line_scanner_internal::Match64(p, lf, backslash);
    if (mask == 0) continue;
    const char* found = p + __builtin_ctzll(mask);
    if (found >= limit) break;
    if (*found == '\n') return {found, nullptr};
    const void* end = std::memchr(found, '\n', static_cast<std::size_t>(limit - found));
    return {end == nullptr ? limit : static_cast<const char*>(end), found};
  }
  return {limit, nullptr};
}

// The first backslash in [p, end), or `end`.
inline const char* FindBackslash(const char* p, const char* end) {
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; p < end; p += 16) {
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(line_scanner_internal::Load16(p), backslash));
    if (mask == 0) continue;
    p += __builtin_ctz(static_cast<unsigned>(mask));
    return p < end ? p : end;
  }
  return end;
}

}  // namespace shunt
