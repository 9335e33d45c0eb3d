// Walking JSON text without building anything; every value is a view of the input.
// For the rare messages (STATE, CONTROL, TRACE, LOG, SPEC, catalog), never for records.
//
// Two levels: functions that answer one question about a slice, and JsonCursor, the pull reader
// below them, for those who want one pass.
//
// Safe on arbitrary bytes: anything that is not well-formed where it looks is an error, not UB. The
// grammar is RFC 8259 by syntax alone, so 1e400, long integers and lone surrogate escapes are
// legal. Threads: pure functions; a cursor belongs to one thread. Views live as long as the input.
// Bounds: nesting deeper than kDepthMax is malformed; time is linear; nothing recurses.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/limits.h"

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

// The whole text must be one RFC 8259 value in valid UTF-8 (blanks around it are allowed); fully
// validated.
std::optional<JsonSlice> ParseJson(std::string_view text);

// Members in order, duplicates included. `object` must be a kObject slice; empty on malformed text.
std::optional<std::vector<JsonMember>> JsonMembers(JsonSlice object);
std::optional<std::vector<JsonSlice>> JsonElements(JsonSlice array);

// The value of the first member whose unescaped key is `key`; empty when absent or not an object.
std::optional<JsonSlice> JsonFind(JsonSlice object, std::string_view key);

// Whether the raw text between a key's quotes means `key`, which is valid UTF-8.
bool JsonKeyIs(std::string_view raw_key, std::string_view key);

// A string slice (quotes included) unescaped to UTF-8. Empty for a lone surrogate or a non-string.
std::optional<std::string> JsonString(JsonSlice string);
// The text between the quotes of a raw key, unescaped; same rules.
std::optional<std::string> JsonUnescape(std::string_view raw);

// `text` as a JSON string literal, quotes included. Bytes that are not UTF-8 become U+FFFD, so that
// the result is always legal.
std::string JsonQuote(std::string_view text);

// A number as a double; empty when it overflows or is not a number. Underflow is zero.
std::optional<double> JsonDouble(JsonSlice number);

// A number whose exact value is an integer that fits (12, 1.2e1, 12.0); else empty.
std::optional<int64_t> JsonInt64(JsonSlice number);

// The pull reader. Every call of Next() yields the next event of one value, checking the grammar as
// it goes; after kError it yields kError for ever.
//
//   JsonCursor cursor(text);
//   if (cursor.Next() == JsonCursor::Event::kObject) {
//     while (cursor.NextKey()) {
//       if (cursor.KeyIs("state")) use(cursor.Value()); else cursor.Value();
//     }
//   }
//   if (!cursor.Finish()) malformed;
class JsonCursor {
 public:
  enum class Event : uint8_t {
    kError,
    kEnd,     // the value is complete and only blanks follow
    kKey,     // token(): between the quotes
    kScalar,  // token(): the exact text, a string's quotes included; type() says which
    kObject,
    kArray,
    kObjectEnd,
    kArrayEnd,
  };

  // `around`: containers that are open around the text, and count as nesting.
  explicit JsonCursor(std::string_view text, int around = 0);

  Event Next();

  // Inside an object: reads a key, or the closing brace (false). False on an error too: see ok().
  bool NextKey() { return Next() == Event::kKey; }
  // Whether the last key means `name`.
  bool KeyIs(std::string_view name) const { return JsonKeyIs(token_, name); }

  // Reads the next value whole. Empty on an error.
  std::optional<JsonSlice> Value();
  // Completes the value that the last event began: nothing to read for a kScalar, up to the closing
  // bracket for kObject and kArray. Empty when that event was none of these, or on an error.
  std::optional<JsonSlice> Rest();

  // Reads to the end; whether the whole text was one well-formed value.
  bool Finish();

  bool ok() const { return expect_ != Expect::kFailed; }
  Event last() const { return last_; }
  JsonType type() const { return type_; }
  std::string_view token() const { return token_; }
  // Whether the last key or string has escapes.
  bool escaped() const { return escaped_; }
  int depth() const { return depth_; }
  // Where reading goes on.
  const char* position() const { return p_; }

 private:
  enum class Expect : uint8_t { kValue, kFirstInObject, kFirstInArray, kMore, kFailed };

  Event Emit(Event event) {
    last_ = event;
    return event;
  }
  Event Fail();
  void SkipBlanks();
  Event ReadKey();
  Event ReadValue();
  Event ReadClose(char bracket);
  Event Open(Event event, JsonType type);
  bool ReadString();
  bool ReadNumber();
  bool ReadWord(std::string_view word);

  const char* p_;
  const char* end_;
  Expect expect_ = Expect::kValue;
  Event last_ = Event::kEnd;
  JsonType type_ = JsonType::kNull;
  bool escaped_ = false;
  int depth_ = 0;
  int depth_max_;
  std::string_view token_;
  std::bitset<kDepthMax> in_object_;  // by depth
};

struct JsonWanted {
  std::string_view key;
  std::optional<JsonSlice>* value;
};

// Reads the members of an object whose kObject the cursor has just read, to its end, and keeps the
// wanted ones. False when it is malformed (the cursor is not ok) or has a wanted key twice: there
// is only one reading of what we act on.
bool ReadMembers(JsonCursor& cursor, std::initializer_list<JsonWanted> wanted);

}  // namespace shunt
