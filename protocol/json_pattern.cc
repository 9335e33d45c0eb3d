#include "protocol/json_pattern.h"

#include <string>
#include <utility>

#include "re2/re2.h"

namespace shunt {
namespace {

// ECMA 262 and RE2 know most things under the same names. Translated are \uXXXX, (?<name> and
// escapes of characters that need none. False: not even that helps.
bool Translate(std::string_view pattern, std::string* out) {
  while (!pattern.empty()) {
    std::size_t taken = 1;
    if (pattern.starts_with("(?<") && !pattern.starts_with("(?<=") &&
        !pattern.starts_with("(?<!")) {
      *out += "(?P<";
      taken = 3;
    } else if (pattern.front() != '\\') {
      *out += pattern.front();
    } else if (pattern.size() == 1) {
      return false;
    } else if (pattern[1] == 'u' && pattern.size() >= 6) {
      *out += "\\x{" + std::string(pattern.substr(2, 4)) + "}";
      taken = 6;
    } else {
      if (pattern[1] != '_') *out += '\\';
      *out += pattern[1];
      taken = 2;
    }
    pattern.remove_prefix(taken);
  }
  return true;
}

std::unique_ptr<RE2> CompileQuietly(const std::string& translated) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  return std::make_unique<RE2>(translated, options);
}

}  // namespace

JsonPattern::JsonPattern(std::unique_ptr<RE2> compiled)
    : compiled_(std::move(compiled)), size_(static_cast<std::size_t>(compiled_->ProgramSize())) {}
JsonPattern::~JsonPattern() = default;

std::unique_ptr<const JsonPattern> JsonPattern::Compile(std::string_view pattern) {
  std::string translated;
  if (pattern.size() > kPatternBytesMax || !Translate(pattern, &translated)) return nullptr;
  std::unique_ptr<RE2> compiled = CompileQuietly(translated);
  if (!compiled->ok()) return nullptr;
  return std::unique_ptr<const JsonPattern>(new JsonPattern(std::move(compiled)));
}

bool JsonPattern::Matches(std::string_view text) const {
  return RE2::PartialMatch({text.data(), text.size()}, *compiled_);
}

bool IsBrokenPattern(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) return false;
  std::string translated;
  if (!Translate(pattern, &translated)) return true;
  const std::unique_ptr<RE2> compiled = CompileQuietly(translated);
  switch (compiled->error_code()) {
    case RE2::ErrorBadEscape: {
      // \1 is a back-reference and \cJ a control character; \Z and \a are nothing.
      const std::string& escape = compiled->error_arg();
      const char letter = escape.size() > 1 ? escape[1] : '\0';
      return !(letter >= '0' && letter <= '9') && letter != 'c' && letter != 'k';
    }
    case RE2::ErrorBadCharRange:
    case RE2::ErrorMissingBracket:
    case RE2::ErrorMissingParen:
    case RE2::ErrorTrailingBackslash:
    case RE2::ErrorRepeatArgument:
      return true;
    default:
      return false;
  }
}

}  // namespace shunt
