// FieldCipher: the encryption of a field's text, as the platform's encryption mapper writes it
// (airbyte-mappers, EncryptionMapper, and javax.crypto behind it), in lower-case hexadecimal
// digits:
//
//   AES CBC, CFB (128 bits), OFB   random IV of 16 bytes, ciphertext; PKCS5Padding or, but for CBC,
//                                  NoPadding
//   AES CTR                        random IV of 16 bytes, ciphertext; NoPadding
//   AES GCM                        random IV of 16 bytes, ciphertext, tag of 16 bytes; NoPadding
//   AES ECB                        ciphertext (there is no IV: equal texts stay equal);
//   PKCS5Padding RSA                            RSA/ECB/PKCS1Padding; texts of at most the key's
//   bytes less 11
//
// Every other combination is one that javax.crypto refuses, or that cannot encrypt a text of any
// length. GCM and ECB are what the platform offers and cannot do; theirs is what javax.crypto does
// when asked properly (ADR 12).
//
// Immutable after Create, so thread-safe; entropy outlives it. OpenSSL is loaded by the first
// Create. Errors: InvalidArgument, in words about keys and modes, never with the key's digits;
// Unavailable when OpenSSL is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "platform/entropy.h"

namespace shunt {

class FieldCipher {
 public:
  // `mode`: CBC, CFB, OFB, CTR, GCM, ECB; `padding`: NoPadding, PKCS5Padding; `key`: 16, 24 or 32
  // bytes in hexadecimal digits. Encrypts a sample before it says yes.
  static absl::StatusOr<FieldCipher> CreateAes(std::string_view mode, std::string_view padding,
                                               std::string_view key, Entropy& entropy);
  // `public_key`: a SubjectPublicKeyInfo (X.509) of an RSA key, DER in hexadecimal digits.
  static absl::StatusOr<FieldCipher> CreateRsa(std::string_view public_key);

  // Appends the digits. False when the text does not fit the key (RSA) or OpenSSL fails: then
  // nothing was appended.
  bool Append(std::string_view text, std::string* out) const;

  // The most digits for a text of `bytes` are factor() * bytes + digits_extra().
  std::size_t factor() const;
  std::size_t digits_extra() const;

 private:
  struct Impl;
  struct Aes;
  struct Rsa;
  explicit FieldCipher(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<const Impl> impl_;
};

}  // namespace shunt
