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
  std::unique_ptr<Store> Open() override {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenStore("sqlite:" + (directory_ / "store.db"), StoreOptions());
    SHUNT_CHECK(store.ok());
    return *std::move(store);
  }

 private:
  QuickDir directory_;
};

}  // namespace

StoreKind MemoryKind() {
  return {"Memory", [] { return std::make_unique<MemoryWorld>(); }};
}

StoreKind SqliteKind() {
  return {"Sqlite", [] { return std::make_unique<SqliteWorld>(); }};
}

}  // namespace shunt
