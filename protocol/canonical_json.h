// Equality of JSON values as the checkpoint rules mean it (contract decision 6): object order is
// ignored, numbers compare by exact decimal value (1, 1.0 and 10e-1 are equal; 1e400 is a number),
// strings by code point (escapes do not matter; lone surrogates are kept apart).
// Duplicate keys: every member counts; like all members, in any order.
// Pure functions; depth at most kDepthMax. CanonicalDigest is one pass in linear time and needs
// memory only for the nesting, whatever the size of the text (a state may be 20 MB).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/json_cursor.h"

namespace shunt {

// 128 bits of a value's canonical form. Equal values have equal digests; that unequal values differ
// is a matter of 128-bit odds (no defence against a forger: a destination can claim any ack
// anyway).
struct JsonDigest {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const JsonDigest&) const = default;
};

// Empty when `json` is not one well-formed value.
std::optional<JsonDigest> CanonicalDigest(std::string_view json);

// The same of the value that the cursor reads next. Does not look at UTF-8.
std::optional<JsonDigest> ReadCanonicalDigest(JsonCursor& cursor);

// Digests of objects that are put together by hand. Finish() of the members of an object, each with
// the digest of its value, is the digest of the object; leaving a member out makes absent and, say,
// null the same.
class ObjectDigest {
 public:
  void Add(std::string_view raw_key, const JsonDigest& value);
  // A member without a key: objects with equal sets of values are equal.
  void Add(const JsonDigest& value);
  JsonDigest Finish() const;

 private:
  friend class DigestReader;
  void AddMember(const JsonDigest& key, const JsonDigest& value);

  JsonDigest sum_;
  uint64_t count_ = 0;
};

// The canonical text itself: sorted keys, shortest escapes, normalised numbers, no blanks. It needs
// memory for the text a few times over, and O(n log n) time for each level of nesting that it
// sorts: for configs, not for large states.
std::optional<std::string> CanonicalJson(std::string_view json);

}  // namespace shunt
