#include "cli/check/json_place.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

// The first byte that is no UTF-8, or the end.
const char* FirstNonUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = p + text.size();
  while (p != end) {
    const uint8_t lead = *p;
    const std::ptrdiff_t length = lead < 0x80   ? 1
                                  : lead < 0xC2 ? 0
                                  : lead < 0xE0 ? 2
                                  : lead < 0xF0 ? 3
                                  : lead < 0xF5 ? 4
                                                : 0;
    bool good = length > 0 && end - p >= length;
    for (std::ptrdiff_t i = 1; good && i < length; ++i) good = (p[i] & 0xC0) == 0x80;
    if (good && length > 2) {
      const unsigned two = static_cast<unsigned>(lead << 8) | p[1];
      // Overlong forms, surrogates, and what is beyond U+10FFFF.
      good = !(two < 0xE0A0 || (two >= 0xEDA0 && two < 0xEE00) || (two >= 0xF000 && two < 0xF090) ||
               two >= 0xF490);
    }
    if (!good) break;
    p += length;
  }
  return reinterpret_cast<const char*>(p);
}

char LastBefore(std::string_view text, const char* at) {
  while (at != text.data()) {
    const char c = *--at;
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
  }
  return '\0';
}

// Whether the last thing that was read is a key: its token is what stands between the quotes.
bool ReadKey(std::string_view text, const JsonCursor& cursor) {
  const std::string_view token = cursor.token();
  const char* const behind = token.data() + token.size();
  return token.data() > text.data() && token.data()[-1] == '"' && behind < cursor.position() &&
         *behind == '"';
}

bool EndsValue(JsonCursor::Event event) {
  return event == JsonCursor::Event::kScalar || event == JsonCursor::Event::kObjectEnd ||
         event == JsonCursor::Event::kArrayEnd;
}

// Why a word that is none of JSON's stands here.
std::string WordProblem(std::string_view rest) {
  if (rest.starts_with("True") || rest.starts_with("False") || rest.starts_with("None")) {
    return "true, false and null are written in small letters";
  }
  if (rest.starts_with("NaN") || rest.starts_with("Inf")) return "this is no number of JSON";
  return "a word that is neither in double quotes nor true, false or null";
}

// `before` is the event that came last before the error at `at`.
std::string Explain(std::string_view text, const JsonCursor& cursor, JsonCursor::Event before) {
  const char* const at = cursor.position();
  const char* const end = text.data() + text.size();
  if (at == end) {
    return text.empty() ? "it is empty"
                        : "it ends too early: something that was opened is not "
                          "closed";
  }
  const char c = *at;
  const char last = LastBefore(text, at);
  const bool behind_value = EndsValue(before) && last != ',';
  if (cursor.depth() == 0 && EndsValue(before)) return "there is more behind the end of the value";
  if (last == '"' && before != JsonCursor::Event::kKey && ReadKey(text, cursor)) {
    return "a colon is missing before this";
  }
  if (behind_value) {
    return c == '}' || c == ']' ? "the wrong closing bracket" : "a comma is missing before this";
  }
  if (c == '}' || c == ']') {
    return last == ',' ? "nothing stands behind the last comma" : "a value is missing before this";
  }
  if (c == '\'') return "strings stand in double quotes";
  if (c == '/' || c == '#') return "JSON has no comments";
  if (c == '"') return "this string is not closed, or holds a line break or a wrong escape";
  if (c == '{' || c == '[') return "nested too deeply";
  if (absl::ascii_isalpha(static_cast<unsigned char>(c))) {
    return WordProblem(text.substr(static_cast<std::size_t>(at - text.data())));
  }
  if (c == '-' || c == '+' || c == '.' || absl::ascii_isdigit(static_cast<unsigned char>(c))) {
    return "this is no number of JSON";
  }
  return "this character cannot stand here";
}

}  // namespace

Place PlaceIn(std::string_view text, const char* at) {
  Place place;
  for (const char* p = text.data(); p < at; ++p) {
    if (*p == '\n') {
      ++place.line;
      place.column = 1;
    } else {
      ++place.column;
    }
  }
  return place;
}

std::optional<JsonProblem> FindJsonProblem(std::string_view text) {
  if (ParseJson(text)) return std::nullopt;
  if (text.starts_with("\xEF\xBB\xBF")) {
    return JsonProblem{{}, "it begins with a byte order mark"};
  }
  JsonCursor cursor(text);
  JsonCursor::Event before = JsonCursor::Event::kEnd;
  while (true) {
    const JsonCursor::Event event = cursor.Next();
    if (event == JsonCursor::Event::kEnd) break;
    if (event == JsonCursor::Event::kError) {
      return JsonProblem{PlaceIn(text, cursor.position()), Explain(text, cursor, before)};
    }
    before = event;
  }
  return JsonProblem{PlaceIn(text, FirstNonUtf8(text)), "this is not UTF-8"};
}

std::string JsonProblemText(std::string_view text) {
  const std::optional<JsonProblem> problem = FindJsonProblem(text);
  SHUNT_CHECK(problem.has_value());
  return absl::StrCat(problem->place.line, ":", problem->place.column,
                      ": not well-formed JSON: ", problem->what);
}

}  // namespace shunt
