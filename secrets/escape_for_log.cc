#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "secrets/masker.h"

namespace shunt {
namespace {

struct CodePoint {
  uint32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

CodePoint ReadUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  uint32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::array<uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

// Ends a line, moves the cursor or turns the direction of what follows.
bool Deceives(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C ||
         (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

void AppendHex(uint32_t value, int digits, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out->push_back(kHex[value >> shift & 15]);
}

std::string Escape(std::string_view text, std::string_view kept) {
  std::string escaped;
  while (!text.empty()) {
    const CodePoint point = ReadUtf8(text);
    if (point.bytes == 0) {
      escaped += "\\x";
      AppendHex(static_cast<uint8_t>(text[0]), 2, &escaped);
      text.remove_prefix(1);
      continue;
    }
    if (!Deceives(point.code) || kept.find(text[0]) != std::string_view::npos) {
      escaped.append(text.substr(0, point.bytes));
    } else if (point.code == '\n') {
      escaped += "\\n";
    } else if (point.code == '\r') {
      escaped += "\\r";
    } else if (point.code == '\t') {
      escaped += "\\t";
    } else if (point.code < 0x80) {
      escaped += "\\x";
      AppendHex(point.code, 2, &escaped);
    } else {
      escaped += "\\u";
      AppendHex(point.code, 4, &escaped);
    }
    text.remove_prefix(point.bytes);
  }
  return escaped;
}

}  // namespace

std::string EscapeForLog(std::string_view text) { return Escape(text, ""); }
std::string EscapeLines(std::string_view text) { return Escape(text, "\n\t"); }

}  // namespace shunt
