// Decimal: a JSON number as the exact decimal it spells, of any size and precision. Nothing is
// rounded: 1, 1.0 and 10e-1 are one number; 0.1 is not the nearest double; 1e400 is a number.
// Values are views of the number's text and live as long as it does. Pure functions, linear time.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shunt {

// Either zero (no digits), or 0.d1d2d3... x 10^point with d1 and the last digit not 0.
struct Decimal {
  bool negative = false;
  std::string_view head, tail;  // the digits: head, then tail (a decimal point stood between them)
  int64_t point = 0;            // |point| < 10^18, or see huge_point
  std::string huge_point;       // the point's text when it has more than 18 digits; then `point` is
                                // +-10^18, which is as far as comparisons need to know
  std::size_t digit_count() const { return head.size() + tail.size(); }
  bool is_zero() const { return head.empty() && tail.empty(); }
  bool is_integer() const {
    return is_zero() || (point > 0 && static_cast<uint64_t>(point) >= digit_count());
  }
  // Zero, or smaller than 0.1 in magnitude.
  bool is_tiny() const { return is_zero() || point < 0; }
  // Empty unless it is an integer that fits.
  std::optional<int64_t> ToInt64() const;
};

// Empty unless `number` is a number by the JSON grammar.
std::optional<Decimal> ParseDecimal(std::string_view number);

std::strong_ordering CompareDecimals(const Decimal& a, const Decimal& b);

// Whether value / divisor is an integer. Empty when we cannot say: the divisor is zero, has more
// than 18 digits, or both exponents have more than 18 digits.
std::optional<bool> IsMultipleOf(const Decimal& value, const Decimal& divisor);

// A text that is the same for equal numbers and itself a JSON number.
void AppendCanonicalNumber(const Decimal& decimal, std::string* out);

}  // namespace shunt
