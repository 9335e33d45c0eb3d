#include "tests/stores/store_worlds.h"

#include "platform/check.h"
#include "stores/memory_store.h"
#include "stores/sqlite_store.h"
#include "tests/stores/quick_dir.h"

namespace shunt {
namespace {

class MemoryWorld final : public StoreWorld {
 public:
  std::unique_ptr<Store> Open() override { return first_.Attach(); }

 private:
  MemoryStore first_;  // keeps the content while no store is open
};

class SqliteWorld final : public StoreWorld {
 public:
  explicit SqliteWorld(std::shared_ptr<const Keyring> keys) : keys_(std::move(keys)) {}

  std::unique_ptr<Store> Open() override {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenStore("sqlite:" + (directory_ / "store.db"), {.keys = keys_});
    SHUNT_CHECK(store.ok());
    return *std::move(store);
  }

 private:
  const std::shared_ptr<const Keyring> keys_;
  QuickDir directory_;
};

std::shared_ptr<const Keyring> SomeKeys() {
  return *Keyring::Parse("0123456789abcdef0123456789abcdef");
}

}  // namespace

StoreKind MemoryKind() {
  return {"Memory", [] { return std::make_unique<MemoryWorld>(); }};
}

StoreKind SqliteKind() {
  return {"Sqlite", [] { return std::make_unique<SqliteWorld>(nullptr); }};
}

StoreKind SealedSqliteKind() {
  return {"SealedSqlite", [] { return std::make_unique<SqliteWorld>(SomeKeys()); }};
}

}  // namespace shunt
