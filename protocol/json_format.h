// The `format` keyword of JSON Schema: whether a string is a date, an address, a pointer. By syntax
// alone; nothing is looked up.
//
// Pure functions in linear time; thread-safe. Rules: JSON Schema draft-07 validation, section 7.3,
// and the RFCs that it names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shunt {

enum class JsonFormat : uint8_t {
  kDate,                 // RFC 3339 full-date
  kTime,                 // RFC 3339 full-time
  kDateTime,             // RFC 3339 date-time
  kEmail,                // something@host; idn-email too
  kHostname,             // RFC 1123
  kIpv4,                 // dotted quad, no leading zeros
  kIpv6,                 // RFC 4291, no zone
  kUri,                  // RFC 3986, with a scheme
  kUriReference,         // RFC 3986
  kIri,                  // as uri, and any character beyond ASCII
  kIriReference,         // as uri-reference, likewise
  kUriTemplate,          // RFC 6570, braces only
  kJsonPointer,          // RFC 6901
  kRelativeJsonPointer,  // draft-handrews-relative-json-pointer-01
  kRegex,                // as far as RE2 can tell: what only ECMA 262 has passes
};

// Empty for a name that is not in the list: unknown formats are not checked.
std::optional<JsonFormat> FormatByName(std::string_view name);

std::string_view NameOf(JsonFormat format);

// Whether `text`, UTF-8 or WTF-8, is of the format.
bool IsFormat(JsonFormat format, std::string_view text);

}  // namespace shunt
