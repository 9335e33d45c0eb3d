#include "secrets/credential_shapes.h"

#include <re2/re2.h>

#include "platform/check.h"

namespace shunt {
namespace {

struct Shape {
  const char* pattern;
  const char* replacement;
};

// Order matters: a block before the tokens in it. Values end at blanks, quotes and separators.
constexpr Shape kShapes[] = {
    {R"re((?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$))re", "**********"},
    {R"re(\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?)re", "**********"},
    {R"re(([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#@"'\\]+@)re", R"(\1**********@)"},
    {R"re((?i)\b(bearer\s+)[A-Za-z0-9._~+/-]{8,}=*)re", R"(\1**********)"},
    // Enough characters for "user:password", and a digit, capital or padding: not "basic settings".
    {R"re(\b([Bb]asic\s+|BASIC\s+)(?:[A-Za-z0-9+/]{8,}={1,2}|[A-Za-z+/]*[a-z][A-Z][A-Za-z0-9+/]{6,}|[A-Za-z+/]*[0-9][A-Za-z0-9+/]{7,}))re",
     R"(\1**********)"},
    {R"re((?i)((?:access|refresh|id|auth|session)_?token|client_?secret|api_?key|private_?key|passw(?:or)?d)((?:\\*["'])?\s*[=:]\s*(?:\\*["'])?)[^\s"'\\,;&}\])>*]{4,})re",
     R"(\1\2**********)"},
};

// Compiled once. Latin-1: a log line need not be UTF-8, and no pattern names a character beyond ASCII.
const RE2* Compile(const char* pattern) {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  const RE2* const compiled = new RE2(pattern, options);
  SHUNT_CHECK(compiled->ok());
  return compiled;
}

}  // namespace

std::string MaskCredentialShapes(std::string_view line) {
  static const RE2* const compiled[] = {
      Compile(kShapes[0].pattern), Compile(kShapes[1].pattern), Compile(kShapes[2].pattern),
      Compile(kShapes[3].pattern), Compile(kShapes[4].pattern), Compile(kShapes[5].pattern)};
  static_assert(std::size(compiled) == std::size(kShapes));
  std::string masked(line);
  for (std::size_t i = 0; i < std::size(kShapes); ++i) {
    RE2::GlobalReplace(&masked, *compiled[i], kShapes[i].replacement);
  }
  return masked;
}

}  // namespace shunt
