// Keyring: the master keys at hand. The first one encrypts; the others only open what an earlier
// first one encrypted, so that a key can be changed (shunt config rekey).
//
// Immutable, so thread-safe. The keys stand in memory that is locked, kept out of core dumps,
// fenced by guard pages and wiped when the keyring goes (libsodium's sodium_malloc).
// Errors: InvalidArgument that says which key is no key, never its content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace shunt {

inline constexpr std::size_t kKeyBytes = 32;
// Of a key file or what a helper prints: some keys in their longest form.
inline constexpr std::size_t kKeyTextBytesMax = 4096;

// 32 bytes that nobody else sees. Moves, never copies.
class SecretKey {
 public:
  SecretKey();
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&&) = delete;
  ~SecretKey();

  uint8_t* data() { return bytes_; }
  const uint8_t* data() const { return bytes_; }

 private:
  uint8_t* bytes_;
};

class Keyring {
 public:
  // `text`: exactly 32 bytes; or lines, each a key in base64 or 64 hex digits, the first one first.
  // Blank lines and lines that start with # do not count. Wipes `text`.
  static absl::StatusOr<std::shared_ptr<const Keyring>> Parse(std::string text);

  // 16 hex digits that name a key and do not lead back to it.
  std::string_view first_id() const { return entries_.front().id; }
  // Null when it is not at hand.
  const SecretKey* Find(std::string_view id) const;
  const SecretKey& first() const { return entries_.front().key; }

 private:
  struct Entry {
    std::string id;
    SecretKey key;
  };
  Keyring() = default;
  std::vector<Entry> entries_;
};

}  // namespace shunt
