#include "tests/stores/store_worlds.h"

#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "platform/check.h"
#include "stores/memory_store.h"
#include "stores/postgres_store.h"
#include "stores/sqlite_store.h"
#include "tests/stores/postgres_server.h"
#include "tests/stores/quick_dir.h"

namespace shunt {
namespace {

class MemoryWorld final : public StoreWorld {
 public:
  std::unique_ptr<Store> Open() override { return first_.Attach(); }

 private:
  MemoryStore first_;  // keeps the content while no store is open
};

template <typename Opened>
std::unique_ptr<Store> Use(Opened store) {
  if (!store.ok()) ::fprintf(stderr, "%s\n", store.status().ToString().c_str());
  SHUNT_CHECK(store.ok());
  return *std::move(store);
}

class SqliteWorld final : public StoreWorld {
 public:
  explicit SqliteWorld(std::shared_ptr<const Keyring> keys) : keys_(std::move(keys)) {}

  std::unique_ptr<Store> Open() override {
    return Use(OpenStore("sqlite:" + (directory_ / "store.db"), {.keys = keys_}));
  }

 private:
  const std::shared_ptr<const Keyring> keys_;
  QuickDir directory_;
};

class BareSqliteWorld final : public StoreWorld {
 public:
  std::unique_ptr<Store> Open() override {
    return Use(SqliteStore::Open(directory_ / "store.db", {}));
  }

 private:
  QuickDir directory_;
};

std::shared_ptr<const Keyring> SomeKeys() {
  return *Keyring::Parse("0123456789abcdef0123456789abcdef");
}

std::string QuickBase() { return std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp"; }

// One server for all tests of a program. A database is used again when its world is gone, because
// making one takes long.
class PostgresDatabases {
 public:
  static PostgresDatabases& All() {
    static PostgresDatabases all;
    return all;
  }
  std::string Take() {
    if (free_.empty()) {
      const std::string name = "world" + std::to_string(++made_);
      server_.Execute("CREATE DATABASE " + name + " TEMPLATE template0");
      return name;
    }
    std::string name = std::move(free_.back());
    free_.pop_back();
    return name;
  }
  void Return(std::string name) {
    server_.Execute("DROP SCHEMA IF EXISTS shunt CASCADE", name);
    free_.push_back(std::move(name));
  }
  std::string Url(const std::string& name) const { return server_.Url(name); }

 private:
  PostgresServer server_{{.base = QuickBase()}};
  int made_ = 0;
  std::vector<std::string> free_;
};

class PostgresWorld final : public StoreWorld {
 public:
  explicit PostgresWorld(std::shared_ptr<const Keyring> keys)
      : keys_(std::move(keys)), name_(PostgresDatabases::All().Take()) {}
  ~PostgresWorld() override { PostgresDatabases::All().Return(name_); }
  std::unique_ptr<Store> Open() override {
    return Use(OpenStore(PostgresDatabases::All().Url(name_), {.keys = keys_}));
  }

 private:
  const std::shared_ptr<const Keyring> keys_;
  const std::string name_;
};

class BarePostgresWorld final : public StoreWorld {
 public:
  BarePostgresWorld() : name_(PostgresDatabases::All().Take()) {}
  ~BarePostgresWorld() override { PostgresDatabases::All().Return(name_); }
  std::unique_ptr<Store> Open() override {
    return Use(PostgresStore::Open(PostgresDatabases::All().Url(name_), {}));
  }

 private:
  const std::string name_;
};

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

StoreKind PostgresKind() {
  return {"Postgres", [] { return std::make_unique<PostgresWorld>(nullptr); }};
}

StoreKind SealedPostgresKind() {
  return {"SealedPostgres", [] { return std::make_unique<PostgresWorld>(SomeKeys()); }};
}

StoreKind BareSqliteKind() {
  return {"BareSqlite", [] { return std::make_unique<BareSqliteWorld>(); }};
}

StoreKind BarePostgresKind() {
  return {"BarePostgres", [] { return std::make_unique<BarePostgresWorld>(); }};
}

}  // namespace shunt
