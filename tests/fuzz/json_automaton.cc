#include "tests/fuzz/json_automaton.h"

#include <array>

namespace shunt::fuzz {
namespace {

constexpr std::size_t kOpenMax = 1024;

// ---- classes of bytes ---------------------------------------------------------------------------

// Bytes of one class are alike in every state. A class is named by any byte of it.
struct Range {
  int first, last;
};
constexpr Range kClasses[] = {
    {0x00, 0x08}, {'\t', '\n'}, {0x0B, 0x0C}, {'\r', '\r'}, {0x0E, 0x1F}, {' ', ' '},
    {'!', '!'},   {'"', '"'},   {'#', '*'},   {'+', '+'},   {',', ','},   {'-', '-'},
    {'.', '.'},   {'/', '/'},   {'0', '0'},   {'1', '9'},   {':', ':'},   {';', '@'},
    {'A', 'D'},   {'E', 'E'},   {'F', 'F'},   {'G', 'Z'},   {'[', '['},   {'\\', '\\'},
    {']', ']'},   {'^', '`'},   {'a', 'a'},   {'b', 'b'},   {'c', 'd'},   {'e', 'e'},
    {'f', 'f'},   {'g', 'k'},   {'l', 'l'},   {'m', 'm'},   {'n', 'n'},   {'o', 'q'},
    {'r', 'r'},   {'s', 's'},   {'t', 't'},   {'u', 'u'},   {'v', 'z'},   {'{', '{'},
    {'|', '|'},   {'}', '}'},   {'~', 0x7F},  {0x80, 0x8F}, {0x90, 0x9F}, {0xA0, 0xBF},
    {0xC0, 0xC1}, {0xC2, 0xDF}, {0xE0, 0xE0}, {0xE1, 0xEC}, {0xED, 0xED}, {0xEE, 0xEF},
    {0xF0, 0xF0}, {0xF1, 0xF3}, {0xF4, 0xF4}, {0xF5, 0xFF}};
constexpr std::size_t kClassCount = sizeof kClasses / sizeof kClasses[0];

constexpr std::array<uint8_t, 256> MakeClassOf() {
  std::array<uint8_t, 256> class_of{};
  for (std::size_t i = 0; i < kClassCount; ++i) {
    for (int byte = kClasses[i].first; byte <= kClasses[i].last; ++byte) {
      class_of[static_cast<std::size_t>(byte)] = static_cast<uint8_t>(i);
    }
  }
  return class_of;
}
constexpr auto kClassOf = MakeClassOf();

// ---- states -------------------------------------------------------------------------------------

enum State : uint8_t {
  kDead,  // what the table holds where nothing is said
  // Between tokens.
  kValue,
  kValueOrEnd,
  kKey,
  kKeyOrEnd,
  kColon,
  kAfter,  // behind a value
  // In a string.
  kString,
  kEscape,
  kHex4,
  kHex3,
  kHex2,
  kHex1,
  kTail3,
  kTail2,
  kTail1,
  kBehindE0,
  kBehindED,
  kBehindF0,
  kBehindF4,
  // In a number.
  kMinus,
  kZero,
  kInteger,
  kPoint,
  kFraction,
  kE,
  kSign,
  kExponent,
  // In a word.
  kT,
  kTr,
  kTru,
  kF,
  kFa,
  kFal,
  kFals,
  kN,
  kNu,
  kNul,
  kStateCount,
  // What the stack is asked for instead of a next state.
  kOpenObject,
  kOpenArray,
  kCloseObject,
  kCloseArray,
  kComma,
  kEndString,
  kEndWord,
};

struct Rule {
  State from;
  std::string_view bytes;  // a byte of each class
  State to;
};

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kHexes = "01AEFabcef";
// A byte of each class that stands for itself in a string.
constexpr std::string_view kPlain = " !#+,-./01:;AEFG[]^abcefglmnorstuv{|}~";

constexpr Rule kRules[] = {
    {kValue, kBlanks, kValue},
    {kValue, "{", kOpenObject},
    {kValue, "[", kOpenArray},
    {kValue, "\"", kString},
    {kValue, "-", kMinus},
    {kValue, "0", kZero},
    {kValue, "1", kInteger},
    {kValue, "t", kT},
    {kValue, "f", kF},
    {kValue, "n", kN},
    {kValueOrEnd, kBlanks, kValueOrEnd},
    {kValueOrEnd, "{", kOpenObject},
    {kValueOrEnd, "[", kOpenArray},
    {kValueOrEnd, "]", kCloseArray},
    {kValueOrEnd, "\"", kString},
    {kValueOrEnd, "-", kMinus},
    {kValueOrEnd, "0", kZero},
    {kValueOrEnd, "1", kInteger},
    {kValueOrEnd, "t", kT},
    {kValueOrEnd, "f", kF},
    {kValueOrEnd, "n", kN},
    {kKey, kBlanks, kKey},
    {kKey, "\"", kString},
    {kKeyOrEnd, kBlanks, kKeyOrEnd},
    {kKeyOrEnd, "\"", kString},
    {kKeyOrEnd, "}", kCloseObject},
    {kColon, kBlanks, kColon},
    {kColon, ":", kValue},
    {kAfter, kBlanks, kAfter},
    {kAfter, ",", kComma},
    {kAfter, "}", kCloseObject},
    {kAfter, "]", kCloseArray},

    {kString, kPlain, kString},
    {kString, "\"", kEndString},
    {kString, "\\", kEscape},
    {kString, "\xC2", kTail1},
    {kString, "\xE0", kBehindE0},
    {kString, "\xE1\xEE", kTail2},
    {kString, "\xED", kBehindED},
    {kString, "\xF0", kBehindF0},
    {kString, "\xF1", kTail3},
    {kString, "\xF4", kBehindF4},
    {kEscape, "\"\\/bfnrt", kString},
    {kEscape, "u", kHex4},
    {kHex4, kHexes, kHex3},
    {kHex3, kHexes, kHex2},
    {kHex2, kHexes, kHex1},
    {kHex1, kHexes, kString},
    {kTail3, "\x80\x90\xA0", kTail2},
    {kTail2, "\x80\x90\xA0", kTail1},
    {kTail1, "\x80\x90\xA0", kString},
    {kBehindE0, "\xA0", kTail1},      // not overlong
    {kBehindED, "\x80\x90", kTail1},  // no surrogate
    {kBehindF0, "\x90\xA0", kTail2},  // not overlong
    {kBehindF4, "\x80", kTail2},      // at most U+10FFFF

    {kMinus, "0", kZero},
    {kMinus, "1", kInteger},
    {kZero, ".", kPoint},
    {kZero, "eE", kE},
    {kInteger, "01", kInteger},
    {kInteger, ".", kPoint},
    {kInteger, "eE", kE},
    {kPoint, "01", kFraction},
    {kFraction, "01", kFraction},
    {kFraction, "eE", kE},
    {kE, "+-", kSign},
    {kE, "01", kExponent},
    {kSign, "01", kExponent},
    {kExponent, "01", kExponent},

    {kT, "r", kTr},
    {kTr, "u", kTru},
    {kTru, "e", kEndWord},
    {kF, "a", kFa},
    {kFa, "l", kFal},
    {kFal, "s", kFals},
    {kFals, "e", kEndWord},
    {kN, "u", kNu},
    {kNu, "l", kNul},
    {kNul, "l", kEndWord},
};

using Table = std::array<std::array<State, kClassCount>, kStateCount>;

constexpr Table MakeTable() {
  Table table{};
  for (const Rule& rule : kRules) {
    for (const char byte : rule.bytes) {
      table[rule.from][kClassOf[static_cast<uint8_t>(byte)]] = rule.to;
    }
  }
  return table;
}
constexpr Table kTable = MakeTable();

State Next(State state, char byte) { return kTable[state][kClassOf[static_cast<uint8_t>(byte)]]; }
bool BetweenTokens(State state) { return state <= kAfter; }
bool IsWholeNumber(State state) {
  return state == kZero || state == kInteger || state == kFraction || state == kExponent;
}

}  // namespace

std::optional<std::vector<JsonToken>> ReadTokens(std::string_view text) {
  using Kind = JsonToken::Kind;
  std::vector<JsonToken> tokens;
  std::vector<char> open;
  State state = kValue;
  bool key = false;
  std::size_t begin = 0;  // of the token that is being read
  for (std::size_t i = 0; i < text.size(); ++i) {
    State next = Next(state, text[i]);
    if (next == kDead && IsWholeNumber(state)) {
      tokens.push_back({Kind::kNumber, text.substr(begin, i - begin)});
      state = kAfter;
      next = Next(state, text[i]);
    }
    switch (next) {
      case kDead:
        return std::nullopt;
      case kOpenObject:
      case kOpenArray:
        if (open.size() == kOpenMax) return std::nullopt;
        open.push_back(text[i]);
        tokens.push_back(
            {next == kOpenObject ? Kind::kOpenObject : Kind::kOpenArray, text.substr(i, 1)});
        state = next == kOpenObject ? kKeyOrEnd : kValueOrEnd;
        break;
      case kCloseObject:
      case kCloseArray:
        if (open.empty() || open.back() != (next == kCloseObject ? '{' : '[')) return std::nullopt;
        open.pop_back();
        tokens.push_back(
            {next == kCloseObject ? Kind::kCloseObject : Kind::kCloseArray, text.substr(i, 1)});
        state = kAfter;
        break;
      case kComma:
        if (open.empty()) return std::nullopt;
        state = open.back() == '{' ? kKey : kValue;
        break;
      case kEndString:
        tokens.push_back({key ? Kind::kKey : Kind::kString, text.substr(begin, i - begin)});
        state = key ? kColon : kAfter;
        break;
      case kEndWord:
        tokens.push_back({Kind::kWord, text.substr(begin, i + 1 - begin)});
        state = kAfter;
        break;
      default:
        if (BetweenTokens(state) && !BetweenTokens(next)) {
          key = state == kKey || state == kKeyOrEnd;
          begin = next == kString ? i + 1 : i;
        }
        state = next;
    }
  }
  if (IsWholeNumber(state)) {
    tokens.push_back({Kind::kNumber, text.substr(begin)});
    state = kAfter;
  }
  if (state != kAfter || !open.empty()) return std::nullopt;
  return tokens;
}

}  // namespace shunt::fuzz
