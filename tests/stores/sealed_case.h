// SealedFile: a test with an encrypted store in a real SQLite file, what stands in it, and what
// others do to it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "stores/forwarding_store.h"
#include "stores/sealed_store.h"
#include "stores/sqlite_store.h"
#include "tests/stores/quick_dir.h"
#include "tests/stores/store_conformance.h"

namespace shunt {

inline std::shared_ptr<const Keyring> Keys(char first, char second = 0) {
  const auto line = [](char c) { return std::string(2 * kKeyBytes, c) + "\n"; };
  return *Keyring::Parse(line(first) + (second == 0 ? "" : line(second)));
}

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline JournalRow Row(int64_t seq, std::string payload) {
  JournalRow row;
  row.config_id = "id";
  row.run_id = "run";
  row.writer = "source";
  row.order = {1000, 1, seq};
  row.received_at = kNow;
  row.verdict = Verdict::kApplied;
  row.payload = std::move(payload);
  return row;
}

inline ConfigDocument Document(int64_t generation) {
  ConfigDocument document;
  document.generation = generation;
  document.keys = {{"k", "1", {}}};
  return document;
}

// A config of two keys and one journal row, all with "s3cr3t" in them.
inline ConfigChange Secrets() {
  ConfigDocument document;
  document.generation = 1;
  document.newest = {1000, 1, 5};
  document.keys = {{"token", "\"s3cr3t-token\"", document.newest},
                   {"other", "\"s3cr3t-other\"", document.newest}};
  document.file_salt = "s3cr3t-salt";
  return {document, {Row(5, R"({"token":"s3cr3t-token"})")}};
}

// A store on which somebody else acts right before it gets its seal, that counts, and that fails.
class WatchedStore final : public ForwardingStore {
 public:
  explicit WatchedStore(std::unique_ptr<Store> inner)
      : ForwardingStore(*inner), owned_(std::move(inner)) {}

  absl::Status UpdateSeal(const EditSeal& edit) override {
    if (before_seal) before_seal();
    return inner_.UpdateSeal(edit);
  }
  absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) override {
    if (rewrites_left-- == 0) return absl::UnavailableError("the disk is gone");
    return inner_.RewriteConfig(
        config_id, [&](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
          absl::StatusOr<ConfigChange> change = rewrite(stored, journal);
          if (change.ok()) most_rows = std::max(most_rows, change->rows.size());
          return change;
        });
  }
  std::function<void()> before_seal;
  std::size_t most_rows = 0;
  int rewrites_left = -1;  // then they fail; negative: never

 private:
  const std::unique_ptr<Store> owned_;
};

// The same for another config.
inline ConfigChange WithId(std::string config_id) {
  ConfigChange change = Secrets();
  for (JournalRow& row : change.rows) row.config_id = config_id;
  return change;
}

class SealedFile : public ::testing::Test {
 protected:
  std::string Path() const { return directory_ / "store.db"; }
  std::string Url() const { return "sqlite:" + Path(); }
  absl::StatusOr<std::unique_ptr<Store>> Open(std::shared_ptr<const Keyring> keys,
                                              Sealing sealing = Sealing::kNew) {
    return OpenStore(Url(), {.keys = std::move(keys), .sealing = sealing});
  }
  // What is stored, as it stands there.
  std::unique_ptr<Store> Raw() { return *OpenRaw(); }
  absl::StatusOr<std::unique_ptr<Store>> OpenRaw();

  void Fill(std::shared_ptr<const Keyring> keys) {
    EXPECT_OK((*Open(std::move(keys)))->UpdateConfig("id", Always(Secrets())));
  }

  QuickDir directory_;
};

inline absl::StatusOr<std::unique_ptr<Store>> SealedFile::OpenRaw() {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(Path(), {});
  if (!store.ok()) return store.status();
  return std::unique_ptr<Store>(*std::move(store));
}

}  // namespace shunt
