// FieldHash: the digest of a field's text, as the platform's hashing mapper names and writes it
// (airbyte-mappers, HashingMapper): lower-case hexadecimal digits.
//
// Immutable after Create, so thread-safe. OpenSSL computes all but MD2 (transforms/md2.h); it is
// loaded by the first Create. Errors: Unavailable when it is missing or does not have the method.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace shunt {

enum class HashMethod : uint8_t { kMd2, kMd5, kSha1, kSha224, kSha256, kSha384, kSha512 };

// "MD2", "MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512".
std::optional<HashMethod> HashMethodByName(std::string_view name);
std::string_view NameOf(HashMethod method);
inline constexpr std::string_view kHashMethodNames =
    "MD2, MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512";

class FieldHash {
 public:
  static absl::StatusOr<FieldHash> Create(HashMethod method);

  // How many digits a digest has.
  std::size_t digits() const;

  // Appends the digest of `text`. False when OpenSSL fails: then nothing was appended.
  bool Append(std::string_view text, std::string* out) const;

 private:
  struct Digest;
  explicit FieldHash(HashMethod method) : method_(method) {}

  HashMethod method_;
  std::shared_ptr<const Digest> digest_;  // null for MD2
};

}  // namespace shunt
