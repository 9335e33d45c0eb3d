#include "transforms/libcrypto.h"

#include "absl/strings/str_cat.h"
#include "platform/shared_library.h"

namespace shunt {
namespace {

absl::StatusOr<Libcrypto> Load() {
  absl::StatusOr<SharedLibrary> library = SharedLibrary::Load("libcrypto.so.3");
  if (!library.ok()) return library.status();
  Libcrypto crypto;
#define SHUNT_LIBCRYPTO_FIND(name) \
  if (absl::Status status = library->Find(#name, crypto.name); !status.ok()) return status;
  SHUNT_LIBCRYPTO_FUNCTIONS(SHUNT_LIBCRYPTO_FIND)
#undef SHUNT_LIBCRYPTO_FIND
  crypto.context = crypto.OSSL_LIB_CTX_new();
  if (crypto.context == nullptr) return absl::UnavailableError("it gave no library context");
  return crypto;
}

}  // namespace

absl::StatusOr<const Libcrypto*> LoadLibcrypto() {
  static const absl::StatusOr<Libcrypto>& loaded = *new absl::StatusOr<Libcrypto>(Load());
  if (loaded.ok()) return &*loaded;
  return absl::UnavailableError(
      absl::StrCat("a mapper that hashes or encrypts needs OpenSSL 3 (Debian: libssl3): ",
                   loaded.status().message()));
}

}  // namespace shunt
