#include "secrets/sealing.h"

#include <sodium.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::string_view kMark = "sealed:2:";
constexpr std::string_view kMark1 = "sealed:1:";  // as long
static_assert(kMark.size() == kMark1.size());
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
// nonce, data key and tag; then nonce, text and tag
constexpr std::size_t kWrappedBytes = kNonceBytes + kKeyBytes + kTagBytes;
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
static_assert(kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

// On the stack, for one text: wiped when it is done.
struct DataKey {
  uint8_t bytes[kKeyBytes];
  ~DataKey() { sodium_memzero(bytes, sizeof(bytes)); }
};

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// Appends nonce and ciphertext.
void Encrypt(const uint8_t* key, std::string_view associated, const uint8_t* text, std::size_t size,
             std::string* out) {
  const std::size_t begin = out->size();
  out->resize(begin + kNonceBytes + size + kTagBytes);
  auto* const nonce = reinterpret_cast<uint8_t*>(out->data() + begin);
  randombytes_buf(nonce, kNonceBytes);
  SHUNT_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, text, size,
                                                         Bytes(associated), associated.size(),
                                                         nullptr, nonce, key) == 0);
}

// `sealed` is a nonce and its ciphertext; `out` has room for the text.
bool Decrypt(const uint8_t* key, std::string_view associated, std::string_view sealed,
             uint8_t* out) {
  const uint8_t* const nonce = Bytes(sealed);
  return crypto_aead_xchacha20poly1305_ietf_decrypt(out, nullptr, nullptr, nonce + kNonceBytes,
                                                    sealed.size() - kNonceBytes, Bytes(associated),
                                                    associated.size(), nonce, key) == 0;
}

std::string WrapContext(std::string_view key_id, const SealContext& context) {
  return absl::StrCat("wrap ", A(key_id), " ", context.bytes());
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int code = sodium_base642bin(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(),
                                     text.data(), text.size(), nullptr, &size, &end, kBase64);
  if (code != 0 || end != text.data() + text.size()) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

absl::Status Damaged() {
  return absl::DataLossError("an encrypted value was changed, or moved here from elsewhere");
}

}  // namespace

SealContext::SealContext(std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) absl::StrAppend(&bytes_, part.size(), ":", A(part));
}

std::string Seal(const Keyring& keys, const SealContext& context, std::string_view text) {
  DataKey data_key;
  randombytes_buf(data_key.bytes, kKeyBytes);
  std::string bytes;
  Encrypt(keys.first().data(), WrapContext(keys.first_id(), context), data_key.bytes, kKeyBytes,
          &bytes);
  Encrypt(data_key.bytes, context.bytes(), Bytes(text), text.size(), &bytes);
  std::string base64(sodium_base64_encoded_len(bytes.size(), kBase64), '\0');
  sodium_bin2base64(base64.data(), base64.size(), Bytes(bytes), bytes.size(), kBase64);
  base64.pop_back();  // its final zero
  return absl::StrCat(A(kMark), A(keys.first_id()), ":", base64);
}

bool IsSealed(std::string_view text) { return SealFormat(text) != 0; }

int SealFormat(std::string_view text) {
  if (text.starts_with(kMark)) return 2;
  return text.starts_with(kMark1) ? 1 : 0;
}

std::string_view SealKeyId(std::string_view text) {
  if (!IsSealed(text)) return {};
  text.remove_prefix(kMark.size());
  return text.substr(0, text.find(':'));
}

absl::StatusOr<std::string> Unseal(const Keyring* keys, const SealContext& context,
                                   std::string_view sealed) {
  if (!IsSealed(sealed)) return Damaged();
  const std::string_view key_id = SealKeyId(sealed);
  const SecretKey* const key = keys == nullptr ? nullptr : keys->Find(key_id);
  if (key == nullptr) {
    return absl::PermissionDeniedError(
        keys == nullptr ? std::string("it is encrypted, and there is no key at hand: --key-file")
                        : absl::StrCat("it is encrypted with the key ", A(key_id),
                                       ", which is not among those at hand"));
  }
  const std::size_t head = kMark.size() + key_id.size() + 1;
  const auto bytes = FromBase64(sealed.substr(std::min(head, sealed.size())));
  if (!bytes || bytes->size() < kWrappedBytes + kNonceBytes + kTagBytes) return Damaged();
  const std::string_view view = *bytes;
  DataKey data_key;
  if (!Decrypt(key->data(), WrapContext(key_id, context), view.substr(0, kWrappedBytes),
               data_key.bytes)) {
    return Damaged();
  }
  std::string text(view.size() - kWrappedBytes - kNonceBytes - kTagBytes, '\0');
  if (!Decrypt(data_key.bytes, context.bytes(), view.substr(kWrappedBytes),
               reinterpret_cast<uint8_t*>(text.data()))) {
    return Damaged();
  }
  return text;
}

}  // namespace shunt
