#include "stores/libpq.h"

#include "absl/strings/str_cat.h"
#include "platform/shared_library.h"

namespace shunt {
namespace {

absl::StatusOr<Libpq> Load() {
  absl::StatusOr<SharedLibrary> library = SharedLibrary::Load("libpq.so.5");
  if (!library.ok()) return library.status();
  Libpq libpq;
#define SHUNT_LIBPQ_FIND(name) \
  if (absl::Status status = library->Find(#name, libpq.name); !status.ok()) return status;
  SHUNT_LIBPQ_FUNCTIONS(SHUNT_LIBPQ_FIND)
#undef SHUNT_LIBPQ_FIND
  return libpq;
}

}  // namespace

absl::StatusOr<const Libpq*> LoadLibpq() {
  static const absl::StatusOr<Libpq>& loaded = *new absl::StatusOr<Libpq>(Load());
  if (loaded.ok()) return &*loaded;
  return absl::UnavailableError(
      absl::StrCat("a PostgreSQL store needs libpq of version 14 or later (Debian: libpq5): ",
                   loaded.status().message()));
}

}  // namespace shunt
