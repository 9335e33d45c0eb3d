// Equality of JSON values as the checkpoint rules mean it (contract decision 6): object order is
// ignored, numbers compare by exact decimal value (1, 1.0 and 10e-1 are equal; 1e400 is a number),
// strings by code point (escapes do not matter; lone surrogates are kept apart).
// Duplicate keys: all of them count, in order.
// Pure functions; time is O(n log n) in the text; depth at most kDepthMax.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shunt {

// 128 bits of a value's canonical form. Equal values have equal digests; that unequal values differ is
// a matter of 128-bit odds (no defence against a forger: a destination can claim any ack anyway).
struct JsonDigest {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const JsonDigest&) const = default;
};

// Empty when `json` is not one well-formed value.
std::optional<JsonDigest> CanonicalDigest(std::string_view json);

// The canonical text itself: sorted keys, shortest escapes, normalised numbers, no blanks.
std::optional<std::string> CanonicalJson(std::string_view json);

}  // namespace shunt
