// The text of a field's value, as mappers hash, encrypt and compare it (Jackson's asText): a
// string's characters, true, false and null as words, nothing for an object or array. A number's
// digits are the source's: where the platform would rewrite a number first (4.20 to 4.2), its text
// is another (ADR 12).
//
// Pure functions, linear.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/json_cursor.h"

namespace shunt {

// What an escape like \ud800 that is half of a character becomes.
enum class HalfCharacter : uint8_t {
  kQuestionMark,  // as Java does when it makes UTF-8
  kItself,        // three bytes that no sound text has (WTF-8)
};

// A view of the value or of `*scratch`.
std::string_view FieldText(JsonSlice value, HalfCharacter half, std::string* scratch);

}  // namespace shunt
