#include "tests/protocol_cold/json_maker.h"

#include <algorithm>

namespace shunt::testing {
namespace {

bool IsHigh(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool IsLow(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

std::u32string RandomText(Rng& rng) {
  constexpr char32_t kOdd[] = {U'"',   U'\\',  U'/',   0x00,   0x1F,   0x7F,    U'\n',
                               0x80,   0x7FF,  0x800,  0x2028, 0xD7FF, 0xD800,  0xDBFF,
                               0xDC00, 0xDFFF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF};
  std::u32string text;
  for (std::size_t n = Below(rng, 12); n > 0; --n) {
    const char32_t c = OneIn(rng, 3) ? kOdd[Below(rng, std::size(kOdd))]
                                     : U'a' + static_cast<char32_t>(Below(rng, 26));
    // Two neighbours that make a pair would be another text.
    if (IsLow(c) && !text.empty() && IsHigh(text.back())) continue;
    text.push_back(c);
  }
  return text;
}

void RandomNumber(Rng& rng, Value* value) {
  value->kind = Value::Kind::kNumber;
  for (std::size_t n = Below(rng, OneIn(rng, 10) ? 40 : 5); n > 0; --n) {
    value->digits.push_back(static_cast<char>('0' + Below(rng, 10)));
  }
  value->digits.erase(0, value->digits.find_first_not_of('0'));
  while (!value->digits.empty() && value->digits.back() == '0') value->digits.pop_back();
  if (value->digits.empty()) return;
  value->negative = OneIn(rng, 3);
  value->point = static_cast<int>(Below(rng, OneIn(rng, 5) ? 900 : 12)) - 4;
}

std::string Blanks(Rng& rng) {
  std::string blanks;
  while (OneIn(rng, 4)) blanks.push_back(" \t\r\n"[Below(rng, 4)]);
  return blanks;
}

void AppendUtf8(char32_t c, std::string* out) {
  const auto put = [&](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

void AppendUnit(Rng& rng, char32_t unit, std::string* out) {
  const std::string_view hex = OneIn(rng, 2) ? "0123456789abcdef" : "0123456789ABCDEF";
  *out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(hex[unit >> shift & 0xF]);
}

std::string SpellText(Rng& rng, const std::u32string& text) {
  std::string out = "\"";
  const std::size_t escapes = 1 + Below(rng, 6);  // how rare they are in this string
  for (const char32_t c : text) {
    constexpr std::string_view kNamed = "\"\\/\b\f\n\r\t";
    constexpr std::string_view kNames = "\"\\/bfnrt";
    const std::size_t named = c < 0x80 ? kNamed.find(static_cast<char>(c)) : std::string_view::npos;
    const bool must = c < 0x20 || c == U'"' || c == U'\\' || IsHigh(c) || IsLow(c);
    if (!must && !OneIn(rng, escapes)) {
      AppendUtf8(c, &out);
    } else if (named != std::string_view::npos && OneIn(rng, 2)) {
      out += {'\\', kNames[named]};
    } else if (c >= 0x10000) {
      AppendUnit(rng, 0xD800 + ((c - 0x10000) >> 10), &out);
      AppendUnit(rng, 0xDC00 + ((c - 0x10000) & 0x3FF), &out);
    } else {
      AppendUnit(rng, c, &out);
    }
  }
  return out + "\"";
}

std::string SpellExponent(Rng& rng, int exponent) {
  std::string text = OneIn(rng, 2) ? "e" : "E";
  if (exponent < 0) {
    text += '-';
  } else if (OneIn(rng, 2)) {
    text += '+';
  }
  text.append(Below(rng, 3), '0');
  return text + std::to_string(std::abs(exponent));
}

std::string SpellNumber(Rng& rng, const Value& value) {
  if (value.digits.empty()) {
    constexpr std::string_view kZeros[] = {"0", "-0", "0.0", "0e5", "-0.000E-7"};
    return std::string(kZeros[Below(rng, std::size(kZeros))]);
  }
  // digits, padded with zeros at both ends, with the decimal point somewhere in between.
  std::string digits = value.digits;
  int point = value.point;
  digits.append(Below(rng, 4), '0');
  const std::size_t split = Below(rng, digits.size() + 1);  // digits before the decimal point
  std::string text = value.negative ? "-" : "";
  std::string fraction;
  if (split == 0) {
    const std::size_t zeros = Below(rng, 4);
    text += '0';
    fraction = std::string(zeros, '0') + digits;
    point += static_cast<int>(zeros);
  } else {
    text += digits.substr(0, split);
    fraction = digits.substr(split);
    point -= static_cast<int>(split);
  }
  if (!fraction.empty()) text += "." + fraction;
  if (point != 0 || OneIn(rng, 5)) text += SpellExponent(rng, point);
  return text;
}

}  // namespace

Value RandomValue(Rng& rng, int depth) {
  Value value;
  switch (Below(rng, depth > 0 ? 8 : 5)) {
    case 0:
      value.kind = static_cast<Value::Kind>(Below(rng, 3));
      break;
    case 1:
    case 2:
      RandomNumber(rng, &value);
      break;
    case 3:
    case 4:
      value.kind = Value::Kind::kString;
      value.text = RandomText(rng);
      break;
    case 5:
      value.kind = Value::Kind::kArray;
      for (std::size_t n = Below(rng, 5); n > 0; --n) {
        value.items.push_back(RandomValue(rng, depth - 1));
      }
      break;
    default:
      value.kind = Value::Kind::kObject;
      for (std::size_t n = Below(rng, 6); n > 0; --n) {
        std::u32string key = RandomText(rng);
        const bool taken = std::any_of(value.members.begin(), value.members.end(),
                                       [&](const auto& member) { return member.first == key; });
        if (!taken) value.members.emplace_back(std::move(key), RandomValue(rng, depth - 1));
      }
  }
  return value;
}

std::string Spell(Rng& rng, const Value& value) {
  std::string out = Blanks(rng);
  switch (value.kind) {
    case Value::Kind::kNull:
      out += "null";
      break;
    case Value::Kind::kFalse:
      out += "false";
      break;
    case Value::Kind::kTrue:
      out += "true";
      break;
    case Value::Kind::kNumber:
      out += SpellNumber(rng, value);
      break;
    case Value::Kind::kString:
      out += SpellText(rng, value.text);
      break;
    case Value::Kind::kArray:
      out += "[" + Blanks(rng);
      for (const Value& item : value.items) {
        if (&item != &value.items.front()) out += ",";
        out += Spell(rng, item);
      }
      out += "]";
      break;
    case Value::Kind::kObject: {
      std::vector<const std::pair<std::u32string, Value>*> order;
      for (const auto& member : value.members) order.push_back(&member);
      std::shuffle(order.begin(), order.end(), rng);
      out += "{" + Blanks(rng);
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (i > 0) out += "," + Blanks(rng);
        out += SpellText(rng, order[i]->first) + Blanks(rng) + ":" + Spell(rng, order[i]->second);
      }
      out += "}";
    }
  }
  return out + Blanks(rng);
}

void Mutate(Rng& rng, Value* value) {
  const bool inside = !OneIn(rng, 4);
  if (inside && !value->items.empty()) {
    return Mutate(rng, &value->items[Below(rng, value->items.size())]);
  }
  if (inside && !value->members.empty()) {
    auto& [key, member] = value->members[Below(rng, value->members.size())];
    if (!OneIn(rng, 4)) return Mutate(rng, &member);
    // A longer key than any other is new.
    key.append(20, U'k');
    return;
  }
  switch (value->kind) {
    case Value::Kind::kNull:
    case Value::Kind::kFalse:
      value->kind = Value::Kind::kTrue;
      break;
    case Value::Kind::kTrue:
      *value = Value{Value::Kind::kString, false, "", 0, U"true", {}, {}};
      break;
    case Value::Kind::kNumber:
      if (value->digits.empty() || OneIn(rng, 3)) {
        value->digits.push_back('7');
      } else if (OneIn(rng, 2)) {
        ++value->point;
      } else {
        value->negative = !value->negative;
      }
      break;
    case Value::Kind::kString:
      value->text.push_back(U'x');
      break;
    case Value::Kind::kArray:
      value->items.emplace_back();
      break;
    case Value::Kind::kObject:
      value->members.emplace_back(std::u32string(40, U'n'), Value{});
  }
}

std::string Damage(Rng& rng, std::string text) {
  constexpr std::string_view kBytes = "{}[]\",:\\ue0.-+1nt\n \x80\xED\xFF";
  for (std::size_t n = 1 + Below(rng, 3); n > 0; --n) {
    const std::size_t at = Below(rng, text.size() + 1);
    const char byte =
        OneIn(rng, 2) ? kBytes[Below(rng, kBytes.size())] : static_cast<char>(Below(rng, 256));
    switch (Below(rng, 4)) {
      case 0:
        if (at < text.size()) text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, 1 + Below(rng, 4));
        break;
      default:
        text.insert(at, text.substr(Below(rng, text.size() + 1), Below(rng, 8)));
    }
  }
  return text;
}

}  // namespace shunt::testing
