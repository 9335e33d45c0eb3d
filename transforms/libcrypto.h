// OpenSSL's libcrypto, loaded when the first mapper that hashes or encrypts is compiled. Linked in,
// it would cost every run of the program memory and time to start, of which few need it (ADR 12).
//
// A library context of our own: no configuration file is read and nothing of the process is
// changed; libpq may use the same library in its own way.
//
// Threads: thread-safe. Errors: Unavailable when the library is missing or too old.
#pragma once

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "absl/status/statusor.h"

namespace shunt {

#define SHUNT_LIBCRYPTO_FUNCTIONS(F) \
  F(ERR_clear_error)                 \
  F(EVP_CIPHER_CTX_ctrl)             \
  F(EVP_CIPHER_CTX_free)             \
  F(EVP_CIPHER_CTX_new)              \
  F(EVP_CIPHER_CTX_set_padding)      \
  F(EVP_CIPHER_fetch)                \
  F(EVP_CIPHER_free)                 \
  F(EVP_DigestFinal_ex)              \
  F(EVP_DigestInit_ex2)              \
  F(EVP_DigestUpdate)                \
  F(EVP_EncryptFinal_ex)             \
  F(EVP_EncryptInit_ex2)             \
  F(EVP_EncryptUpdate)               \
  F(EVP_MD_CTX_free)                 \
  F(EVP_MD_CTX_new)                  \
  F(EVP_MD_fetch)                    \
  F(EVP_MD_free)                     \
  F(EVP_PKEY_CTX_free)               \
  F(EVP_PKEY_CTX_new_from_pkey)      \
  F(EVP_PKEY_CTX_set_rsa_padding)    \
  F(EVP_PKEY_encrypt)                \
  F(EVP_PKEY_encrypt_init)           \
  F(EVP_PKEY_free)                   \
  F(EVP_PKEY_get_size)               \
  F(EVP_PKEY_is_a)                   \
  F(OSSL_LIB_CTX_new)                \
  F(d2i_PUBKEY_ex)

struct Libcrypto {
#define SHUNT_LIBCRYPTO_MEMBER(name) decltype(::name)* name = nullptr;
  SHUNT_LIBCRYPTO_FUNCTIONS(SHUNT_LIBCRYPTO_MEMBER)
#undef SHUNT_LIBCRYPTO_MEMBER
  OSSL_LIB_CTX* context = nullptr;
};

// The one and only; lives for ever.
absl::StatusOr<const Libcrypto*> LoadLibcrypto();

}  // namespace shunt
