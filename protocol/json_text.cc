#include "protocol/json_text.h"

#include <array>
#include <cstring>

namespace shunt {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

bool IsSurrogate(uint32_t point) { return point >= 0xD800 && point <= 0xDFFF; }

// The character at text[at], or 0xFFFFFFFF; *length is its bytes, or how many bytes to give up.
constexpr uint32_t kBadCharacter = 0xFFFFFFFF;
uint32_t DecodeUtf8(std::string_view text, std::size_t at, std::size_t* length, bool surrogates) {
  *length = 1;
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return first;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - at < size) return kBadCharacter;
  uint32_t point = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kBadCharacter;
    point = point << 6 | (byte(i) & 0x3Fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kSmallest[size] || point > 0x10FFFF) return kBadCharacter;
  if (IsSurrogate(point) && !surrogates) return kBadCharacter;
  *length = size;
  return point;
}

std::size_t EncodeUtf8(uint32_t point, char* out) {
  const auto put = [&](std::size_t i, uint32_t byte) { out[i] = static_cast<char>(byte); };
  if (point < 0x80) {
    put(0, point);
    return 1;
  }
  if (point < 0x800) {
    put(0, 0xC0 | point >> 6);
    put(1, 0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    put(0, 0xE0 | point >> 12);
    put(1, 0x80 | (point >> 6 & 0x3F));
    put(2, 0x80 | (point & 0x3F));
    return 3;
  }
  put(0, 0xF0 | point >> 18);
  put(1, 0x80 | (point >> 12 & 0x3F));
  put(2, 0x80 | (point >> 6 & 0x3F));
  put(3, 0x80 | (point & 0x3F));
  return 4;
}

// The four hex digits at text[at], or kBadCharacter.
uint32_t Hex4(std::string_view text, std::size_t at) {
  if (text.size() < at + 4) return kBadCharacter;
  uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return kBadCharacter;
    }
    value = value << 4 | digit;
  }
  return value;
}

// Takes one escape (a pair of surrogate escapes counts as one) off the front of `*text`, which
// begins with a backslash. A lone surrogate is returned as it is.
uint32_t TakeEscape(std::string_view* text) {
  if (text->size() < 2) return kBadCharacter;
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char name = (*text)[1];
  if (name != 'u') {
    const std::size_t index = kNames.find(name);
    if (index == std::string_view::npos) return kBadCharacter;
    text->remove_prefix(2);
    return static_cast<uint32_t>(kMeanings[index]);
  }
  uint32_t point = Hex4(*text, 2);
  if (point == kBadCharacter) return kBadCharacter;
  text->remove_prefix(6);
  const bool high = point >= 0xD800 && point <= 0xDBFF;
  if (high && text->size() >= 6 && (*text)[0] == '\\' && (*text)[1] == 'u') {
    const uint32_t low = Hex4(*text, 2);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      text->remove_prefix(6);
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
  }
  return point;
}

void AppendUnicodeEscape(uint32_t unit, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kHex[unit >> shift & 0xF]);
}

void AppendControl(char c, std::string* out) {
  constexpr std::string_view kControls = "\b\f\n\r\t";
  constexpr std::string_view kNames = "bfnrt";
  const std::size_t index = kControls.find(c);
  if (index == std::string_view::npos) return AppendUnicodeEscape(static_cast<uint8_t>(c), out);
  out->push_back('\\');
  out->push_back(kNames[index]);
}

}  // namespace

bool IsUtf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    constexpr uint64_t kHighBits = 0x8080808080808080u;
    uint64_t word = 0;
    if (text.size() - at >= sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & kHighBits) == 0) {
        at += sizeof word;
        continue;
      }
    }
    std::size_t length = 0;
    if (DecodeUtf8(text, at, &length, /*surrogates=*/false) == kBadCharacter) return false;
    at += length;
  }
  return true;
}

std::size_t Utf8PrefixLength(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text.size();
  std::size_t length = bytes_max;
  // At most three continuation bytes stand before the first byte of the character that is cut.
  for (int i = 0; i < 3 && length > 0 && (text[length] & 0xC0) == 0x80; ++i) --length;
  return length;
}

bool AppendUnescaped(std::string_view raw, LoneSurrogate lone, std::string* out) {
  while (!raw.empty()) {
    const std::size_t backslash = raw.find('\\');
    out->append(raw.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    raw.remove_prefix(backslash);
    uint32_t point = TakeEscape(&raw);
    if (point == kBadCharacter) return false;
    if (IsSurrogate(point)) {
      if (lone == LoneSurrogate::kReject) return false;
      if (lone == LoneSurrogate::kReplace) point = kReplacement;
    }
    char bytes[4];
    out->append(bytes, EncodeUtf8(point, bytes));
  }
  return true;
}

void AppendQuoted(std::string_view text, LoneSurrogate lone, std::string* out) {
  out->push_back('"');
  std::size_t plain = 0;  // text[plain, at) needs no escape and is not yet appended
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    std::size_t length = 1;
    const bool ascii = static_cast<uint8_t>(c) < 0x80;
    if (ascii && c != '"' && c != '\\' && static_cast<uint8_t>(c) >= 0x20) {
      ++at;
      continue;
    }
    const uint32_t point = DecodeUtf8(text, at, &length, lone == LoneSurrogate::kKeep);
    if (ascii || point == kBadCharacter || IsSurrogate(point)) {
      out->append(text.substr(plain, at - plain));
      plain = at + length;
      if (point == kBadCharacter) {
        out->append("\xEF\xBF\xBD");
      } else if (IsSurrogate(point)) {
        AppendUnicodeEscape(point, out);
      } else if (c == '"' || c == '\\') {
        out->push_back('\\');
        out->push_back(c);
      } else {
        AppendControl(c, out);
      }
    }
    at += length;
  }
  out->append(text.substr(plain));
  out->push_back('"');
}

bool UnescapedPieces::Next(std::string_view* piece) {
  if (rest_.empty()) return false;
  const std::size_t backslash = rest_.find('\\');
  if (backslash != 0) {
    *piece = rest_.substr(0, backslash);
    rest_.remove_prefix(piece->size());
    return true;
  }
  const uint32_t point = TakeEscape(&rest_);
  if (point == kBadCharacter) return false;
  *piece = std::string_view(buffer_, EncodeUtf8(point, buffer_));
  return true;
}

}  // namespace shunt
