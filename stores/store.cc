#include "stores/store.h"

#include "absl/strings/str_cat.h"
#include "stores/memory_store.h"
#include "stores/postgres_store.h"
#include "stores/postgres_target.h"
#include "stores/sealed_store.h"
#include "stores/sqlite_store.h"
#include "stores/url_password.h"

namespace shunt {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kMemory = "memory:";

absl::StatusOr<std::unique_ptr<Store>> OpenPlain(std::string_view url,
                                                 const StoreOptions& options) {
  if (HasPassword(url)) return PasswordInUrl();
  if (url == kMemory) return std::unique_ptr<Store>(std::make_unique<MemoryStore>());
  if (IsPostgresUrl(url)) {
    absl::StatusOr<std::unique_ptr<PostgresStore>> store = PostgresStore::Open(url, options);
    if (!store.ok()) return store.status();
    return std::unique_ptr<Store>(*std::move(store));
  }
  if (!url.starts_with(kSqlite)) {
    return absl::InvalidArgumentError(
        "a store URL is sqlite:PATH, postgresql://HOST/DATABASE or memory:");
  }
  const std::string_view path = url.substr(kSqlite.size());
  if (path.empty() || path.back() == '/' || path.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("a store URL is sqlite:PATH, with the path of a file");
  }
  if (path == ":memory:") {
    return absl::InvalidArgumentError("the store URL for memory is memory:");
  }
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, options);
  if (!store.ok()) return store.status();
  return std::unique_ptr<Store>(*std::move(store));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenStore(std::string_view url,
                                                 const StoreOptions& options) {
  absl::StatusOr<std::unique_ptr<Store>> plain = OpenPlain(url, options);
  if (!plain.ok()) return plain.status();
  absl::StatusOr<std::unique_ptr<SealedStore>> sealed =
      SealedStore::Open(*std::move(plain), options.keys, options.sealing, options.seal_anchor);
  if (!sealed.ok()) return sealed.status();
  return std::unique_ptr<Store>(*std::move(sealed));
}

absl::StatusOr<int> ReencryptStore(Store& store) {
  auto* const sealed = dynamic_cast<SealedStore*>(&store);
  if (sealed == nullptr) return absl::InvalidArgumentError("the store was opened without keys");
  return sealed->SealAll();
}

}  // namespace shunt
