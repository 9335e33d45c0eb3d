#include "secrets/decoded_view.h"

#include <algorithm>
#include <optional>

namespace shunt {
namespace {

std::optional<uint32_t> HexDigits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(at, count)) {
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<uint32_t>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      value = value * 16 + static_cast<uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

std::string Utf8(uint32_t code) {
  std::string bytes;
  const auto push = [&](uint32_t byte) { bytes.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0 | code >> 6);
    push(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    push(0xE0 | code >> 12);
    push(0x80 | (code >> 6 & 0x3F));
    push(0x80 | (code & 0x3F));
  } else {
    push(0xF0 | code >> 18);
    push(0x80 | (code >> 12 & 0x3F));
    push(0x80 | (code >> 6 & 0x3F));
    push(0x80 | (code & 0x3F));
  }
  return bytes;
}

struct Unescaped {
  std::string bytes;
  std::size_t length = 0;  // of the escape; 0: none here
};

constexpr std::size_t kEscapeMax = 12;  // \ud83d\udd11
constexpr uint32_t kCodePointMax = 0x10FFFF;
constexpr std::size_t kPercentMax = 3;

// \u{1f511}
Unescaped BracedAt(std::string_view text, std::size_t at) {
  constexpr std::size_t kDigitsMax = 6;
  const std::size_t end = text.substr(0, at + 3 + kDigitsMax + 1).find('}', at + 3);
  if (end == std::string_view::npos || end == at + 3) return {};
  const std::optional<uint32_t> code = HexDigits(text, at + 3, end - at - 3);
  if (!code || *code > kCodePointMax) return {};
  return {Utf8(*code), end + 1 - at};
}

// The escape that begins with the backslash at `at`.
Unescaped UnescapeAt(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return {};
  constexpr std::string_view kNames = "\"'\\/bfnrt";
  constexpr std::string_view kMeanings = "\"'\\/\b\f\n\r\t";
  const std::size_t name = kNames.find(text[at + 1]);
  if (name != std::string_view::npos) return {std::string(1, kMeanings[name]), 2};
  const char kind = text[at + 1];
  if ((kind == 'u' || kind == 'x') && at + 2 < text.size() && text[at + 2] == '{') {
    return BracedAt(text, at);
  }
  if (kind == 'x') {
    const std::optional<uint32_t> byte = HexDigits(text, at + 2, 2);
    if (!byte) return {};
    return {std::string(1, static_cast<char>(*byte)), 4};
  }
  if (kind == 'U') {
    const std::optional<uint32_t> wide = HexDigits(text, at + 2, 8);
    if (!wide || *wide > kCodePointMax) return {};
    return {Utf8(*wide), 10};
  }
  if (kind != 'u') return {};
  const std::optional<uint32_t> code = HexDigits(text, at + 2, 4);
  if (!code) return {};
  if (*code < 0xD800 || *code > 0xDBFF) return {Utf8(*code), 6};
  if (text.substr(at + 6, 2) != "\\u") return {Utf8(*code), 6};
  const std::optional<uint32_t> low = HexDigits(text, at + 8, 4);
  if (!low || *low < 0xDC00 || *low > 0xDFFF) return {Utf8(*code), 6};
  return {Utf8(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00)), 12};
}

}  // namespace

DecodedView DecodedView::Begin() const {
  DecodedView view("", open_);
  view.text_.reserve(text_.size());
  view.begins_.reserve(text_.size());
  view.ends_.reserve(text_.size());
  view.touched_.reserve(text_.size());
  return view;
}

void DecodedView::Append(const DecodedView& from, std::string_view bytes, std::size_t begin,
                         std::size_t end) {
  text_.append(bytes);
  begins_.insert(begins_.end(), bytes.size(), static_cast<uint32_t>(from.raw_begin(begin)));
  ends_.insert(ends_.end(), bytes.size(), static_cast<uint32_t>(from.raw_end(end)));
  touched_.insert(touched_.end(), bytes.size(), end - begin > 1);
}

bool DecodedView::HasEscape() const {
  for (std::size_t at = text_.find('\\'); at != std::string::npos; at = text_.find('\\', at + 1)) {
    if (UnescapeAt(text_, at).length > 0) return true;
  }
  // The cut may have broken one.
  return open_ &&
         text_.find('\\', text_.size() - std::min(text_.size(), kEscapeMax)) != std::string::npos;
}

bool DecodedView::HasPercent() const {
  for (std::size_t at = text_.find('%'); at != std::string::npos; at = text_.find('%', at + 1)) {
    if (HexDigits(text_, at + 1, 2) || (open_ && text_.size() - at < kPercentMax)) return true;
  }
  return false;
}

DecodedView DecodedView::JsonUnescaped() const {
  DecodedView view = Begin();
  const std::string_view text = text_;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      view.Append(*this, text.substr(i, 1), i, i + 1);
      ++i;
      continue;
    }
    if (open_ && text.size() - i < kEscapeMax) break;
    const Unescaped escape = UnescapeAt(text, i);
    const std::size_t length = escape.length > 0 ? escape.length : 1;
    view.Append(*this, escape.length > 0 ? escape.bytes : text.substr(i, 1), i, i + length);
    i += length;
  }
  return view;
}

DecodedView DecodedView::PercentDecoded(Plus plus) const {
  DecodedView view = Begin();
  const std::string_view text = text_;
  for (std::size_t i = 0; i < text.size();) {
    if (open_ && text[i] == '%' && text.size() - i < kPercentMax) break;
    const std::optional<uint32_t> byte =
        text[i] == '%' ? HexDigits(text, i + 1, 2) : std::optional<uint32_t>();
    const std::size_t length = byte ? 3 : 1;
    const char plain = text[i] == '+' && plus == Plus::kBlank ? ' ' : text[i];
    const char decoded = byte ? static_cast<char>(*byte) : plain;
    view.Append(*this, {&decoded, 1}, i, i + length);
    i += length;
  }
  return view;
}

}  // namespace shunt
