// A StoreWorld is one content that many stores can open, as many processes open one file. The
// conformance suite runs in every world and never asks which one it is in.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "stores/store.h"

namespace shunt {

class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  // Another store on the same content. Destroying it is what the end of its process would be.
  virtual std::unique_ptr<Store> Open() = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreWorld>()> make_world;
};

StoreKind MemoryKind();
StoreKind SqliteKind();
StoreKind SealedSqliteKind();  // with a key
StoreKind PostgresKind();      // a server is started with the first world
StoreKind SealedPostgresKind();
// Without what OpenStore puts in front of them, with or without a key: that has the seal.
StoreKind BareSqliteKind();
StoreKind BarePostgresKind();

}  // namespace shunt
