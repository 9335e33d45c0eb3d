#include "protocol/json_lexemes.h"

namespace shunt {

const char* EndOfNumberSlow(const char* p, const char* end) {
  if (*p == '-') ++p;
  if (!IsDigit(*p)) return nullptr;
  p = *p == '0' ? p + 1 : SkipDigits(p, end);
  if (*p == '.') {
    ++p;
    if (!IsDigit(*p)) return nullptr;
    p = SkipDigits(p, end);
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!IsDigit(*p)) return nullptr;
    p = SkipDigits(p, end);
  }
  return In(kEndsScalar, *p) ? p : nullptr;
}

bool CheckEscapes(const char* p, const char* end) {
  while (p < end) {
    p = EndOfEscape(p);
    if (p == nullptr) return false;
    // An escape cut by the end of the line would be completed by the padding; the string it stands
    // in is unclosed then, so whatever is said here, the line is malformed.
    if (p < end && *p != '\\') p = FindBackslash(p, end);
  }
  return true;
}

}  // namespace shunt
