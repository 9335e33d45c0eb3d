#include "transforms/field_cipher.h"

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "transforms/hex.h"
#include "transforms/libcrypto.h"

namespace shunt {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kTag = 16;
constexpr std::string_view kSample = "sample data";
constexpr const char* kOpenSslFailed = "OpenSSL cannot encrypt a sample with this key";

struct Mode {
  std::string_view name;
  bool iv = true;
  bool tag = false;
  bool unpadded = false;  // takes texts of any length without padding
  bool padded = true;
};

constexpr Mode kModes[] = {
    {.name = "CBC"},
    {.name = "CFB", .unpadded = true},
    {.name = "OFB", .unpadded = true},
    {.name = "CTR", .unpadded = true, .padded = false},
    {.name = "GCM", .tag = true, .unpadded = true, .padded = false},
    {.name = "ECB", .iv = false},
};

absl::StatusOr<const Mode*> FindMode(std::string_view name) {
  for (const Mode& mode : kModes) {
    if (mode.name == name) return &mode;
  }
  return absl::InvalidArgumentError("mode: one of CBC, CFB, OFB, CTR, GCM, ECB");
}

// Whether the text is padded; an error when it has to be and is not, or the other way round.
absl::StatusOr<bool> WantsPadding(const Mode& mode, std::string_view padding) {
  const auto invalid = [&](const char* only, const char* why) {
    return absl::InvalidArgumentError(
        absl::StrCat("padding: ", std::string(mode.name), " takes ", only, " only", why));
  };
  if (padding == "NoPadding") {
    if (mode.unpadded) return false;
    return invalid("PKCS5Padding",
                   ": without it no text could be encrypted but of 16 bytes, 32, ...");
  }
  if (padding == "PKCS5Padding") {
    if (mode.padded) return true;
    return invalid("NoPadding", "");
  }
  return absl::InvalidArgumentError("padding: one of NoPadding, PKCS5Padding");
}

// Calls a function of libcrypto when it goes out of scope.
template <typename T>
class Freed {
 public:
  Freed(T* object, void (*free)(T*)) : object_(object), free_(free) {}
  ~Freed() { free_(object_); }
  Freed(Freed&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)), free_(other.free_) {}
  Freed(const Freed&) = delete;
  Freed& operator=(const Freed&) = delete;
  T* get() const { return object_; }

 private:
  T* object_;
  void (*free_)(T*);
};

bool FitsInt(std::size_t size) {
  return size <= static_cast<std::size_t>(std::numeric_limits<int>::max()) - 2 * kBlock;
}

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

struct FieldCipher::Impl {
  virtual ~Impl() = default;
  virtual bool Append(std::string_view text, std::string* out) const = 0;
  virtual std::size_t factor() const = 0;
  virtual std::size_t digits_extra() const = 0;
};

struct FieldCipher::Aes : Impl {
  Aes(const Libcrypto& library, const Mode& how, bool with_padding, EVP_CIPHER* cipher,
      std::vector<uint8_t> secret, Entropy& source)
      : crypto(library),
        mode(how),
        padded(with_padding),
        type(cipher, library.EVP_CIPHER_free),
        key(std::move(secret)),
        entropy(source) {}

  bool Append(std::string_view text, std::string* out) const override {
    std::vector<uint8_t> result;
    if (type.get() == nullptr || !FitsInt(text.size()) || !Encrypt(text, &result)) {
      crypto.ERR_clear_error();
      return false;
    }
    AppendHex(result, out);
    return true;
  }
  std::size_t factor() const override { return 2; }
  std::size_t digits_extra() const override { return 2 * (kBlock + kBlock + kTag); }

  bool Encrypt(std::string_view text, std::vector<uint8_t>* result) const {
    const Freed<EVP_CIPHER_CTX> context(crypto.EVP_CIPHER_CTX_new(), crypto.EVP_CIPHER_CTX_free);
    EVP_CIPHER_CTX* const c = context.get();
    if (c == nullptr) return false;
    std::array<uint8_t, kBlock> iv{};
    const std::size_t before = mode.iv ? iv.size() : 0;
    if (mode.iv) entropy.Fill(iv);
    result->resize(before + text.size() + kBlock + kTag);
    for (std::size_t i = 0; i < before; ++i) (*result)[i] = iv[i];
    // The length of GCM's IV has to be said before the IV.
    if (crypto.EVP_EncryptInit_ex2(c, type.get(), nullptr, nullptr, nullptr) != 1) return false;
    if (mode.tag &&
        crypto.EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, int{kBlock}, nullptr) != 1) {
      return false;
    }
    if (crypto.EVP_EncryptInit_ex2(c, nullptr, key.data(), mode.iv ? iv.data() : nullptr,
                                   nullptr) != 1) {
      return false;
    }
    const std::optional<std::size_t> size = Run(c, text, result->data() + before);
    if (!size) return false;
    result->resize(before + *size);
    return true;
  }

  // The bytes written to `to`.
  std::optional<std::size_t> Run(EVP_CIPHER_CTX* c, std::string_view text, uint8_t* to) const {
    const bool stream = mode.unpadded;
    std::string padded_text;
    if (padded && stream) {
      // OpenSSL pads for its block modes only; javax.crypto for these as well.
      const std::size_t padding = kBlock - text.size() % kBlock;
      padded_text.assign(text).append(padding, static_cast<char>(padding));
      text = padded_text;
    }
    int update = 0;
    int final = 0;
    if (crypto.EVP_CIPHER_CTX_set_padding(c, padded && !stream ? 1 : 0) != 1) return std::nullopt;
    if (!text.empty() &&
        crypto.EVP_EncryptUpdate(c, to, &update, Bytes(text), static_cast<int>(text.size())) != 1) {
      return std::nullopt;
    }
    if (crypto.EVP_EncryptFinal_ex(c, to + update, &final) != 1) return std::nullopt;
    std::size_t size = static_cast<std::size_t>(update) + static_cast<std::size_t>(final);
    if (mode.tag) {
      if (crypto.EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, int{kTag}, to + size) != 1) {
        return std::nullopt;
      }
      size += kTag;
    }
    return size;
  }

  const Libcrypto& crypto;
  const Mode& mode;
  bool padded;
  Freed<EVP_CIPHER> type;
  std::vector<uint8_t> key;
  Entropy& entropy;
};

struct FieldCipher::Rsa : Impl {
  Rsa(const Libcrypto& library, Freed<EVP_PKEY> public_key)
      : crypto(library),
        key(std::move(public_key)),
        bytes(static_cast<std::size_t>(library.EVP_PKEY_get_size(key.get()))) {}

  bool Append(std::string_view text, std::string* out) const override {
    std::vector<uint8_t> result(bytes);
    std::size_t size = result.size();
    const Freed<EVP_PKEY_CTX> context(
        crypto.EVP_PKEY_CTX_new_from_pkey(crypto.context, key.get(), nullptr),
        crypto.EVP_PKEY_CTX_free);
    if (context.get() == nullptr || crypto.EVP_PKEY_encrypt_init(context.get()) != 1 ||
        crypto.EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
        crypto.EVP_PKEY_encrypt(context.get(), result.data(), &size, Bytes(text), text.size()) !=
            1) {
      crypto.ERR_clear_error();
      return false;
    }
    AppendHex(std::span(result).first(size), out);
    return true;
  }
  std::size_t factor() const override { return 0; }
  std::size_t digits_extra() const override { return 2 * bytes; }

  const Libcrypto& crypto;
  Freed<EVP_PKEY> key;
  std::size_t bytes;
};

absl::StatusOr<FieldCipher> FieldCipher::CreateAes(std::string_view mode_name,
                                                   std::string_view padding, std::string_view key,
                                                   Entropy& entropy) {
  const absl::StatusOr<const Mode*> mode = FindMode(mode_name);
  if (!mode.ok()) return mode.status();
  const absl::StatusOr<bool> padded = WantsPadding(**mode, padding);
  if (!padded.ok()) return padded.status();
  std::optional<std::vector<uint8_t>> secret = ParseHex(key);
  if (!secret || (secret->size() != 16 && secret->size() != 24 && secret->size() != 32)) {
    return absl::InvalidArgumentError("key: an AES key is 32, 48 or 64 hexadecimal digits");
  }
  const absl::StatusOr<const Libcrypto*> crypto = LoadLibcrypto();
  if (!crypto.ok()) return crypto.status();
  const std::string name = absl::StrCat("AES-", 8 * secret->size(), "-", std::string(mode_name));
  auto aes =
      std::make_shared<Aes>(**crypto, **mode, *padded,
                            (*crypto)->EVP_CIPHER_fetch((*crypto)->context, name.c_str(), nullptr),
                            *std::move(secret), entropy);
  std::string sample;
  if (!aes->Append(kSample, &sample)) return absl::InvalidArgumentError(kOpenSslFailed);
  return FieldCipher(std::move(aes));
}

absl::StatusOr<FieldCipher> FieldCipher::CreateRsa(std::string_view public_key) {
  const std::optional<std::vector<uint8_t>> der = ParseHex(public_key);
  const auto invalid = [] {
    return absl::InvalidArgumentError(
        "publicKey: the public half of an RSA key (X.509, DER) in hexadecimal digits");
  };
  if (!der || der->empty()) return invalid();
  const absl::StatusOr<const Libcrypto*> crypto = LoadLibcrypto();
  if (!crypto.ok()) return crypto.status();
  const uint8_t* at = der->data();
  Freed<EVP_PKEY> key((*crypto)->d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(der->size()),
                                               (*crypto)->context, nullptr),
                      (*crypto)->EVP_PKEY_free);
  if (key.get() == nullptr || at != der->data() + der->size() ||
      (*crypto)->EVP_PKEY_is_a(key.get(), "RSA") != 1) {
    (*crypto)->ERR_clear_error();
    return invalid();
  }
  auto rsa = std::make_shared<Rsa>(**crypto, std::move(key));
  std::string sample;
  if (!rsa->Append(kSample, &sample)) return absl::InvalidArgumentError(kOpenSslFailed);
  return FieldCipher(std::move(rsa));
}

bool FieldCipher::Append(std::string_view text, std::string* out) const {
  return impl_->Append(text, out);
}
std::size_t FieldCipher::factor() const { return impl_->factor(); }
std::size_t FieldCipher::digits_extra() const { return impl_->digits_extra(); }

}  // namespace shunt
