#include "secrets/plain_words.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "protocol/spec.h"

namespace shunt {
namespace {

// Sorted.
constexpr std::string_view kPlainWords[] = {
    "absent",
    "accepted",
    "additionalitems",
    "additionalproperties",
    "airbyte",
    "airbyte_secret",
    "allof",
    "anyof",
    "argument",
    "array",
    "authorized_user",
    "been",
    "boolean",
    "both",
    "bytes",
    "cannot",
    "changed",
    "characters",
    "const",
    "contains",
    "database",
    "default",
    "dependencies",
    "destination",
    "disabled",
    "does",
    "either",
    "empty",
    "enabled",
    "enum",
    "error",
    "exclusivemaximum",
    "exclusiveminimum",
    "expected",
    "expired",
    "expires",
    "failed",
    "false",
    "field",
    "flag",
    "format",
    "from",
    "given",
    "have",
    "illegal",
    "integer",
    "invalid",
    "items",
    "localhost",
    "longer",
    "master",
    "maximum",
    "maxitems",
    "maxlength",
    "maxproperties",
    "minimum",
    "minitems",
    "minlength",
    "minproperties",
    "missing",
    "multipleof",
    "must",
    "needs",
    "neither",
    "none",
    "null",
    "number",
    "object",
    "oneof",
    "only",
    "option",
    "parameter",
    "password",
    "pattern",
    "patternproperties",
    "postgres",
    "private",
    "properties",
    "property",
    "propertynames",
    "public",
    "record",
    "redacted",
    "refused",
    "rejected",
    "required",
    "root",
    "secret",
    "service_account",
    "shorter",
    "should",
    "source",
    "string",
    "than",
    "that",
    "this",
    "token",
    "true",
    "type",
    "undefined",
    "unexpected",
    "uniqueitems",
    "unknown",
    "unset",
    "username",
    "value",
    "when",
    "will",
    "with",
    "wrong",
};
static_assert(std::is_sorted(std::begin(kPlainWords), std::end(kPlainWords)));

}  // namespace

bool IsPlainWord(std::string_view word) {
  constexpr std::size_t kWordMax = 32;
  if (word.size() > kWordMax) return false;
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower == kSecretMask ||
         std::binary_search(std::begin(kPlainWords), std::end(kPlainWords), lower);
}

}  // namespace shunt
