// What a text line may be of a message that was printed over several lines (rule 13 of envelope.h).
// Pure functions; threads: any. Time: a few bytes of most lines, at most all of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace shunt {

enum class TextPart : uint8_t {
  kNone,
  kOpens,      // a whole line of opening brackets and blanks
  kNamesType,  // its first key is `type`, with RECORD or STATE
};

// `line` in parts, with the LF that ends it, if there is one.
TextPart TextPartOf(std::span<const std::string_view> parts);
inline TextPart TextPartOf(std::string_view line) {
  return TextPartOf(std::span<const std::string_view>(&line, 1));
}

}  // namespace shunt
