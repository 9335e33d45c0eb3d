// RFC 8259 and UTF-8 as a table: states times classes of bytes, and a stack of open containers. The
// slow twin of every reader of JSON in protocol/; it shares no code with any of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace shunt::fuzz {

struct JsonToken {
  enum class Kind : uint8_t {
    kOpenObject,
    kCloseObject,
    kOpenArray,
    kCloseArray,
    kKey,     // text: between the quotes
    kString,  // the same
    kNumber,
    kWord,  // true, false, null
  };
  Kind kind = Kind::kWord;
  std::string_view text;
};

// The tokens of a text that is one value with blanks around it; nothing when it is none, or when
// containers are nested deeper than 1,024.
std::optional<std::vector<JsonToken>> ReadTokens(std::string_view text);

inline bool IsJson(std::string_view text) { return ReadTokens(text).has_value(); }

}  // namespace shunt::fuzz
