#include "secrets/fingerprint.h"

#include <sodium.h>

#include <cstddef>

#include "platform/check.h"

namespace shunt {
namespace {

void AppendSized(std::string_view part, std::string* out) {
  const uint64_t size = part.size();
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(size >> shift));
  out->append(part);
}

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  Sha256Digest digest;
  static_assert(digest.size() == crypto_hash_sha256_BYTES);
  SHUNT_CHECK(crypto_hash_sha256(digest.data(),
                                 reinterpret_cast<const unsigned char*>(bytes.data()),
                                 bytes.size()) == 0);
  return digest;
}

std::string Fingerprint(std::string_view salt, std::string_view name, std::string_view text) {
  std::string bytes;
  AppendSized(salt, &bytes);
  AppendSized(name, &bytes);
  AppendSized(text, &bytes);
  const Sha256Digest digest = Sha256(bytes);
  char hex[crypto_hash_sha256_BYTES + 1];  // half of the digest, and a zero
  return sodium_bin2hex(hex, sizeof(hex), digest.data(), digest.size() / 2);
}

}  // namespace shunt
