#include "transforms/field_text.h"

#include <cstddef>

#include "protocol/json_text.h"

namespace shunt {
namespace {

// UTF-8 has 0xED before a byte from 0xA0 on nowhere but in an encoded surrogate.
void ReplaceSurrogates(std::string* text) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text->size(); ++from) {
    const auto byte = [&](std::size_t i) { return static_cast<uint8_t>((*text)[i]); };
    if (byte(from) == 0xED && from + 2 < text->size() && byte(from + 1) >= 0xA0) {
      (*text)[to++] = '?';
      from += 2;
    } else {
      (*text)[to++] = (*text)[from];
    }
  }
  text->resize(to);
}

}  // namespace

std::string_view FieldText(JsonSlice value, HalfCharacter half, std::string* scratch) {
  if (value.is_object() || value.is_array()) return {};
  if (!value.is_string()) return value.text;
  const std::string_view raw = value.text.substr(1, value.text.size() - 2);
  if (raw.find('\\') == std::string_view::npos) return raw;
  scratch->clear();
  AppendUnescaped(raw, LoneSurrogate::kKeep, scratch);
  if (half == HalfCharacter::kQuestionMark) ReplaceSurrogates(scratch);
  return *scratch;
}

}  // namespace shunt
