#include "protocol/json_lexemes.h"

namespace shunt {

bool CheckNumberSlow(const char* p, const char* end) {
  if (*p == '-') ++p;
  if (!IsDigit(*p)) return false;
  p = *p == '0' ? p + 1 : SkipDigits(p, end);
  if (*p == '.') {
    ++p;
    if (!IsDigit(*p)) return false;
    p = SkipDigits(p, end);
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!IsDigit(*p)) return false;
    p = SkipDigits(p, end);
  }
  return In(kEndsScalar, *p);
}

bool CheckEscapes(const char* p, const char* end) {
  while (p < end) {
    if (In(kSimpleEscape, p[1])) {
      p += 2;
    } else if (p[1] == 'u') {
      for (int i = 2; i < 6; ++i) {
        if (!In(kHexDigit, p[i])) return false;
      }
      p += 6;
    } else {
      return false;
    }
    // An escape cut by the end of the line would be completed by the padding; the string it stands
    // in is unclosed then, so whatever is said here, the line is malformed.
    if (p < end && *p != '\\') p = FindBackslash(p, end);
  }
  return true;
}

}  // namespace shunt
