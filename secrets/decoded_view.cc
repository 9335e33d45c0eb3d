#include "secrets/decoded_view.h"

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

// The escape that begins with the backslash at `at`.
Unescaped UnescapeAt(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return {};
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t name = kNames.find(text[at + 1]);
  if (name != std::string_view::npos) return {std::string(1, kMeanings[name]), 2};
  if (text[at + 1] != 'u') return {};
  const std::optional<uint32_t> code = HexDigits(text, at + 2, 4);
  if (!code) return {};
  if (*code < 0xD800 || *code > 0xDBFF) return {Utf8(*code), 6};
  if (text.substr(at + 6, 2) != "\\u") return {Utf8(*code), 6};
  const std::optional<uint32_t> low = HexDigits(text, at + 8, 4);
  if (!low || *low < 0xDC00 || *low > 0xDFFF) return {Utf8(*code), 6};
  return {Utf8(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00)), 12};
}

}  // namespace

DecodedView::DecodedView(std::string_view raw) : text_(raw) {}

void DecodedView::Append(const DecodedView& from, std::string_view bytes, std::size_t begin,
                         std::size_t end) {
  text_.append(bytes);
  begins_.insert(begins_.end(), bytes.size(), from.raw_begin(begin));
  ends_.insert(ends_.end(), bytes.size(), from.raw_end(end));
}

DecodedView DecodedView::JsonUnescaped() const {
  DecodedView view;
  for (std::size_t i = 0; i < text_.size();) {
    const Unescaped escape = text_[i] == '\\' ? UnescapeAt(text_, i) : Unescaped{};
    if (escape.length > 0) {
      view.Append(*this, escape.bytes, i, i + escape.length);
      i += escape.length;
    } else {
      view.Append(*this, std::string_view(text_).substr(i, 1), i, i + 1);
      ++i;
    }
  }
  return view;
}

DecodedView DecodedView::PercentDecoded() const {
  DecodedView view;
  for (std::size_t i = 0; i < text_.size();) {
    const std::optional<uint32_t> byte =
        text_[i] == '%' ? HexDigits(text_, i + 1, 2) : std::optional<uint32_t>();
    if (byte) {
      view.Append(*this, std::string(1, static_cast<char>(*byte)), i, i + 3);
      i += 3;
    } else {
      view.Append(*this, std::string_view(text_).substr(i, 1), i, i + 1);
      ++i;
    }
  }
  return view;
}

}  // namespace shunt
