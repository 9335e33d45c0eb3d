#include "tests/fuzz/slow_json.h"

#include <algorithm>
#include <cstdint>

#include "tests/fuzz/json_automaton.h"

namespace shunt::fuzz {
namespace {

using Kind = JsonToken::Kind;

class TreeMaker {
 public:
  TreeMaker(std::string_view text, const std::vector<JsonToken>& tokens)
      : text_(text), tokens_(tokens) {}

  SlowValue Value() {
    const JsonToken& token = tokens_[at_++];
    SlowValue value;
    value.text = token.text;
    switch (token.kind) {
      case Kind::kOpenObject:
        value.kind = '{';
        while (tokens_[at_].kind != Kind::kCloseObject) {
          const std::string_view key = tokens_[at_++].text;
          value.members.push_back({key, Value()});
        }
        value.text = From(token, tokens_[at_++]);
        break;
      case Kind::kOpenArray:
        value.kind = '[';
        while (tokens_[at_].kind != Kind::kCloseArray) value.elements.push_back(Value());
        value.text = From(token, tokens_[at_++]);
        break;
      case Kind::kString:
        value.kind = '"';
        value.text = text_.substr(Offset(token) - 1, token.text.size() + 2);
        break;
      case Kind::kNumber:
        value.kind = '0';
        break;
      default:
        value.kind = token.text.front();
    }
    return value;
  }

 private:
  std::size_t Offset(const JsonToken& token) const {
    return static_cast<std::size_t>(token.text.data() - text_.data());
  }
  std::string_view From(const JsonToken& first, const JsonToken& last) const {
    return text_.substr(Offset(first), Offset(last) + 1 - Offset(first));
  }

  const std::string_view text_;
  const std::vector<JsonToken>& tokens_;
  std::size_t at_ = 0;
};

// `digits` without zeros in front; "" is zero.
std::string Stripped(std::string digits) {
  digits.erase(0, digits.find_first_not_of('0'));
  return digits;
}

bool Less(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// Of positive numbers, as on paper. REQUIRES of Minus: a >= b.
std::string Plus(std::string a, std::string b) {
  const std::size_t size = std::max(a.size(), b.size()) + 1;
  a.insert(0, size - a.size(), '0');
  b.insert(0, size - b.size(), '0');
  int carry = 0;
  for (std::size_t i = size; i-- > 0;) {
    const int sum = (a[i] - '0') + (b[i] - '0') + carry;
    a[i] = static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  return Stripped(a);
}

std::string Minus(std::string a, std::string b) {
  b.insert(0, a.size() - b.size(), '0');
  int borrow = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    int difference = (a[i] - '0') - (b[i] - '0') - borrow;
    borrow = difference < 0 ? 1 : 0;
    a[i] = static_cast<char>('0' + difference + borrow * 10);
  }
  return Stripped(a);
}

// The sum of two whole numbers, each with a sign, as text.
std::string SignedSum(bool a_negative, const std::string& a, bool b_negative,
                      const std::string& b) {
  if (a_negative == b_negative) return (a_negative ? "-" : "+") + Plus(a, b);
  const bool a_less = Less(a, b);
  const std::string size = a_less ? Minus(b, a) : Minus(a, b);
  if (size.empty()) return "+";
  return ((a_less ? b_negative : a_negative) ? "-" : "+") + size;
}

}  // namespace

std::vector<const SlowValue*> SlowValue::All(std::string_view key) const {
  std::vector<const SlowValue*> all;
  for (const SlowMember& member : members) {
    if (SlowString(member.raw_key) == key) all.push_back(&member.value);
  }
  return all;
}

const SlowValue* SlowValue::First(std::string_view key) const {
  const std::vector<const SlowValue*> all = All(key);
  return all.empty() ? nullptr : all.front();
}

std::optional<SlowValue> ReadSlow(std::string_view text) {
  const auto tokens = ReadTokens(text);
  if (!tokens) return std::nullopt;
  return TreeMaker(text, *tokens).Value();
}

std::u32string SlowUnescape(std::string_view raw) {
  std::u32string units;
  for (std::size_t i = 0; i < raw.size();) {
    const auto byte = [&raw, i](std::size_t k) {
      return static_cast<char32_t>(static_cast<uint8_t>(raw[i + k]));
    };
    const char32_t first = byte(0);
    if (first == '\\') {
      const char escape = raw[i + 1];
      if (escape == 'u') {
        units += static_cast<char32_t>(std::stoul(std::string(raw.substr(i + 2, 4)), nullptr, 16));
        i += 6;
        continue;
      }
      static constexpr std::string_view kNames = "bfnrt\"\\/", kMeanings = "\b\f\n\r\t\"\\/";
      units += static_cast<char32_t>(kMeanings[kNames.find(escape)]);
      i += 2;
    } else if (first < 0x80) {
      units += first;
      i += 1;
    } else if (first < 0xE0) {
      units += (first & 31) << 6 | (byte(1) & 63);
      i += 2;
    } else if (first < 0xF0) {
      units += (first & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
      i += 3;
    } else {
      units += (first & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6 | (byte(3) & 63);
      i += 4;
    }
  }
  // Only escapes make surrogates, so two halves side by side are two escapes.
  std::u32string points;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const char32_t unit = units[i];
    const char32_t low = i + 1 < units.size() ? units[i + 1] : 0;
    if (unit >= 0xD800 && unit <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF) {
      points += 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
      ++i;
    } else {
      points += unit;
    }
  }
  return points;
}

std::optional<std::string> SlowString(std::string_view raw) {
  std::string utf8;
  const auto put = [&utf8](char32_t byte) { utf8 += static_cast<char>(byte); };
  for (const char32_t point : SlowUnescape(raw)) {
    if (point >= 0xD800 && point <= 0xDFFF) return std::nullopt;
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | point >> 6);
      put(0x80 | (point & 63));
    } else if (point < 0x10000) {
      put(0xE0 | point >> 12);
      put(0x80 | (point >> 6 & 63));
      put(0x80 | (point & 63));
    } else {
      put(0xF0 | point >> 18);
      put(0x80 | (point >> 12 & 63));
      put(0x80 | (point >> 6 & 63));
      put(0x80 | (point & 63));
    }
  }
  return utf8;
}

// Sign, digits d1d2.. without zeros at either end, and the power of ten p of 0.d1d2.. x 10^p.
std::string SlowNumber(std::string_view number) {
  const bool negative = number.front() == '-';
  if (negative) number.remove_prefix(1);
  const std::size_t e = std::min(number.find_first_of("eE"), number.size());
  std::string exponent(number.substr(std::min(e + 1, number.size())));
  const bool exponent_negative = !exponent.empty() && exponent.front() == '-';
  exponent.erase(0, exponent.find_first_not_of("+-0"));
  number = number.substr(0, e);
  const std::size_t dot = std::min(number.find('.'), number.size());
  std::string digits(number);
  if (dot < digits.size()) digits.erase(dot, 1);
  const std::size_t zeros = digits.find_first_not_of('0');
  if (zeros == std::string::npos) return "0";
  digits.erase(0, zeros);
  digits.erase(digits.find_last_not_of('0') + 1);
  const bool left = zeros > dot;
  const std::size_t shift = left ? zeros - dot : dot - zeros;
  return (negative ? "-" : "") + digits + "e" +
         SignedSum(exponent_negative, exponent, left, Stripped(std::to_string(shift)));
}

bool SlowEquals(const SlowValue& a, const SlowValue& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case '"':
      return SlowUnescape(a.raw_string()) == SlowUnescape(b.raw_string());
    case '0':
      return SlowNumber(a.text) == SlowNumber(b.text);
    case '[':
      return std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                        SlowEquals);
    case '{':
      return SameMultiset(a.members, b.members, [](const SlowMember& x, const SlowMember& y) {
        return SlowUnescape(x.raw_key) == SlowUnescape(y.raw_key) && SlowEquals(x.value, y.value);
      });
    default:
      return true;
  }
}

}  // namespace shunt::fuzz
