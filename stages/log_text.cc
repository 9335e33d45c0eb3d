#include "stages/log_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace shunt {
namespace {

constexpr std::size_t kPrefixBytesMax = 160;  // timestamp, thread and logger before a level
constexpr std::size_t kLevelWordBytesMax = 10;
constexpr std::string_view kBlanks = " \t\r\n";

bool IsAlpha(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<LogLevel> LevelOfWord(std::string_view upper) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 18> kWords = {{
      {"FATAL", LogLevel::kFatal},
      {"CRITICAL", LogLevel::kFatal},
      {"PANIC", LogLevel::kFatal},
      {"EMERG", LogLevel::kFatal},
      {"ALERT", LogLevel::kFatal},
      {"ERROR", LogLevel::kError},
      {"SEVERE", LogLevel::kError},
      {"ERR", LogLevel::kError},
      {"WARN", LogLevel::kWarn},
      {"WARNING", LogLevel::kWarn},
      {"INFO", LogLevel::kInfo},
      {"NOTICE", LogLevel::kInfo},
      {"CONFIG", LogLevel::kInfo},
      {"DEBUG", LogLevel::kDebug},
      {"FINE", LogLevel::kDebug},
      {"TRACE", LogLevel::kTrace},
      {"FINER", LogLevel::kTrace},
      {"FINEST", LogLevel::kTrace},
  }};
  for (const auto& [word, level] : kWords) {
    if (word == upper) return level;
  }
  return std::nullopt;
}

std::optional<LogLevel> LevelOfWordInAnyCase(std::string_view word) {
  if (word.size() > kLevelWordBytesMax) return std::nullopt;
  std::string upper(word);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return LevelOfWord(upper);
}

std::size_t WordEnd(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && IsAlpha(text[end])) ++end;
  return end;
}

// {"level":"info"} and {"severity":"INFO"}, as JSON loggers write.
std::optional<LogLevel> LevelOfObject(std::string_view text) {
  text = text.substr(0, 4 * kPrefixBytesMax);
  for (const std::string_view key : {"\"level\"", "\"severity\""}) {
    std::size_t at = text.find(key);
    if (at == std::string_view::npos) continue;
    at = text.find_first_not_of(" \t:", at + key.size());
    if (at == std::string_view::npos || text[at] != '"') continue;
    return LevelOfWordInAnyCase(text.substr(at + 1, WordEnd(text, at + 1) - at - 1));
  }
  return std::nullopt;
}

// The first word of a line that ends with a colon: "warning:", "ValueError:", "pkg.FooException:".
std::optional<LogLevel> LevelOfFirstWord(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view word = text.substr(0, colon);
  if (word.find_first_of(kBlanks) != std::string_view::npos) return std::nullopt;
  if (word.ends_with("Error") || word.ends_with("Exception")) return LogLevel::kError;
  if (word.ends_with("Warning")) return LogLevel::kWarn;
  return LevelOfWordInAnyCase(word);
}

// A level in capitals that is a word of its own, behind nothing but what loggers put there: a time
// or something in brackets at the beginning.
std::optional<LogLevel> LevelInCapitals(std::string_view text) {
  const bool has_prefix = IsDigit(text[0]) || text[0] == '[' || text[0] == '<' || text[0] == '(';
  const std::string_view prefix = text.substr(0, kPrefixBytesMax);
  for (std::size_t at = 0; at < prefix.size();) {
    if (!IsAlpha(prefix[at])) {
      ++at;
      continue;
    }
    const std::size_t end = WordEnd(text, at);
    const bool alone = (at == 0 || !IsDigit(text[at - 1])) && IsUpper(text[at]) &&
                       (end == text.size() || (!IsDigit(text[end]) && text[end] != '_'));
    if (alone && end - at <= kLevelWordBytesMax) {
      const auto level = LevelOfWord(text.substr(at, end - at));
      if (level) return level;
    }
    if (!has_prefix) return std::nullopt;
    at = end;
  }
  return std::nullopt;
}

bool IsOneOf(char c, std::string_view of) { return of.find(c) != std::string_view::npos; }

// Whether a quote, escaped or not, ends right before `at`, or begins right at it.
bool QuoteBefore(std::string_view text, std::size_t at) {
  return at > 0 && IsOneOf(text[at - 1], "\"'");
}
std::size_t AfterQuote(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == '\\') ++at;
  return at < text.size() && IsOneOf(text[at], "\"'") ? at + 1 : std::string_view::npos;
}

}  // namespace

std::optional<LogLevel> GuessLogLevel(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  if (text[0] == '{') return LevelOfObject(text);
  for (const std::string_view error :
       {"Traceback (most recent call last)", "Exception in thread", "Caused by:"}) {
    if (text.starts_with(error)) return LogLevel::kError;
  }
  if (const auto level = LevelInCapitals(text)) return level;
  return LevelOfFirstWord(text);
}

bool IsContinuation(std::string_view text) {
  return !text.empty() && (text[0] == ' ' || text[0] == '\t');
}

std::optional<LogLevel> PeekLogLevel(std::string_view log_message) {
  constexpr std::string_view kKey = "\"level\"";
  std::size_t at = log_message.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  at = log_message.find_first_not_of(" \t:", at + kKey.size());
  if (at == std::string_view::npos || log_message[at] != '"') return std::nullopt;
  const std::size_t end = WordEnd(log_message, at + 1);
  if (end >= log_message.size() || log_message[end] != '"') return std::nullopt;
  return LevelOfWord(log_message.substr(at + 1, end - at - 1));
}

bool QuotesRecord(std::string_view text) {
  // The word stands in quotes, and as a value of "type" or in front of an object.
  for (const std::string_view word : {"RECORD", "record"}) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
      const std::size_t after = AfterQuote(text, at + word.size());
      if (!QuoteBefore(text, at) || after == std::string_view::npos) continue;
      if (word == "RECORD") {
        if (text.find("type") != std::string_view::npos) return true;
        continue;
      }
      const std::size_t colon = text.find_first_not_of(kBlanks, after);
      if (colon == std::string_view::npos || text[colon] != ':') continue;
      const std::size_t value = text.find_first_not_of(kBlanks, colon + 1);
      if (value != std::string_view::npos && text[value] == '{') return true;
    }
  }
  return false;
}

}  // namespace shunt
