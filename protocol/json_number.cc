#include "protocol/json_number.h"

#include <algorithm>
#include <charconv>

#include "protocol/json_cursor.h"

namespace shunt {
namespace {

constexpr int64_t kHuge = 1'000'000'000'000'000'000;  // 10^18
constexpr std::size_t kHugeDigits = 18;

int64_t ToNumber(std::string_view digits) {
  int64_t value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

void StripLeadingZeros(std::string_view* digits) {
  digits->remove_prefix(std::min(digits->find_first_not_of('0'), digits->size()));
}

// Adds 1 or -1 to a positive number in decimal text; a digit may be added in front or become 0.
void Step(std::string* digits, int by) {
  const char wrap = by > 0 ? '9' : '0';
  std::size_t i = digits->size();
  while (i > 0 && (*digits)[i - 1] == wrap) (*digits)[--i] = by > 0 ? '0' : '9';
  if (i > 0) {
    (*digits)[i - 1] = static_cast<char>((*digits)[i - 1] + by);
  } else if (by > 0) {
    digits->insert(digits->begin(), '1');
  }
}

// `digits` + delta, for a number of more than 18 digits and a delta far below 10^18.
std::string AddToLong(std::string_view digits, int64_t delta) {
  std::string high(digits.substr(0, digits.size() - kHugeDigits));
  int64_t low = ToNumber(digits.substr(digits.size() - kHugeDigits)) + delta;
  if (low < 0) {
    low += kHuge;
    Step(&high, -1);
  } else if (low >= kHuge) {
    low -= kHuge;
    Step(&high, 1);
  }
  std::string low_text = std::to_string(low);
  low_text.insert(0, kHugeDigits - low_text.size(), '0');
  high += low_text;
  std::string_view result = high;
  StripLeadingZeros(&result);
  return std::string(result);
}

// Sets the point to `shift` (how far the digits themselves move it; at most the length of a text)
// plus the written exponent.
void SetPoint(int64_t shift, bool exponent_negative, std::string_view exponent, Decimal* decimal) {
  StripLeadingZeros(&exponent);
  bool negative = exponent_negative;
  std::string magnitude;
  if (exponent.size() <= kHugeDigits) {
    const int64_t written = ToNumber(exponent);
    decimal->point = shift + (exponent_negative ? -written : written);
    if (decimal->point < kHuge && decimal->point > -kHuge) return;
    negative = decimal->point < 0;
    magnitude = std::to_string(negative ? -decimal->point : decimal->point);
  } else {
    magnitude = AddToLong(exponent, exponent_negative ? -shift : shift);
    if (magnitude.size() <= kHugeDigits) {
      decimal->point = negative ? -ToNumber(magnitude) : ToNumber(magnitude);
      return;
    }
  }
  decimal->point = negative ? -kHuge : kHuge;
  decimal->huge_point = (negative ? "-" : "") + magnitude;
}

// Digit i of the number, 0 behind its end.
char DigitAt(const Decimal& decimal, std::size_t i) {
  if (i < decimal.head.size()) return decimal.head[i];
  i -= decimal.head.size();
  return i < decimal.tail.size() ? decimal.tail[i] : '0';
}

std::strong_ordering ComparePoints(const Decimal& a, const Decimal& b) {
  if (a.point != b.point || a.huge_point.empty()) return a.point <=> b.point;
  const auto magnitudes = a.huge_point.size() != b.huge_point.size()
                              ? a.huge_point.size() <=> b.huge_point.size()
                              : a.huge_point.compare(b.huge_point) <=> 0;
  return a.point > 0 ? magnitudes : 0 <=> magnitudes;
}

std::strong_ordering CompareMagnitudes(const Decimal& a, const Decimal& b) {
  const auto points = ComparePoints(a, b);
  if (points != 0) return points;
  const std::size_t count = std::max(a.digit_count(), b.digit_count());
  for (std::size_t i = 0; i < count; ++i) {
    const auto digits = DigitAt(a, i) <=> DigitAt(b, i);
    if (digits != 0) return digits;
  }
  return std::strong_ordering::equal;
}

int Sign(const Decimal& decimal) { return decimal.is_zero() ? 0 : decimal.negative ? -1 : 1; }

}  // namespace

std::optional<int64_t> Decimal::ToInt64() const {
  if (is_zero()) return 0;
  if (!is_integer() || point > 19) return std::nullopt;
  std::string digits = negative ? "-" : "";
  digits.append(head).append(tail).append(static_cast<std::size_t>(point) - digit_count(), '0');
  int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<Decimal> ParseDecimal(std::string_view number) {
  JsonCursor cursor(number);
  if (cursor.Next() != JsonCursor::Event::kScalar || cursor.type() != JsonType::kNumber ||
      cursor.token().size() != number.size()) {
    return std::nullopt;
  }
  Decimal decimal;
  decimal.negative = number.front() == '-';
  number.remove_prefix(decimal.negative ? 1 : 0);

  std::string_view exponent;
  bool exponent_negative = false;
  if (const std::size_t e = number.find_first_of("eE"); e != std::string_view::npos) {
    exponent = number.substr(e + 1);
    exponent_negative = exponent.front() == '-';
    if (exponent.front() == '-' || exponent.front() == '+') exponent.remove_prefix(1);
    number = number.substr(0, e);
  }
  const std::size_t dot = std::min(number.find('.'), number.size());
  decimal.head = number.substr(0, dot);
  decimal.tail = number.substr(std::min(dot + 1, number.size()));

  StripLeadingZeros(&decimal.head);
  int64_t shift = static_cast<int64_t>(decimal.head.size());
  if (decimal.head.empty()) {
    const std::size_t length = decimal.tail.size();
    StripLeadingZeros(&decimal.tail);
    shift = -static_cast<int64_t>(length - decimal.tail.size());
  }
  const auto strip_trailing = [](std::string_view* digits) {
    *digits = digits->substr(0, digits->find_last_not_of('0') + 1);
  };
  strip_trailing(&decimal.tail);
  if (decimal.tail.empty()) strip_trailing(&decimal.head);
  if (decimal.is_zero()) return Decimal{};
  SetPoint(shift, exponent_negative, exponent, &decimal);
  return decimal;
}

std::strong_ordering CompareDecimals(const Decimal& a, const Decimal& b) {
  if (Sign(a) != Sign(b) || a.is_zero()) return Sign(a) <=> Sign(b);
  return a.negative ? CompareMagnitudes(b, a) : CompareMagnitudes(a, b);
}

std::optional<bool> IsMultipleOf(const Decimal& value, const Decimal& divisor) {
  if (divisor.is_zero() || divisor.digit_count() > kHugeDigits) return std::nullopt;
  if (value.is_zero()) return true;
  if (!value.huge_point.empty() && !divisor.huge_point.empty()) return std::nullopt;
  // value = A x 10^a, divisor = B x 10^b with integers A and B that do not end in 0.
  const int64_t a = value.point - static_cast<int64_t>(value.digit_count());
  const int64_t b = divisor.point - static_cast<int64_t>(divisor.digit_count());
  // B x 10^(b-a) ends in 0 and A does not.
  if (a < b) return false;
  __extension__ using Wide = unsigned __int128;
  const auto modulus =
      static_cast<uint64_t>(ToNumber(std::string(divisor.head).append(divisor.tail)));
  uint64_t rest = 0;
  const auto feed = [&](uint64_t digit) {
    rest = static_cast<uint64_t>((static_cast<Wide>(rest) * 10 + digit) % modulus);
  };
  for (const char c : value.head) feed(static_cast<uint64_t>(c - '0'));
  for (const char c : value.tail) feed(static_cast<uint64_t>(c - '0'));
  // B < 2^60: 64 factors of ten cancel all of its twos and fives, more change nothing.
  for (int64_t i = std::min<int64_t>(a - b, 64); i > 0; --i) feed(0);
  return rest == 0;
}

void AppendCanonicalNumber(const Decimal& decimal, std::string* out) {
  if (decimal.is_zero()) return out->push_back('0');
  if (decimal.negative) out->push_back('-');
  const auto count = static_cast<int64_t>(decimal.digit_count());
  const int64_t point = decimal.point;
  const std::size_t begin = out->size();
  out->append(decimal.head).append(decimal.tail);
  if (point >= count && point - count <= 20) {
    out->append(static_cast<std::size_t>(point - count), '0');
  } else if (point > 0 && point < count) {
    out->insert(begin + static_cast<std::size_t>(point), 1, '.');
  } else if (point <= 0 && point > -6) {
    out->insert(begin, "0." + std::string(static_cast<std::size_t>(-point), '0'));
  } else {
    out->insert(begin, "0.");
    out->push_back('e');
    out->append(decimal.huge_point.empty() ? std::to_string(point) : decimal.huge_point);
  }
}

}  // namespace shunt
