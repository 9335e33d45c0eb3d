// JsonGrammar: RFC 8259 and UTF-8 for one object, byte by byte, over any split of the input, in
// constant memory. It reads what the block scanner cannot: lines longer than a block, and objects
// that stand behind text. Numbers and escapes are checked by syntax only.
//
// A handler hears of containers, of strings it wants to see, and of scalars:
//   void OnOpen(bool object)            depth() counts it already
//   void OnClose(bool object)           depth() does not count it any more
//   bool WantsString(bool key)          asked at the opening quote
//   void OnString(bool key, std::string_view raw, bool too_long)   wanted strings, at their end;
//                                       escapes untouched; cut at kNameBytesMax when too_long
//   void OnScalar(JsonKind kind)        every value that is no container, at its first byte
// Keys are strings with key == true. Wanted string values cause both OnScalar and OnString.
//
// Threads: one at a time. Errors: status(). Bounds: depth kDepthMax; kNameBytesMax of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.h"
#include "protocol/json_lexemes.h"
#include "protocol/limits.h"
#include "protocol/token_walk.h"

namespace shunt {

// How many bytes of [p, end) are plain ASCII string content: no quote, backslash, control, no
// byte above 0x7F. Never reads behind `end`.
std::size_t CountPlain(const char* p, const char* end);

// Follows UTF-8 sequences beyond ASCII.
class Utf8Tracker {
 public:
  bool inside() const { return need_ > 0; }
  // False when `byte` cannot begin a sequence. REQUIRES: !inside(), byte >= 0x80.
  bool Begin(uint8_t byte);
  // False when `byte` cannot continue it. REQUIRES: inside().
  bool Continue(uint8_t byte) {
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    --need_;
    return true;
  }
  void Reset() { need_ = 0; }

 private:
  uint8_t need_ = 0;
  uint8_t low_ = 0x80;
  uint8_t high_ = 0xBF;
};

template <class Handler>
class JsonGrammar {
 public:
  enum class Status : uint8_t { kMore, kDone, kError };

  explicit JsonGrammar(Handler* handler) : handler_(handler) { Reset(); }
  void Reset();

  // Reads until the object ends, an error, or the end of the bytes; returns how many bytes were
  // taken. The byte in error is not. The first byte ever must be `{`.
  std::size_t Feed(std::string_view bytes);

  Status status() const { return status_; }
  int depth() const { return walk_.depth; }
  // Bytes taken before the one that is being read.
  uint64_t position() const { return base_ + static_cast<uint64_t>(at_ - begin_); }
  // After an error: the byte in error stands where a token is expected, and the token before it was
  // the end of an object, or a string.
  bool failed_behind_object() const { return status_ == Status::kError && last_ == Last::kObject; }
  bool failed_behind_string() const { return status_ == Status::kError && last_ == Last::kString; }
  // The same while more is expected: the bytes ended there.
  bool behind_object() const { return lex_ == Lex::kToken && last_ == Last::kObject; }

  // Whether only the grammar matters at this point: the handler will hear nothing until the
  // container at kSkimFloor is closed, provided that it wants no keys from inside there.
  static constexpr int kSkimFloor = 3;
  bool can_skim() const {
    return status_ == Status::kMore && lex_ == Lex::kToken && walk_.depth >= kSkimFloor;
  }
  bool in_string() const { return lex_ == Lex::kString; }
  bool in_token() const { return lex_ != Lex::kToken; }
  // Instead of Feed(): takes tokens of an index as WalkTokens does. The caller vouches for strings
  // and skips the bytes up to the token returned. Null: broken somewhere, and nothing was taken.
  const uint32_t* Skim(const char* base, const char* end, const uint32_t* token,
                       const uint32_t* last);

  // From now on, until the innermost open container is closed: only strings, brackets and UTF-8.
  void Relax() { relaxed_depth_ = walk_.depth; }

 private:
  enum class Lex : uint8_t { kToken, kString, kEscape, kHex, kLiteral, kNumber, kBare };
  using Expect = ExpectToken;
  enum class Number : uint8_t { kMinus, kZero, kInteger, kPoint, kFraction, kE, kESign, kExponent };
  enum class Last : uint8_t { kObject, kString, kOtherToken };

  bool Step();  // reads at least one byte, or ends a number; false: error
  bool Token(char c);
  bool RelaxedToken(char c);
  bool Bare(char c);
  bool Open(bool object);
  bool Close(bool object);
  bool BeginString(bool key);
  bool String();
  void Keep(const char* from, const char* to);
  bool BeginValue(char c);
  bool LiteralByte(char c);
  bool NumberByte(char c);
  bool relaxed() const { return walk_.depth >= relaxed_depth_; }
  bool in_object() const { return walk_.objects[static_cast<std::size_t>(walk_.depth)]; }
  bool Accept(Lex next) {
    lex_ = next;
    ++at_;
    return true;
  }

  Handler* handler_;
  Status status_ = Status::kMore;
  Lex lex_ = Lex::kToken;
  Number number_ = Number::kMinus;
  Last last_ = Last::kOtherToken;
  bool key_ = false;       // the string being read is a key
  bool keep_ = false;      // ... and is wanted
  bool too_long_ = false;  // ... and did not fit
  uint8_t hex_left_ = 0;
  int relaxed_depth_ = kDepthMax + 1;
  const char* literal_ = "";  // what is left of it
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  uint64_t base_ = 0;
  Utf8Tracker utf8_;
  std::string kept_;
  TokenWalk walk_;
};

template <class Handler>
void JsonGrammar<Handler>::Reset() {
  status_ = Status::kMore;
  lex_ = Lex::kToken;
  walk_.expect = Expect::kStart;
  last_ = Last::kOtherToken;
  walk_.depth = 0;
  relaxed_depth_ = kDepthMax + 1;
  begin_ = at_ = end_ = nullptr;
  base_ = 0;
  utf8_.Reset();
}

template <class Handler>
std::size_t JsonGrammar<Handler>::Feed(std::string_view bytes) {
  begin_ = at_ = bytes.data();
  end_ = begin_ + bytes.size();
  while (at_ != end_ && status_ == Status::kMore) {
    if (!Step()) status_ = Status::kError;
  }
  const std::size_t taken = static_cast<std::size_t>(at_ - begin_);
  base_ += taken;
  begin_ = at_;
  return taken;
}

template <class Handler>
const uint32_t* JsonGrammar<Handler>::Skim(const char* base, const char* end, const uint32_t* token,
                                           const uint32_t* last) {
  const TokenWalk before = walk_;
  const uint32_t* const behind = relaxed()
                                     ? WalkTokensRelaxed(base, end, token, last, kSkimFloor, &walk_)
                                     : WalkTokens(base, end, token, last, kSkimFloor, &walk_);
  if (behind == nullptr) walk_ = before;
  last_ = Last::kOtherToken;
  return behind;
}

template <class Handler>
bool JsonGrammar<Handler>::Step() {
  const char c = *at_;
  switch (lex_) {
    case Lex::kToken:
      return relaxed() ? RelaxedToken(c) : Token(c);
    case Lex::kString:
      return String();
    case Lex::kEscape:
      Keep(at_, at_ + 1);
      if (c == 'u') {
        hex_left_ = 4;
        return Accept(Lex::kHex);
      }
      return In(kSimpleEscape, c) && Accept(Lex::kString);
    case Lex::kHex:
      Keep(at_, at_ + 1);
      return In(kHexDigit, c) && Accept(--hex_left_ == 0 ? Lex::kString : Lex::kHex);
    case Lex::kLiteral:
      return LiteralByte(c);
    case Lex::kNumber:
      return NumberByte(c);
    case Lex::kBare:
      return Bare(c);
  }
  return false;
}

template <class Handler>
bool JsonGrammar<Handler>::Token(char c) {
  if (IsBlank(c)) return Accept(Lex::kToken);
  switch (walk_.expect) {
    case Expect::kStart:
      return c == '{' && Open(true);
    case Expect::kKeyOrEnd:
      if (c == '}') return Close(true);
      [[fallthrough]];
    case Expect::kKey:
      return c == '"' && BeginString(true);
    case Expect::kColon:
      if (c != ':') return false;
      last_ = Last::kOtherToken;
      walk_.expect = Expect::kValue;
      return Accept(Lex::kToken);
    case Expect::kValueOrEnd:
      if (c == ']') return Close(false);
      [[fallthrough]];
    case Expect::kValue:
      return BeginValue(c);
    case Expect::kNext:
      if (c == '}' || c == ']') return in_object() == (c == '}') && Close(c == '}');
      if (c != ',') return false;
      last_ = Last::kOtherToken;
      walk_.expect = in_object() ? Expect::kKey : Expect::kValue;
      return Accept(Lex::kToken);
  }
  return false;
}

// Commas, colons, numbers and literals are not looked at. In a bare word, or right behind it, a
// quote, a backslash and a byte beyond ASCII are errors, because the scanners we use differ about
// them.
template <class Handler>
bool JsonGrammar<Handler>::RelaxedToken(char c) {
  switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ',':
    case ':':
      return Accept(Lex::kToken);
    case '{':
    case '[':
      return Open(c == '{');
    case '}':
    case ']':
      return in_object() == (c == '}') && Close(c == '}');
    case '"':
      return BeginString(false);
    default:
      lex_ = Lex::kBare;
      return Bare(c);
  }
}

template <class Handler>
bool JsonGrammar<Handler>::Bare(char c) {
  if (In(kEndsScalar, c)) {
    lex_ = Lex::kToken;
    return true;
  }
  return c != '"' && c != '\\' && static_cast<unsigned char>(c) < 0x80 && Accept(Lex::kBare);
}

template <class Handler>
bool JsonGrammar<Handler>::Open(bool object) {
  if (walk_.depth == kDepthMax) return false;
  ++walk_.depth;
  walk_.objects[static_cast<std::size_t>(walk_.depth)] = object;
  last_ = Last::kOtherToken;
  walk_.expect = object ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
  handler_->OnOpen(object);
  return Accept(Lex::kToken);
}

template <class Handler>
bool JsonGrammar<Handler>::Close(bool object) {
  --walk_.depth;
  if (walk_.depth < relaxed_depth_) relaxed_depth_ = kDepthMax + 1;
  last_ = object ? Last::kObject : Last::kOtherToken;
  walk_.expect = Expect::kNext;
  handler_->OnClose(object);
  if (walk_.depth == 0) status_ = Status::kDone;
  return Accept(Lex::kToken);
}

template <class Handler>
bool JsonGrammar<Handler>::BeginString(bool key) {
  key_ = key;
  keep_ = !relaxed() && handler_->WantsString(key);
  too_long_ = false;
  kept_.clear();
  last_ = Last::kOtherToken;
  return Accept(Lex::kString);
}

template <class Handler>
void JsonGrammar<Handler>::Keep(const char* from, const char* to) {
  if (!keep_) return;
  std::size_t size = static_cast<std::size_t>(to - from);
  if (size > kNameBytesMax - kept_.size()) {
    too_long_ = true;
    size = kNameBytesMax - kept_.size();
  }
  kept_.append(from, size);
}

// Reads string content up to the end of the string, of the bytes, or an escape's letter.
template <class Handler>
bool JsonGrammar<Handler>::String() {
  const char* from = at_;
  for (; at_ != end_; ++at_) {
    const uint8_t byte = static_cast<uint8_t>(*at_);
    if (utf8_.inside()) {
      if (!utf8_.Continue(byte)) return false;
    } else if (byte >= 0x80) {
      if (!utf8_.Begin(byte)) return false;
    } else if (byte == '"' || byte == '\\') {
      break;
    } else if (byte < 0x20) {
      return false;
    } else {
      const std::size_t plain = CountPlain(at_, end_);
      at_ += plain - 1;
    }
  }
  if (at_ == end_) {
    Keep(from, at_);
    return true;
  }
  if (*at_ == '\\') {
    Keep(from, at_ + 1);
    lex_ = Lex::kEscape;
    ++at_;
    return true;
  }
  Keep(from, at_);
  last_ = Last::kString;
  if (!relaxed()) walk_.expect = key_ ? Expect::kColon : Expect::kNext;
  if (keep_) handler_->OnString(key_, kept_, too_long_);
  return Accept(Lex::kToken);
}

template <class Handler>
bool JsonGrammar<Handler>::BeginValue(char c) {
  const JsonKind kind = JsonKindOf(c);
  switch (kind) {
    case JsonKind::kAbsent:
      return false;
    case JsonKind::kObject:
    case JsonKind::kArray:
      return Open(kind == JsonKind::kObject);
    case JsonKind::kString:
      handler_->OnScalar(kind);
      return BeginString(false);
    case JsonKind::kNumber:
      number_ = c == '-' ? Number::kMinus : c == '0' ? Number::kZero : Number::kInteger;
      break;
    case JsonKind::kNull:
    case JsonKind::kBool:
      literal_ = c == 'n' ? "ull" : c == 't' ? "rue" : "alse";
      break;
  }
  handler_->OnScalar(kind);
  last_ = Last::kOtherToken;
  walk_.expect = Expect::kNext;
  return Accept(kind == JsonKind::kNumber ? Lex::kNumber : Lex::kLiteral);
}

template <class Handler>
bool JsonGrammar<Handler>::LiteralByte(char c) {
  if (*literal_ != '\0') return c == *literal_++ && Accept(Lex::kLiteral);
  lex_ = Lex::kToken;
  return In(kEndsScalar, c);
}

template <class Handler>
bool JsonGrammar<Handler>::NumberByte(char c) {
  const bool digit = IsDigit(c);
  const auto go = [this](Number next) {
    number_ = next;
    return Accept(Lex::kNumber);
  };
  switch (number_) {
    case Number::kMinus:
      return digit && go(c == '0' ? Number::kZero : Number::kInteger);
    case Number::kInteger:
      if (digit) return go(Number::kInteger);
      [[fallthrough]];
    case Number::kZero:
      if (c == '.') return go(Number::kPoint);
      if ((c | 0x20) == 'e') return go(Number::kE);
      break;
    case Number::kPoint:
      return digit && go(Number::kFraction);
    case Number::kFraction:
      if (digit) return go(Number::kFraction);
      if ((c | 0x20) == 'e') return go(Number::kE);
      break;
    case Number::kE:
      if (c == '+' || c == '-') return go(Number::kESign);
      [[fallthrough]];
    case Number::kESign:
      return digit && go(Number::kExponent);
    case Number::kExponent:
      if (digit) return go(Number::kExponent);
      break;
  }
  lex_ = Lex::kToken;
  return In(kEndsScalar, c);
}

}  // namespace shunt
