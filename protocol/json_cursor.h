// JsonCursor: walks JSON text without building anything; every value is a view of the input.
// For the rare messages (STATE, CONTROL, TRACE, LOG, SPEC, catalog), never for records.
//
// Safe on arbitrary bytes: anything that is not well-formed where it looks is an error, not UB.
// Threads: pure functions. Views live as long as the input. Depth is bounded by kDepthMax.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shunt {

enum class JsonType : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// A value's exact text, without surrounding blanks.
struct JsonSlice {
  JsonType type = JsonType::kNull;
  std::string_view text;
  bool is_object() const { return type == JsonType::kObject; }
  bool is_array() const { return type == JsonType::kArray; }
  bool is_string() const { return type == JsonType::kString; }
  bool is_number() const { return type == JsonType::kNumber; }
  bool is_null() const { return type == JsonType::kNull; }
};

struct JsonMember {
  std::string_view raw_key;  // between the quotes, escapes untouched
  JsonSlice value;
};

// The whole text must be one RFC 8259 value in valid UTF-8 (blanks around it are allowed); fully validated.
std::optional<JsonSlice> ParseJson(std::string_view text);

// Members in order, duplicates included. `object` must be a kObject slice; empty on malformed text.
std::optional<std::vector<JsonMember>> JsonMembers(JsonSlice object);
std::optional<std::vector<JsonSlice>> JsonElements(JsonSlice array);

// The value of the first member whose unescaped key is `key`; empty when absent or not an object.
std::optional<JsonSlice> JsonFind(JsonSlice object, std::string_view key);

// A string slice (quotes included) unescaped to UTF-8. Empty for a lone surrogate or a non-string.
std::optional<std::string> JsonString(JsonSlice string);
// The text between the quotes of a raw key, unescaped; same rules.
std::optional<std::string> JsonUnescape(std::string_view raw);

// `text` as a JSON string literal, quotes included.
std::string JsonQuote(std::string_view text);

// A number as a double; empty when it overflows or is not a number.
std::optional<double> JsonDouble(JsonSlice number);

}  // namespace shunt
