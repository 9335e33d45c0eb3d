// The characters of JSON strings: UTF-8 validation, unescaping, escaping.
// Pure functions, linear, safe on arbitrary bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shunt {

// Whether `text` is valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

// The length of the longest prefix of `text` of at most `bytes_max` bytes that does not cut a
// character in half.
std::size_t Utf8PrefixLength(std::string_view text, std::size_t bytes_max);

// What becomes of an escape like \ud800 that is no half of a pair.
enum class LoneSurrogate : uint8_t {
  kReject,   // the string has no UTF-8 form
  kReplace,  // U+FFFD
  kKeep,     // three bytes as if it were a character (WTF-8): keeps different strings apart
};

// Appends the text between a string's quotes, unescaped. False when an escape is malformed or, with
// kReject, a surrogate is alone; `out` then holds what came before.
bool AppendUnescaped(std::string_view raw, LoneSurrogate lone, std::string* out);

// Appends `text` as a JSON string literal with the shortest escapes, quotes included. `text` may be
// WTF-8: surrogates become \ud800 escapes. Other bytes that are not UTF-8 become U+FFFD.
void AppendQuoted(std::string_view text, LoneSurrogate lone, std::string* out);

// A pull form of AppendUnescaped with LoneSurrogate::kKeep, for strings that are too long to copy:
// pieces of the unescaped text, each a view that lives until the next call.
class UnescapedPieces {
 public:
  explicit UnescapedPieces(std::string_view raw) : rest_(raw) {}
  // False at the end, or at a malformed escape: then complete() is false.
  bool Next(std::string_view* piece);
  bool complete() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char buffer_[4];
};

}  // namespace shunt
