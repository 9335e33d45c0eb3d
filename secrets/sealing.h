// Sealing: a text encrypted so that it can be read, and believed, only at the place it was made
// for. XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) by libsodium: every text has a fresh data key,
// which is itself encrypted with the first key of the keyring; nonces are random, so there is no
// counter that a crash could lose. The place (which store, config, key, order key) is associated
// data: a sealed text that was copied elsewhere, or whose order key was changed, does not open.
//
// Pure but for randomness; thread-safe.
// Errors: PermissionDenied when its key is not at hand; DataLoss when it was changed or moved.
// Neither says anything of the content. Bounds: about 200 bytes and a third more than the text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "secrets/keyring.h"

namespace shunt {

// Where a text belongs: parts that are told apart by their lengths.
class SealContext {
 public:
  SealContext(std::initializer_list<std::string_view> parts);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// "sealed:2:KEYID:BASE64", printable ASCII.
std::string Seal(const Keyring& keys, const SealContext& context, std::string_view text);

// By its beginning.
bool IsSealed(std::string_view text);
// Which format it says it has; 0: it is not sealed. Formats 1 and 2 are the same but for their
// mark: it tells what an earlier version sealed, with less in its contexts. Nothing proves the
// mark, so a context must not be used in both where that matters.
int SealFormat(std::string_view text);
// The id of the key that sealed it; "" when it is not sealed.
std::string_view SealKeyId(std::string_view text);

// Without a keyring nothing opens; what is not sealed is damaged.
absl::StatusOr<std::string> Unseal(const Keyring* keys, const SealContext& context,
                                   std::string_view sealed);

}  // namespace shunt
