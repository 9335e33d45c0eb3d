#include "protocol/json_cursor.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "protocol/json_number.h"
#include "protocol/json_text.h"

namespace shunt {
namespace {

static_assert(std::endian::native == std::endian::little,
              "FindSpecial counts bytes from the low end");

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

bool IsShortEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

// The first quote, backslash or control character in [p, end), eight bytes at a time. In each of
// the three tests the lowest byte that is marked is right; a borrow can only mark bytes above it.
const char* FindSpecial(const char* p, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  while (end - p >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    const uint64_t quote = word ^ (kOnes * '"');
    const uint64_t backslash = word ^ (kOnes * '\\');
    const uint64_t found = (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                            ((word - kOnes * 0x20) & ~word)) &
                           kHighBits;
    if (found != 0) return p + (std::countr_zero(found) >> 3);
    p += 8;
  }
  while (p != end && *p != '"' && *p != '\\' && static_cast<uint8_t>(*p) >= 0x20) ++p;
  return p;
}

}  // namespace

JsonCursor::JsonCursor(std::string_view text, int around)
    : p_(text.data()), end_(text.data() + text.size()), depth_max_(kDepthMax - around) {}

JsonCursor::Event JsonCursor::Fail() {
  expect_ = Expect::kFailed;
  return Emit(Event::kError);
}

void JsonCursor::SkipBlanks() {
  while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
}

JsonCursor::Event JsonCursor::Next() {
  SkipBlanks();
  switch (expect_) {
    case Expect::kFailed:
      return Emit(Event::kError);
    case Expect::kValue:
      return ReadValue();
    case Expect::kFirstInObject:
      return p_ != end_ && *p_ == '}' ? ReadClose('}') : ReadKey();
    case Expect::kFirstInArray:
      return p_ != end_ && *p_ == ']' ? ReadClose(']') : ReadValue();
    case Expect::kMore:
      break;
  }
  if (depth_ == 0) return p_ == end_ ? Emit(Event::kEnd) : Fail();
  if (p_ == end_) return Fail();
  if (*p_ != ',') return ReadClose(*p_);
  ++p_;
  SkipBlanks();
  return in_object_[static_cast<std::size_t>(depth_ - 1)] ? ReadKey() : ReadValue();
}

JsonCursor::Event JsonCursor::ReadKey() {
  if (p_ == end_ || *p_ != '"' || !ReadString()) return Fail();
  token_ = token_.substr(1, token_.size() - 2);
  SkipBlanks();
  if (p_ == end_ || *p_ != ':') return Fail();
  ++p_;
  expect_ = Expect::kValue;
  return Emit(Event::kKey);
}

JsonCursor::Event JsonCursor::ReadValue() {
  if (p_ == end_) return Fail();
  bool good = false;
  switch (*p_) {
    case '{':
      return Open(Event::kObject, JsonType::kObject);
    case '[':
      return Open(Event::kArray, JsonType::kArray);
    case '"':
      type_ = JsonType::kString;
      good = ReadString();
      break;
    case 't':
      type_ = JsonType::kTrue;
      good = ReadWord("true");
      break;
    case 'f':
      type_ = JsonType::kFalse;
      good = ReadWord("false");
      break;
    case 'n':
      type_ = JsonType::kNull;
      good = ReadWord("null");
      break;
    default:
      type_ = JsonType::kNumber;
      good = ReadNumber();
  }
  if (!good) return Fail();
  expect_ = Expect::kMore;
  return Emit(Event::kScalar);
}

JsonCursor::Event JsonCursor::Open(Event event, JsonType type) {
  if (depth_ == depth_max_) return Fail();
  const bool object = type == JsonType::kObject;
  in_object_[static_cast<std::size_t>(depth_++)] = object;
  type_ = type;
  token_ = std::string_view(p_++, 1);
  expect_ = object ? Expect::kFirstInObject : Expect::kFirstInArray;
  return Emit(event);
}

JsonCursor::Event JsonCursor::ReadClose(char bracket) {
  const bool object = in_object_[static_cast<std::size_t>(depth_ - 1)];
  if (bracket != (object ? '}' : ']')) return Fail();
  ++p_;
  --depth_;
  expect_ = Expect::kMore;
  return Emit(object ? Event::kObjectEnd : Event::kArrayEnd);
}

// From the opening quote to behind the closing one.
bool JsonCursor::ReadString() {
  const char* const begin = p_;
  const char* p = p_ + 1;
  escaped_ = false;
  while (true) {
    p = FindSpecial(p, end_);
    if (p == end_ || static_cast<uint8_t>(*p) < 0x20) return false;
    if (*p == '"') break;
    escaped_ = true;
    if (end_ - p < 2) return false;
    if (p[1] == 'u') {
      if (end_ - p < 6 || !IsHex(p[2]) || !IsHex(p[3]) || !IsHex(p[4]) || !IsHex(p[5]))
        return false;
      p += 6;
    } else {
      if (!IsShortEscape(p[1])) return false;
      p += 2;
    }
  }
  p_ = p + 1;
  token_ = std::string_view(begin, static_cast<std::size_t>(p_ - begin));
  return true;
}

bool JsonCursor::ReadNumber() {
  const char* const begin = p_;
  const char* p = p_;
  const auto digits = [&] {
    const char* const first = p;
    while (p != end_ && IsDigit(*p)) ++p;
    return p != first;
  };
  if (*p == '-') ++p;
  if (p != end_ && *p == '0') {
    ++p;
  } else if (!digits()) {
    return false;
  }
  if (p != end_ && *p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p != end_ && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end_ && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  p_ = p;
  token_ = std::string_view(begin, static_cast<std::size_t>(p_ - begin));
  return true;
}

bool JsonCursor::ReadWord(std::string_view word) {
  if (static_cast<std::size_t>(end_ - p_) < word.size()) return false;
  if (std::memcmp(p_, word.data(), word.size()) != 0) return false;
  token_ = std::string_view(p_, word.size());
  p_ += word.size();
  return true;
}

std::optional<JsonSlice> JsonCursor::Value() {
  Next();
  return Rest();
}

std::optional<JsonSlice> JsonCursor::Rest() {
  if (last_ == Event::kScalar) return JsonSlice{type_, token_};
  if (last_ != Event::kObject && last_ != Event::kArray) return std::nullopt;
  const JsonType type = type_;
  const char* const begin = token_.data();
  const int outside = depth_ - 1;
  while (depth_ > outside) {
    if (Next() == Event::kError) return std::nullopt;
  }
  return JsonSlice{type, {begin, static_cast<std::size_t>(p_ - begin)}};
}

bool JsonCursor::Finish() {
  while (true) {
    const Event event = Next();
    if (event == Event::kEnd) return true;
    if (event == Event::kError) return false;
  }
}

bool ReadMembers(JsonCursor& cursor, std::initializer_list<JsonWanted> wanted) {
  bool twice = false;
  while (cursor.NextKey()) {
    std::optional<JsonSlice>* slot = nullptr;
    for (const JsonWanted& member : wanted) {
      if (cursor.KeyIs(member.key)) slot = member.value;
    }
    const std::optional<JsonSlice> value = cursor.Value();
    if (slot == nullptr) continue;
    twice = twice || slot->has_value();
    *slot = value;
  }
  return cursor.ok() && !twice;
}

std::optional<JsonSlice> ParseJson(std::string_view text) {
  if (!IsUtf8(text)) return std::nullopt;
  JsonCursor cursor(text);
  const std::optional<JsonSlice> slice = cursor.Value();
  if (!slice || cursor.Next() != JsonCursor::Event::kEnd) return std::nullopt;
  return slice;
}

std::optional<std::vector<JsonMember>> JsonMembers(JsonSlice object) {
  JsonCursor cursor(object.text);
  if (cursor.Next() != JsonCursor::Event::kObject) return std::nullopt;
  std::vector<JsonMember> members;
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    const std::optional<JsonSlice> value = cursor.Value();
    if (!value) return std::nullopt;
    members.push_back({key, *value});
  }
  if (!cursor.Finish()) return std::nullopt;
  return members;
}

std::optional<std::vector<JsonSlice>> JsonElements(JsonSlice array) {
  JsonCursor cursor(array.text);
  if (cursor.Next() != JsonCursor::Event::kArray) return std::nullopt;
  std::vector<JsonSlice> elements;
  while (cursor.Next() != JsonCursor::Event::kArrayEnd) {
    const std::optional<JsonSlice> element = cursor.Rest();
    if (!element) return std::nullopt;
    elements.push_back(*element);
  }
  if (!cursor.Finish()) return std::nullopt;
  return elements;
}

std::optional<JsonSlice> JsonFind(JsonSlice object, std::string_view key) {
  JsonCursor cursor(object.text);
  if (cursor.Next() != JsonCursor::Event::kObject) return std::nullopt;
  while (cursor.NextKey()) {
    const bool found = cursor.KeyIs(key);
    const std::optional<JsonSlice> value = cursor.Value();
    if (found || !value) return value;
  }
  return std::nullopt;
}

bool JsonKeyIs(std::string_view raw_key, std::string_view key) {
  if (raw_key.find('\\') == std::string_view::npos) return raw_key == key;
  UnescapedPieces pieces(raw_key);
  std::string_view piece;
  while (pieces.Next(&piece)) {
    if (!key.starts_with(piece)) return false;
    key.remove_prefix(piece.size());
  }
  return key.empty() && pieces.complete();
}

std::optional<std::string> JsonUnescape(std::string_view raw) {
  std::string text;
  if (!AppendUnescaped(raw, LoneSurrogate::kReject, &text)) return std::nullopt;
  return text;
}

std::optional<std::string> JsonString(JsonSlice string) {
  const std::string_view text = string.text;
  if (!string.is_string() || text.size() < 2) return std::nullopt;
  return JsonUnescape(text.substr(1, text.size() - 2));
}

std::string JsonQuote(std::string_view text) {
  std::string quoted;
  quoted.reserve(text.size() + 2);
  AppendQuoted(text, LoneSurrogate::kReplace, &quoted);
  return quoted;
}

std::optional<double> JsonDouble(JsonSlice number) {
  if (!number.is_number()) return std::nullopt;
  const char* const begin = number.text.data();
  const char* const end = begin + number.text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc::result_out_of_range) {
    // from_chars does not say in which direction.
    const std::optional<Decimal> decimal = ParseDecimal(number.text);
    if (!decimal || !decimal->is_tiny()) return std::nullopt;
    return decimal->negative ? -0.0 : 0.0;
  }
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<int64_t> JsonInt64(JsonSlice number) {
  if (!number.is_number()) return std::nullopt;
  const std::optional<Decimal> decimal = ParseDecimal(number.text);
  if (!decimal) return std::nullopt;
  return decimal->ToInt64();
}

}  // namespace shunt
