#include "secrets/secret_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <unordered_set>
#include <utility>

#include "protocol/json_cursor.h"
#include "protocol/json_text.h"
#include "protocol/spec.h"
#include "secrets/base64_text.h"
#include "secrets/decoded_view.h"
#include "secrets/plain_words.h"

namespace shunt {
namespace {

constexpr int kDecodingsMax = 2;  // one inside the other
constexpr std::size_t kBytesBesides = 1024;
constexpr std::size_t kListWordBytesMin = 8;   // of a list with blanks between
constexpr std::size_t kLongWordBytesMin = 16;  // is no word of a language
constexpr std::size_t kEncodedBytesMin = 16;   // shorter, and anything looks like base64
constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Members of credential documents that tell who or where, not with what.
constexpr std::string_view kHarmlessNames[] = {
    "type",   "project_id", "client_email", "client_id", "universe_domain",
    "user",   "username",   "email",        "host",      "hostname",
    "server", "port",       "database",     "dbname",    "db",
    "region", "schema",     "account",      "name",      "description"};

bool IsOneOf(std::string_view word, const auto& words) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// Also of what Python's strip() and editors take for blank: a blank that does not break, one of no
// width, a byte order mark.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kWide[] = {"\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf"};
  for (bool again = true; again;) {
    again = false;
    const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
    text.remove_prefix(begin);
    text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    for (const std::string_view wide : kWide) {
      if (text.starts_with(wide)) {
        text.remove_prefix(wide.size());
        again = true;
      } else if (text.ends_with(wide)) {
        text.remove_suffix(wide.size());
        again = true;
      }
    }
  }
  return text;
}

std::string_view Unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text[0] == '"' || text[0] == '\'' || text[0] == '`') &&
                      text.back() == text[0];
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

// Not a word of a sentence, nor a plain name ("admin", "Service").
bool LooksRandom(std::string_view word) {
  if (word.size() >= kLongWordBytesMin) return true;
  return std::any_of(word.begin(), word.end(), IsDigit) ||
         std::any_of(word.begin() + (word.empty() ? 0 : 1), word.end(),
                     [](char c) { return !IsLower(c) && c != '.' && c != '_' && c != '-'; });
}

// Of a connection string or a query.
bool NamesSecret(std::string_view name) {
  std::string lower;
  for (const char c : name) {
    if (c != ' ') lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  constexpr std::string_view kShort[] = {"pass", "pw", "sig", "signature", "auth", "key"};
  return SoundsSecret(name) || IsOneOf(std::string_view(lower), kShort) ||
         (lower.ends_with("key") && lower != "keyname");
}

bool IsText(std::string_view text) {
  return !text.empty() && IsUtf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte >= 0x20 ? byte != 0x7F : kBlanks.find(c) != std::string_view::npos;
  });
}

// https://oauth2.example.com/token: nothing in it is secret.
bool IsPlainAddress(std::string_view text) {
  return text.find("://") != std::string_view::npos &&
         text.find_first_of("@=") == std::string_view::npos;
}

class Parts {
 public:
  explicit Parts(std::string_view whole)
      : whole_(whole), bytes_left_(2 * whole.size() + kBytesBesides) {}

  void Read(std::string_view text, int decodings) {
    Add(Unquoted(Trimmed(text)));
    ReadInside(text, decodings);
  }

  void ReadLong(std::string_view text) { Add(Trimmed(text)); }

  std::vector<std::string> Take() { return std::move(parts_); }

 private:
  void ReadInside(std::string_view text, int decodings) {
    const std::string_view bare = Unquoted(Trimmed(text));
    if (bare.empty()) return;
    const std::string_view trimmed = Trimmed(text);
    if (ReadJson(trimmed, decodings)) return;
    if (bare.find("-----BEGIN") == std::string_view::npos) {
      if (bare.find("://") != std::string_view::npos) {
        ReadUrl(bare);
      } else {
        ReadCredentialsBeforeHost(bare);
      }
      ReadPairs(bare);
      ReadUserAndPassword(bare);
      ReadList(bare);
    }
    if (decodings > 0) ReadDecoded(bare, decodings - 1);
  }

  void Add(std::string_view part) {
    if (part.empty() || part == whole_ || IsPlainWord(part) || IsPlainAddress(part)) return;
    if (parts_.size() >= kSecretPartsMax || part.size() > bytes_left_) return;
    if (!seen_.insert(std::string(part)).second) return;
    bytes_left_ -= part.size();
    parts_.emplace_back(part);
  }
  void Add(const std::string& part) { Add(std::string_view(part)); }

  void AddWithPercents(std::string_view part) {
    Add(part);
    if (part.find('%') == std::string_view::npos) return;
    Add(DecodedView(part).PercentDecoded(DecodedView::Plus::kPlus).text());
  }

  bool ReadJson(std::string_view text, int decodings) {
    if (text[0] != '{' && text[0] != '[' && text[0] != '"') return false;
    const std::optional<JsonSlice> json = ParseJson(text);
    if (!json) return false;
    ReadValue(*json, "", decodings);
    return true;
  }

  // Depth is bounded by the parser.
  void ReadValue(const JsonSlice& value, std::string_view name, int decodings) {
    if (value.is_object()) {
      for (const JsonMember& member : JsonMembers(value).value_or(std::vector<JsonMember>())) {
        const std::string key = JsonUnescape(member.raw_key).value_or(std::string());
        if (IsTokenKey(key, /*below_secret=*/true)) Add(key);
        ReadValue(member.value, key, decodings);
      }
    } else if (value.is_array()) {
      for (const JsonSlice& element : JsonElements(value).value_or(std::vector<JsonSlice>())) {
        ReadValue(element, name, decodings);
      }
    } else if (value.is_number()) {
      if (SoundsSecret(name)) Add(value.text);
    } else if (const std::optional<std::string> text = JsonString(value)) {
      if (IsOneOf(name, kHarmlessNames)) return;
      // A word behind a harmless name ("production") is no secret.
      if (name.empty() || NamesSecret(name) || LooksRandom(*text)) {
        Add(*text);
        Add(Unquoted(Trimmed(*text)));
      }
      if (decodings > 0) ReadInside(*text, decodings - 1);
    }
  }

  // scheme://user:password@host; a user alone is one that looks like a token.
  void ReadUrl(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::string_view rest = url.substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    // A password may hold what ought to be encoded.
    std::size_t end = authority.rfind('@');
    std::string_view user = authority.substr(0, end == std::string_view::npos ? 0 : end);
    if (end == std::string_view::npos && (end = rest.rfind('@')) != std::string_view::npos) {
      user = rest.substr(0, end);
      if (user.find(':') == std::string_view::npos) return;
    }
    const std::size_t colon = user.find(':');
    if (colon != std::string_view::npos) AddWithPercents(user.substr(colon + 1));
    if (LooksRandom(user.substr(0, colon))) AddWithPercents(user.substr(0, colon));
  }

  // password=x; AccountKey=y, also in a query or on a line of its own. A value may hold the sign.
  void ReadPairs(std::string_view text) {
    if (text.find_first_of("=:") == std::string_view::npos) return;
    ReadPairs(text, ";&,?|\r\n{}#");
    ReadPairs(text, ";&,?|\r\n{}# \t");
  }

  void ReadPairs(std::string_view text, std::string_view between) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_of(between), text.size());
      const std::string_view pair = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      for (const char sign : {'=', ':'}) {
        const std::size_t at = pair.find(sign);
        if (at == std::string_view::npos || at == 0) continue;
        const std::string_view value = Unquoted(Trimmed(pair.substr(at + 1)));
        if (NamesSecret(Unquoted(Trimmed(pair.substr(0, at)))) && !value.starts_with("//")) {
          AddWithPercents(value);
        }
      }
    }
  }

  // Also a:b:c; the first is a name unless it looks like a token.
  void ReadUserAndPassword(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || text.substr(colon).starts_with("://") ||
        text.find_first_of(" \t\n=") < colon || text.find_first_of(kBlanks, colon) == colon + 1) {
      return;
    }
    const std::string_view user = text.substr(0, colon);
    if (LooksRandom(user)) Add(user);
    Add(text.substr(colon + 1));
    for (std::string_view rest = text.substr(colon + 1); !rest.empty();) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (LooksRandom(rest.substr(0, end))) Add(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  // user:password@tcp(host)/x, user/password@host:1521/x.
  void ReadCredentialsBeforeHost(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || text.find_first_of(" \t\n") != std::string_view::npos)
      return;
    const std::string_view credentials = text.substr(0, at);
    const std::size_t sign = credentials.find_first_of(":/");
    if (sign != std::string_view::npos && sign > 0) Add(credentials.substr(sign + 1));
  }

  // A sentence is a list with blanks between; its words are none of ours.
  void ReadList(std::string_view text) {
    if (text.find("://") != std::string_view::npos) return;
    for (const std::string_view between :
         {std::string_view(",;|\n"), std::string_view(",;|\n\t ")}) {
      if (text.find_first_of(between) == std::string_view::npos) continue;
      const bool words = between.back() == ' ';
      for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find_first_of(between), rest.size());
        const std::string_view element = Unquoted(Trimmed(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (words && (element.size() < kListWordBytesMin || !LooksRandom(element))) continue;
        Add(element);
      }
    }
  }

  // A secret that is written in an encoding is shown decoded as well.
  void ReadDecoded(std::string_view text, int decodings) {
    const DecodedView view(text);
    if (view.HasEscape()) ReadPart(std::string(view.JsonUnescaped().text()), decodings);
    if (view.HasPercent()) {
      ReadPart(std::string(view.PercentDecoded(DecodedView::Plus::kPlus).text()), decodings);
    }
    if (text.size() < kEncodedBytesMin) return;
    const std::optional<std::string> bytes = DecodeBase64Text(text);
    if (bytes && IsText(*bytes)) ReadPart(*bytes, decodings);
  }

  void ReadPart(const std::string& text, int decodings) {
    Add(text);
    Read(text, decodings);
  }

  const std::string_view whole_;
  std::size_t bytes_left_;
  std::vector<std::string> parts_;
  std::unordered_set<std::string> seen_;
};

// Python's ascii() and JavaScript write characters up to U+00FF as \xNN, which reads as a byte.
std::string Latin1(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const bool two = (lead == 0xC2 || lead == 0xC3) && i + 1 < text.size() &&
                     (static_cast<uint8_t>(text[i + 1]) & 0xC0) == 0x80;
    if (!two) {
      bytes.push_back(text[i]);
      continue;
    }
    bytes.push_back(static_cast<char>((lead & 3) << 6 | (static_cast<uint8_t>(text[++i]) & 0x3F)));
  }
  return bytes;
}

}  // namespace

std::vector<std::string> PartsOfSecret(std::string_view value) {
  Parts parts(value);
  if (value.size() > kTakenApartBytesMax) {
    parts.ReadLong(value);
    return parts.Take();
  }
  parts.Read(value, kDecodingsMax);
  std::vector<std::string> all = parts.Take();
  std::vector<std::string> latin;
  const auto add_latin = [&](std::string_view text) {
    std::string bytes = Latin1(text);
    if (bytes.size() < text.size()) latin.push_back(std::move(bytes));
  };
  add_latin(value);
  for (const std::string& part : all) add_latin(part);
  all.insert(all.end(), std::make_move_iterator(latin.begin()),
             std::make_move_iterator(latin.end()));
  return all;
}

}  // namespace shunt
