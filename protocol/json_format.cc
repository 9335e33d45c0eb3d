#include "protocol/json_format.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "protocol/json_pattern.h"

namespace shunt {
namespace {

constexpr std::array<std::pair<std::string_view, JsonFormat>, 16> kNames = {{
    {"date", JsonFormat::kDate},
    {"time", JsonFormat::kTime},
    {"date-time", JsonFormat::kDateTime},
    {"email", JsonFormat::kEmail},
    {"idn-email", JsonFormat::kEmail},
    {"hostname", JsonFormat::kHostname},
    {"ipv4", JsonFormat::kIpv4},
    {"ipv6", JsonFormat::kIpv6},
    {"uri", JsonFormat::kUri},
    {"uri-reference", JsonFormat::kUriReference},
    {"iri", JsonFormat::kIri},
    {"iri-reference", JsonFormat::kIriReference},
    {"uri-template", JsonFormat::kUriTemplate},
    {"json-pointer", JsonFormat::kJsonPointer},
    {"relative-json-pointer", JsonFormat::kRelativeJsonPointer},
    {"regex", JsonFormat::kRegex},
}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsAscii(char c) { return (c & 0x80) == 0; }

bool All(std::string_view text, bool (*is)(char)) {
  return std::all_of(text.begin(), text.end(), is);
}

// Takes `count` digits from the front; -1 when they are not there.
int TakeNumber(std::string_view* text, std::size_t count) {
  if (text->size() < count || !All(text->substr(0, count), IsDigit)) return -1;
  int value = 0;
  for (const char c : text->substr(0, count)) value = value * 10 + (c - '0');
  text->remove_prefix(count);
  return value;
}

bool TakeChar(std::string_view* text, std::string_view any_of) {
  if (text->empty() || any_of.find(text->front()) == std::string_view::npos) return false;
  text->remove_prefix(1);
  return true;
}

bool TakeDate(std::string_view* text) {
  const int year = TakeNumber(text, 4);
  if (year < 0 || !TakeChar(text, "-")) return false;
  const int month = TakeNumber(text, 2);
  if (month < 1 || month > 12 || !TakeChar(text, "-")) return false;
  const int day = TakeNumber(text, 2);
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int days = kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
  return day >= 1 && day <= days;
}

bool TakeTime(std::string_view* text) {
  const int hour = TakeNumber(text, 2);
  if (hour < 0 || hour > 23 || !TakeChar(text, ":")) return false;
  const int minute = TakeNumber(text, 2);
  if (minute < 0 || minute > 59 || !TakeChar(text, ":")) return false;
  const int second = TakeNumber(text, 2);
  if (second < 0 || second > 60) return false;
  if (TakeChar(text, ".")) {
    if (TakeNumber(text, 1) < 0) return false;
    while (TakeNumber(text, 1) >= 0) {
    }
  }
  int offset = 0;
  if (!TakeChar(text, "Zz")) {
    if (text->empty()) return false;
    const int sign = text->front() == '-' ? -1 : 1;
    if (!TakeChar(text, "+-")) return false;
    const int hours = TakeNumber(text, 2);
    if (hours < 0 || hours > 23 || !TakeChar(text, ":")) return false;
    const int minutes = TakeNumber(text, 2);
    if (minutes < 0 || minutes > 59) return false;
    offset = sign * (hours * 60 + minutes);
  }
  // A leap second is the last one of a day in UTC.
  constexpr int kDay = 24 * 60;
  return second < 60 || (hour * 60 + minute - offset + kDay) % kDay == kDay - 1;
}

bool IsDate(std::string_view text) { return TakeDate(&text) && text.empty(); }
bool IsTime(std::string_view text) { return TakeTime(&text) && text.empty(); }
bool IsDateTime(std::string_view text) {
  return TakeDate(&text) && TakeChar(&text, "Tt") && TakeTime(&text) && text.empty();
}

bool IsHostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    const auto is_inner = [](char c) { return IsDigit(c) || IsLetter(c) || c == '-'; };
    if (label.empty() || label.size() > 63 || !All(label, is_inner)) return false;
    if (label.starts_with('-') || label.ends_with('-')) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsIpv4(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && !TakeChar(&text, ".")) return false;
    std::size_t digits = 0;
    while (digits < text.size() && IsDigit(text[digits])) ++digits;
    if (digits == 0 || digits > 3 || (digits > 1 && text.front() == '0')) return false;
    if (TakeNumber(&text, digits) > 255) return false;
  }
  return text.empty();
}

// Groups of hex digits; a dotted quad at the end counts as two. -1: they are none.
int CountIpv6Groups(std::string_view text, bool last) {
  int groups = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (last && colon == std::string_view::npos && IsIpv4(group)) return groups + 2;
    if (group.empty() || group.size() > 4 || !All(group, IsHex)) return -1;
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
    if (text.empty()) return -1;
  }
  return groups;
}

bool IsIpv6(std::string_view text) {
  if (text.size() > 45) return false;
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return CountIpv6Groups(text, true) == 8;
  const int before = CountIpv6Groups(text.substr(0, gap), false);
  const int behind = CountIpv6Groups(text.substr(gap + 2), true);
  return before >= 0 && behind >= 0 && before + behind <= 7;
}

bool IsEmail(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  std::string_view host = text.substr(at + 1);
  const bool quoted = local.size() > 2 && local.starts_with('"') && local.ends_with('"');
  const auto is_plain = [](char c) {
    return !IsAscii(c) || IsDigit(c) || IsLetter(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  };
  if (!quoted) {
    if (!All(local, is_plain) || local.starts_with('.') || local.ends_with('.')) return false;
    if (local.find("..") != std::string_view::npos) return false;
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    return host.starts_with("IPv6:") ? IsIpv6(host.substr(5)) : IsIpv4(host);
  }
  return IsHostname(host) || (!host.empty() && !All(host, IsAscii));
}

// The characters of RFC 3986, with escapes that are whole; with `iri` all beyond ASCII, too.
bool HasUriCharacters(std::string_view text, bool iri) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !IsHex(text[i + 1]) || !IsHex(text[i + 2])) return false;
    } else if (!IsAscii(c)) {
      if (!iri) return false;
    } else if (!IsDigit(c) && !IsLetter(c) &&
               std::string_view("-._~:/?#[]@!$&'()*+,;=").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// What stands between // and the path: [user@]host[:port].
bool IsAuthority(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    if (text.substr(0, at).find_first_of("[]@") != std::string_view::npos) return false;
    text.remove_prefix(at + 1);
  }
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view address = text.substr(1, end - 1);
    if (!address.starts_with('v') && !IsIpv6(address)) return false;
    text.remove_prefix(end + 1);
  } else {
    text.remove_prefix(std::min(text.find(':'), text.size()));
  }
  if (text.empty()) return true;
  return TakeChar(&text, ":") && All(text, IsDigit);
}

bool IsUri(std::string_view text, bool reference, bool iri) {
  if (!HasUriCharacters(text, iri)) return false;
  const std::size_t end = text.find_first_of(":/?#");
  const bool has_colon = end != std::string_view::npos && text[end] == ':';
  if (has_colon) {
    const std::string_view scheme = text.substr(0, end);
    const auto is_inner = [](char c) {
      return IsDigit(c) || IsLetter(c) || c == '+' || c == '-' || c == '.';
    };
    if (scheme.empty() || !IsLetter(scheme.front()) || !All(scheme, is_inner)) return false;
    text.remove_prefix(end + 1);
  } else if (!reference) {
    return false;
  }
  const std::size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    if (text.find('#', hash + 1) != std::string_view::npos) return false;
    if (text.find_first_of("[]", hash) != std::string_view::npos) return false;
    text = text.substr(0, hash);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t length = std::min(text.find_first_of("/?"), text.size());
    if (!IsAuthority(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return text.find_first_of("[]") == std::string_view::npos;
}

bool IsUriTemplate(std::string_view text) {
  bool open = false;
  for (const char c : text) {
    if (c == '{' || c == '}') {
      if (open == (c == '{')) return false;
      open = !open;
    } else if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '<' || c == '>' ||
               c == '\\' || c == '^' || c == '`') {
      return false;
    }
  }
  return !open;
}

bool IsJsonPointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

bool IsRelativeJsonPointer(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
  text.remove_prefix(digits);
  return text == "#" || IsJsonPointer(text);
}

}  // namespace

std::optional<JsonFormat> FormatByName(std::string_view name) {
  for (const auto& [known, format] : kNames) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::string_view NameOf(JsonFormat format) {
  for (const auto& [name, known] : kNames) {
    if (known == format) return name;
  }
  return "format";
}

bool IsFormat(JsonFormat format, std::string_view text) {
  switch (format) {
    case JsonFormat::kDate:
      return IsDate(text);
    case JsonFormat::kTime:
      return IsTime(text);
    case JsonFormat::kDateTime:
      return IsDateTime(text);
    case JsonFormat::kEmail:
      return IsEmail(text);
    case JsonFormat::kHostname:
      return IsHostname(text);
    case JsonFormat::kIpv4:
      return IsIpv4(text);
    case JsonFormat::kIpv6:
      return IsIpv6(text);
    case JsonFormat::kUri:
      return IsUri(text, false, false);
    case JsonFormat::kUriReference:
      return IsUri(text, true, false);
    case JsonFormat::kIri:
      return IsUri(text, false, true);
    case JsonFormat::kIriReference:
      return IsUri(text, true, true);
    case JsonFormat::kUriTemplate:
      return IsUriTemplate(text);
    case JsonFormat::kJsonPointer:
      return IsJsonPointer(text);
    case JsonFormat::kRelativeJsonPointer:
      return IsRelativeJsonPointer(text);
    case JsonFormat::kRegex:
      return !IsBrokenPattern(text);
  }
  return true;
}

}  // namespace shunt
