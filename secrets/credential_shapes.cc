#include "secrets/credential_shapes.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

#include "protocol/spec.h"
#include "secrets/plain_words.h"

namespace shunt {
namespace {

constexpr std::size_t kTokenCharsMin = 8;
constexpr std::size_t kJwtPartCharsMin = 8;
constexpr std::size_t kValueCharsMin = 4;

// The part of a line to hide.
struct Span {
  std::size_t begin = 0, end = 0;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || IsUpper(c); }
bool IsAlnum(char c) { return IsLetter(c) || IsDigit(c); }
bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsUrlSafe(char c) { return IsAlnum(c) || c == '-' || c == '_'; }
bool IsTokenChar(char c) { return IsUrlSafe(c) || c == '.' || c == '~' || c == '+' || c == '/'; }
bool IsValueChar(char c) {
  constexpr std::string_view kEnds = "\"'\\,;&}])>*";
  return !IsBlank(c) && kEnds.find(c) == std::string_view::npos;
}
bool IsUserChar(char c) {
  constexpr std::string_view kEnds = "/?#@\"'\\";
  return !IsBlank(c) && kEnds.find(c) == std::string_view::npos;
}

// The first position at or after `at` whose character is not of the class.
template <typename Class>
std::size_t Skip(std::string_view line, std::size_t at, Class is) {
  while (at < line.size() && is(line[at])) ++at;
  return at;
}

bool AfterWordChar(std::string_view line, std::size_t at) {
  return at > 0 && IsUrlSafe(line[at - 1]);
}

// `word` is in lower case.
bool HasWordAt(std::string_view line, std::size_t at, std::string_view word) {
  if (line.size() - at < word.size()) return false;
  return std::equal(word.begin(), word.end(), line.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char w, char c) { return w == (IsUpper(c) ? c + ('a' - 'A') : c); });
}

// "-----BEGIN X-----...-----END X-----", or to the end of the line.
std::optional<Span> PemAt(std::string_view line, std::size_t at) {
  if (!line.substr(at).starts_with("-----BEGIN ")) return std::nullopt;
  const std::size_t footer = line.find("-----END ", at);
  if (footer == std::string_view::npos) return Span{at, line.size()};
  const std::size_t dashes = line.find("-----", footer + 9);
  return Span{at, dashes == std::string_view::npos ? line.size() : dashes + 5};
}

// Three parts, the first two of which begin with {" in base64.
std::optional<Span> JwtAt(std::string_view line, std::size_t at) {
  if (!line.substr(at).starts_with("eyJ") || AfterWordChar(line, at)) return std::nullopt;
  const std::size_t header = Skip(line, at, IsUrlSafe);
  if (header - at < kJwtPartCharsMin || header == line.size() || line[header] != '.') {
    return std::nullopt;
  }
  const std::size_t payload = Skip(line, header + 1, IsUrlSafe);
  if (payload - header <= kJwtPartCharsMin) return std::nullopt;
  if (payload == line.size() || line[payload] != '.') return Span{at, payload};
  return Span{at, Skip(line, payload + 1, IsUrlSafe)};
}

// scheme://user:password@host
std::optional<Span> UserInfoAt(std::string_view line, std::size_t at) {
  if (!line.substr(at).starts_with("://") || at == 0 || !IsAlnum(line[at - 1])) return std::nullopt;
  const std::size_t begin = at + 3;
  const std::size_t end = Skip(line, begin, IsUserChar);
  if (end == begin || end == line.size() || line[end] != '@') return std::nullopt;
  return Span{begin, end};
}

// Basic is an English word too: what follows must look encoded.
bool LooksEncoded(std::string_view text) {
  return text.ends_with('=') || std::any_of(text.begin(), text.end(), IsDigit) ||
         std::any_of(text.begin() + 1, text.end(), IsUpper);
}

std::optional<Span> AuthorizationAt(std::string_view line, std::size_t at) {
  const bool bearer = HasWordAt(line, at, "bearer");
  const bool basic = !bearer && HasWordAt(line, at, "basic");
  if ((!bearer && !basic) || AfterWordChar(line, at)) return std::nullopt;
  const std::size_t word_end = at + (bearer ? 6 : 5);
  const std::size_t begin = Skip(line, word_end, IsBlank);
  const std::size_t token_end = Skip(line, begin, IsTokenChar);
  if (begin == word_end || token_end - begin < kTokenCharsMin) return std::nullopt;
  const std::size_t end = Skip(line, token_end, [](char c) { return c == '='; });
  if (basic && !LooksEncoded(line.substr(begin, end - begin))) return std::nullopt;
  return Span{begin, end};
}

struct Name {
  std::string_view first, second;  // with '_', '-' or nothing between
};
constexpr Name kNames[] = {{"access", "token"}, {"refresh", "token"}, {"id", "token"},
                           {"auth", "token"},   {"session", "token"}, {"client", "secret"},
                           {"api", "key"},      {"private", "key"},   {"access", "key"},
                           {"password", ""},    {"passwd", ""}};

std::optional<std::size_t> EndOfNameAt(std::string_view line, std::size_t at) {
  for (const Name& name : kNames) {
    if (!HasWordAt(line, at, name.first)) continue;
    std::size_t end = at + name.first.size();
    if (name.second.empty()) return end;
    if (end < line.size() && (line[end] == '_' || line[end] == '-')) ++end;
    if (HasWordAt(line, end, name.second)) return end + name.second.size();
  }
  return std::nullopt;
}

// Past a quotation mark with the backslashes before it, when there is one.
std::size_t SkipQuote(std::string_view line, std::size_t at) {
  const std::size_t quote = Skip(line, at, [](char c) { return c == '\\'; });
  if (quote < line.size() && (line[quote] == '"' || line[quote] == '\'')) return quote + 1;
  return at;
}

// "access_token: minLength", "password: required": the reason of a refusal, not a value.
bool SaysSomething(std::string_view value) {
  const std::size_t end = value.find_last_not_of(".:!?)");
  return end != std::string_view::npos && IsPlainWord(value.substr(0, end + 1));
}

// name=value, name: value, "name":"value", also inside a JSON string.
std::optional<Span> NamedValueAt(std::string_view line, std::size_t at) {
  const std::optional<std::size_t> name_end = EndOfNameAt(line, at);
  if (!name_end) return std::nullopt;
  const std::size_t sign = Skip(line, SkipQuote(line, *name_end), IsBlank);
  if (sign == line.size() || (line[sign] != '=' && line[sign] != ':')) return std::nullopt;
  const std::size_t begin = SkipQuote(line, Skip(line, sign + 1, IsBlank));
  const std::size_t end = Skip(line, begin, IsValueChar);
  const std::string_view value = line.substr(begin, end - begin);
  if (value.size() < kValueCharsMin || SaysSomething(value)) return std::nullopt;
  return Span{begin, end};
}

// --token X, --token=X, -token X of a command line. What names a file or a place tells no secret.
std::optional<Span> FlagAt(std::string_view line, std::size_t at) {
  if (AfterWordChar(line, at)) return std::nullopt;
  const std::size_t name_begin = Skip(line, at, [](char c) { return c == '-'; });
  const std::size_t name_end = Skip(line, name_begin, IsUrlSafe);
  if (name_begin > at + 2 || name_begin == name_end || name_end == line.size() ||
      !IsSecretFlag(line.substr(name_begin, name_end - name_begin))) {
    return std::nullopt;
  }
  const bool equals = line[name_end] == '=';
  const std::size_t blanks = equals ? name_end + 1 : Skip(line, name_end, IsBlank);
  if (blanks == name_end) return std::nullopt;
  const std::size_t begin = SkipQuote(line, blanks);
  // A quoted one goes on to its quote.
  const std::size_t quote = begin > blanks ? line.find(line[begin - 1], begin) : line.size();
  const std::size_t end = begin > blanks ? std::min(quote, line.size())
                                         : Skip(line, begin, [](char c) { return !IsBlank(c); });
  const std::string_view value = line.substr(begin, end - begin);
  if (value.size() < kValueCharsMin || (!equals && value[0] == '-') || SaysSomething(value)) {
    return std::nullopt;
  }
  return Span{begin, end};
}

std::optional<Span> ShapeAt(std::string_view line, std::size_t at) {
  switch (line[at]) {
    case '-':
      return line.substr(at).starts_with("-----") ? PemAt(line, at) : FlagAt(line, at);
    case 'e':
      return JwtAt(line, at);
    case ':':
      return UserInfoAt(line, at);
    case 'b':
    case 'B':
      return AuthorizationAt(line, at);
    default:
      return IsLetter(line[at]) ? NamedValueAt(line, at) : std::nullopt;
  }
}

}  // namespace

bool IsSecretFlag(std::string_view name) {
  if (!SoundsSecret(name)) return false;
  std::string lower;
  for (const char c : name) lower += IsUpper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
  constexpr std::string_view kPlaces[] = {"file",     "path", "dir",     "url", "uri",
                                          "endpoint", "name", "type",    "env", "host",
                                          "timeout",  "ttl",  "command", "id"};
  return std::none_of(std::begin(kPlaces), std::end(kPlaces),
                      [&](std::string_view place) { return lower.ends_with(place); });
}

std::string MaskCredentialShapes(std::string_view line) {
  std::string masked;
  std::size_t from = 0;
  for (std::size_t at = 0; at < line.size();) {
    const std::optional<Span> shape = ShapeAt(line, at);
    if (!shape) {
      ++at;
      continue;
    }
    masked.append(line.substr(from, shape->begin - from));
    masked.append(kSecretMask);
    from = at = shape->end;
  }
  masked.append(line.substr(from));
  return masked;
}

}  // namespace shunt
