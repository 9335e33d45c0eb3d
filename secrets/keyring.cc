#include "secrets/keyring.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/check.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::string_view kIdContext = "shunt key id";

std::string IdOf(const SecretKey& key) {
  unsigned char digest[crypto_generichash_BYTES_MIN];
  SHUNT_CHECK(crypto_generichash(digest, sizeof(digest),
                                 reinterpret_cast<const unsigned char*>(kIdContext.data()),
                                 kIdContext.size(), key.data(), kKeyBytes) == 0);
  char hex[2 * kIdBytes + 1];
  return sodium_bin2hex(hex, sizeof(hex), digest, kIdBytes);
}

std::optional<SecretKey> KeyOf(std::string_view text) {
  SecretKey key;
  std::size_t bytes = 0;
  const char* end = nullptr;
  const bool hex =
      text.size() == 2 * kKeyBytes &&
      sodium_hex2bin(key.data(), kKeyBytes, text.data(), text.size(), nullptr, &bytes, &end) == 0;
  if (hex && bytes == kKeyBytes && end == text.data() + text.size()) return key;
  for (const int variant :
       {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE,
        sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE_NO_PADDING}) {
    if (sodium_base642bin(key.data(), kKeyBytes, text.data(), text.size(), nullptr, &bytes, &end,
                          variant) == 0 &&
        bytes == kKeyBytes && end == text.data() + text.size()) {
      return key;
    }
  }
  return std::nullopt;
}

}  // namespace

SecretKey::SecretKey() {
  SHUNT_CHECK(sodium_init() >= 0);
  bytes_ = static_cast<uint8_t*>(sodium_malloc(kKeyBytes));
  SHUNT_CHECK(bytes_ != nullptr);
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}

SecretKey::~SecretKey() { sodium_free(bytes_); }

absl::StatusOr<std::shared_ptr<const Keyring>> Keyring::Parse(std::string text) {
  const std::shared_ptr<Keyring> keyring(new Keyring);
  const auto add = [&](SecretKey key) {
    std::string id = IdOf(key);
    if (keyring->Find(id) == nullptr) keyring->entries_.push_back({std::move(id), std::move(key)});
  };
  absl::Status status;
  if (text.size() == kKeyBytes) {
    SecretKey key;
    std::copy(text.begin(), text.end(), key.data());
    add(std::move(key));
  } else {
    int number = 0;
    for (const absl::string_view whole : absl::StrSplit(text, '\n')) {
      const std::string_view line = S(absl::StripAsciiWhitespace(whole));
      ++number;
      if (line.empty() || line.front() == '#') continue;
      std::optional<SecretKey> key = KeyOf(line);
      if (!key) {
        status = absl::InvalidArgumentError(absl::StrCat(
            "line ", number, " is no key: a key is 32 bytes, as they are, in base64 or in hex"));
        break;
      }
      add(*std::move(key));
    }
  }
  sodium_memzero(text.data(), text.size());
  if (!status.ok()) return status;
  if (keyring->entries_.empty()) return absl::InvalidArgumentError("there is no key in it");
  return std::shared_ptr<const Keyring>(keyring);
}

const SecretKey* Keyring::Find(std::string_view id) const {
  for (const Entry& entry : entries_) {
    if (entry.id == id) return &entry.key;
  }
  return nullptr;
}

}  // namespace shunt
