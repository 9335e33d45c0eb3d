#include "protocol/row_template.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "protocol/json_lexemes.h"
#include "protocol/line_scanner.h"

namespace shunt {
namespace {

using line_scanner_internal::Load16;

constexpr std::ptrdiff_t kVectorBytes = 16;

// Behind the string whose first byte, behind the quote, is at p; null when it is broken. *seen
// gathers its bytes, and some behind it.
inline const char* EndOfString(const char* p, const char* limit, __m128i* seen) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  while (p < limit) {
    const __m128i bytes = Load16(p);
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i stops = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)), control);
    const uint32_t mask = static_cast<uint32_t>(_mm_movemask_epi8(stops));
    *seen = _mm_or_si128(*seen, bytes);
    if (mask == 0) {
      p += 16;
      continue;
    }
    p += __builtin_ctz(mask);
    if (*p == '"') return p + 1;
    if (*p != '\\') return nullptr;
    p = EndOfEscape(p);
    if (p == nullptr) return nullptr;
  }
  return nullptr;
}

// Behind the integer or decimal at p; null when it is none, or long, or has an exponent. What
// stands there is not looked at.
inline const char* EndOfPlainNumber(const char* p) {
  if (*p == '-') ++p;
  uint32_t others = NonDigits16(p);
  const int count = __builtin_ctz(others);
  if (count == 0 || (*p == '0' && count > 1)) return nullptr;
  const char* end = p + count;
  if (*end == '.') {
    others &= others - 1;
    const char* const fraction = end + 1;
    end = p + __builtin_ctz(others | 0x10000u);
    if (end == fraction) return nullptr;
  }
  if (end - p >= 16 || (*end | 0x20) == 'e') return nullptr;
  return end;
}

// Behind the string, number or literal at p; null when it is none.
inline const char* EndOfValue(const char* p, const char* limit, __m128i* seen) {
  if (*p == '"') return EndOfString(p + 1, limit, seen);
  if (!IsDigit(*p) && *p != '-') return EndOfLiteral(p);
  const char* const end = EndOfPlainNumber(p);
  return end != nullptr ? end : EndOfNumberSlow(p, limit);
}

}  // namespace

bool RowTemplate::AddJoint(std::string_view bytes, uint64_t stack, uint64_t depth) {
  const std::size_t here = std::min<std::size_t>(bytes.size(), 16);
  const std::string_view more = bytes.substr(here);
  const std::size_t more_used = more_.size() - static_cast<std::size_t>(kVectorBytes);
  if (joints_.size() == kJointsMax || more.size() > kMoreMax - more_used) return false;
  Joint joint;
  std::memcpy(joint.bytes.data(), bytes.data(), here);
  joint.used = (1u << here) - 1;
  joint.size = static_cast<uint16_t>(bytes.size());
  joint.more = static_cast<uint16_t>(more_used);
  joint.depth = static_cast<uint32_t>(depth);
  joint.stack = stack;
  joints_.push_back(joint);
  more_.insert(more_.end() - kVectorBytes, more.begin(), more.end());
  return true;
}

bool RowTemplate::Learn(std::string_view object) {
  joints_.clear();
  more_.assign(kVectorBytes, '\0');
  const char* const end = object.data() + object.size();
  uint64_t stack = 0, depth = 0, joint_stack = 0, joint_depth = 0;
  bool key = false;  // whether a string that comes next is a key
  const char* joint = object.data();
  for (const char* p = joint; p < end;) {
    const char c = *p;
    if (IsBlank(c) || c == ',' || c == ':') {
      if (c == ',') key = (stack & 1) != 0;
      if (c == ':') key = false;
      ++p;
    } else if (c == '{' || c == '[') {
      if (++depth > ObjectScanner::kStackDepthMax) break;
      key = c == '{';
      stack = stack << 1 | (key ? 1 : 0);
      ++p;
    } else if (c == '}' || c == ']') {
      --depth;
      stack >>= 1;
      key = false;
      ++p;
    } else {
      __m128i seen{};
      const char* const behind = EndOfValue(p, end, &seen);
      if (behind == nullptr) break;
      if (!key) {
        const std::string_view bytes(joint, static_cast<std::size_t>(p - joint));
        if (!AddJoint(bytes, joint_stack, joint_depth)) break;
        joint = behind;
        joint_stack = stack;
        joint_depth = depth;
      }
      p = behind;
    }
  }
  const std::string_view last(joint, static_cast<std::size_t>(end - joint));
  if (depth != 0 || !AddJoint(last, joint_stack, joint_depth)) joints_.clear();
  return learned();
}

bool RowTemplate::operator==(const RowTemplate& other) const {
  const auto same = [](const Joint& a, const Joint& b) {
    return a.bytes == b.bytes && a.size == b.size;
  };
  return std::ranges::equal(joints_, other.joints_, same) && more_ == other.more_;
}

inline bool RowTemplate::Fits(const Joint& joint, const char* p, const char* limit) const {
  const __m128i equal = _mm_cmpeq_epi8(Load16(p), Load16(joint.bytes.data()));
  if ((~static_cast<uint32_t>(_mm_movemask_epi8(equal)) & joint.used) != 0) return false;
  if (joint.size <= 16) [[likely]]
    return true;
  return joint.size <= limit - p &&
         EqualBytes(p + 16, more_.data() + joint.more, joint.size - std::size_t{16});
}

// A joint that may stand where `expected` does not; null when there is none near.
const RowTemplate::Joint* RowTemplate::FindJoint(const Joint* expected, const char* p,
                                                 const char* limit) const {
  const auto fits = [&](const Joint* joint) {
    return joint->stack == expected->stack && joint->depth == expected->depth &&
           Fits(*joint, p, limit);
  };
  const Joint* const first = joints_.data();
  const Joint* const last = &joints_.back();
  for (std::ptrdiff_t i = 1; i <= kSearch; ++i) {
    if (last - expected >= i && fits(expected + i)) return expected + i;
    if (expected - first > i && fits(expected - i)) return expected - i;
  }
  return fits(last) ? last : nullptr;
}

RowTemplate::Match RowTemplate::Read(const char* p, const char* limit) const {
  const Joint* const first = joints_.data();
  const Joint* const last = &joints_.back();
  const Joint* joint = first;
  Match match;
  __m128i seen{};
  for (;; ++joint) {
    if (!Fits(*joint, p, limit)) [[unlikely]] {
      const Joint* const other = joint == first ? nullptr : FindJoint(joint, p, limit);
      if (other == nullptr) break;
      joint = other;
    }
    const char* const value = p + joint->size;
    if (joint == last) {
      if (value > limit) break;
      p = value;
      match.ended = true;
      break;
    }
    const char* const behind = EndOfValue(value, limit, &seen);
    if (behind == nullptr || behind > limit) [[unlikely]]
      break;
    p = behind;
  }
  match.at = p;
  match.non_ascii = _mm_movemask_epi8(seen) != 0;
  match.depth = joint->depth;
  match.stack = joint->stack;
  return match;
}

}  // namespace shunt
