// Encryption at rest on a real SQLite file: what stands in it, who can read it, and what is
// noticed.
#include "stores/sealed_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>

#include "secrets/sealing.h"
#include "stores/forwarding_store.h"
#include "stores/sqlite_store.h"
#include "tests/stores/quick_dir.h"
#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

std::shared_ptr<const Keyring> Keys(char first, char second = 0) {
  const auto line = [](char c) { return std::string(2 * kKeyBytes, c) + "\n"; };
  return *Keyring::Parse(line(first) + (second == 0 ? "" : line(second)));
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

JournalRow Row(int64_t seq, std::string payload) {
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

ConfigDocument Document(int64_t generation) {
  ConfigDocument document;
  document.generation = generation;
  document.keys = {{"k", "1", {}}};
  return document;
}

// A config of two keys and one journal row, all with "s3cr3t" in them.
ConfigChange Secrets() {
  ConfigDocument document;
  document.generation = 1;
  document.newest = {1000, 1, 5};
  document.keys = {{"token", "\"s3cr3t-token\"", document.newest},
                   {"other", "\"s3cr3t-other\"", document.newest}};
  document.file_salt = "s3cr3t-salt";
  return {document, {Row(5, R"({"token":"s3cr3t-token"})")}};
}

class SealedFile : public ::testing::Test {
 protected:
  std::string Path() const { return directory_ / "store.db"; }
  std::string Url() const { return "sqlite:" + Path(); }
  absl::StatusOr<std::unique_ptr<Store>> Open(std::shared_ptr<const Keyring> keys) {
    return OpenStore(Url(), {.keys = std::move(keys)});
  }
  // What is stored, as it stands there.
  std::unique_ptr<Store> Raw() { return *OpenRaw(); }
  absl::StatusOr<std::unique_ptr<Store>> OpenRaw();

  void Fill(std::shared_ptr<const Keyring> keys) {
    EXPECT_OK((*Open(std::move(keys)))->UpdateConfig("id", Always(Secrets())));
  }

  QuickDir directory_;
};

absl::StatusOr<std::unique_ptr<Store>> SealedFile::OpenRaw() {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(Path(), {});
  if (!store.ok()) return store.status();
  return std::unique_ptr<Store>(*std::move(store));
}

TEST_F(SealedFile, HoldsNoSecret) {
  Fill(Keys('a'));
  EXPECT_EQ(ReadAll(Path()).find("s3cr3t"), std::string::npos);
  const std::unique_ptr<Store> store = *Open(Keys('a'));
  EXPECT_EQ(Get(store->ReadConfig("id")), *Secrets().document);
  EXPECT_EQ(Get(store->ReadJournal("id")), Secrets().rows);
}

TEST_F(SealedFile, WithoutAKeyItHoldsThem) {
  Fill(nullptr);
  EXPECT_NE(ReadAll(Path()).find("s3cr3t"), std::string::npos);
}

TEST_F(SealedFile, TheFirstStartWithAKeyEncryptsWhatIsThere) {
  Fill(nullptr);
  EXPECT_EQ(Get((*Open(Keys('a')))->ReadConfig("id")), *Secrets().document);
  EXPECT_EQ(ReadAll(Path()).find("s3cr3t"), std::string::npos) << "also not in free pages";
}

TEST_F(SealedFile, IsRefusedWithAnotherKey) {
  Fill(Keys('a'));
  const absl::Status status = Open(Keys('b')).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status;
  EXPECT_NE(status.message().find(Path()), absl::string_view::npos) << status;
}

TEST_F(SealedFile, WithoutAKeyOnlyItsConfigsAreOutOfReach) {
  Fill(Keys('a'));
  const std::unique_ptr<Store> store = *Open(nullptr);
  EXPECT_TRUE(store->BeginRun("a", "run", kNow, false).ok());
  EXPECT_TRUE(store->ReadCheckpoint("a").ok());
  const StatusCode denied = StatusCode::kPermissionDenied;
  EXPECT_EQ(CodeOf(store->ReadConfig("id")), denied);
  EXPECT_EQ(CodeOf(store->ReadConfig("unknown")), denied);
  EXPECT_EQ(CodeOf(store->ReadJournal("id")), denied);
  EXPECT_EQ(CodeOf(store->UpdateConfig("new", Always({Document(0), {}}))), denied)
      << "nothing is written in the clear";
}

TEST_F(SealedFile, AStoreWithoutConfigsIsRefusedToo) {
  EXPECT_TRUE(Open(Keys('a')).ok());
  EXPECT_EQ(Open(Keys('b')).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(SealedFile, AKeyIsChangedInThreeSteps) {
  Fill(Keys('a'));
  const std::string new_id(Keys('b')->first_id());
  {
    // New key first, old one behind it: both kinds are read, writes use the new one.
    absl::StatusOr<std::unique_ptr<Store>> store = Open(Keys('b', 'a'));
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(Get((*store)->ReadConfig("id")), *Secrets().document);
    EXPECT_OK((*store)->UpdateConfig("other", Always({Document(1), {}})));
  }
  absl::StatusOr<std::unique_ptr<SealedStore>> store =
      SealedStore::Open(*OpenRaw(), Keys('b', 'a'));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Get((*store)->SealAll()), 1) << "the other one has the new key already";
  EXPECT_EQ(Get((*store)->SealAll()), 0);
  store->reset();
  EXPECT_EQ(Get((*Open(Keys('b')))->ReadJournal("id")), Secrets().rows);
  EXPECT_EQ(Open(Keys('a')).status().code(), StatusCode::kPermissionDenied);
  for (const ConfigKey& key : Get(Raw()->ReadConfig("id")).keys) {
    EXPECT_EQ(SealKeyId(*key.value), new_id);
  }
}

// --- others are at work
// ----------------------------------------------------------------------------

TEST_F(SealedFile, ARunWithoutAKeyWritesNothingInTheClearOnceAnotherHasSealed) {
  const std::unique_ptr<Store> keyless = *Open(nullptr);
  EXPECT_OK(keyless->UpdateConfig("before", Always({Document(0), {}})));
  ASSERT_TRUE(Open(Keys('a')).ok());
  EXPECT_EQ(CodeOf(keyless->UpdateConfig("id", Always(Secrets()))), StatusCode::kPermissionDenied);
  const auto rewrite = [](const auto&, const auto&) {
    return absl::StatusOr<ConfigChange>(Secrets());
  };
  EXPECT_EQ(CodeOf(keyless->RewriteConfig("id", rewrite)), StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(keyless->UpdateConfig("before", Always({Document(1), {}}))),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadAll(Path()).find("s3cr3t"), std::string::npos);
  EXPECT_EQ(Get((*Open(Keys('a')))->ListConfigs()), std::vector<std::string>{"before"});
}

// A store on which somebody else acts right before it gets its seal, and that counts.
class WatchedStore final : public ForwardingStore {
 public:
  explicit WatchedStore(std::unique_ptr<Store> inner)
      : ForwardingStore(*inner), owned_(std::move(inner)) {}

  absl::Status SetSeal(std::string_view seal) override {
    if (before_seal) before_seal();
    return inner_.SetSeal(seal);
  }
  absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) override {
    return inner_.RewriteConfig(
        config_id, [&](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
          absl::StatusOr<ConfigChange> change = rewrite(stored, journal);
          if (change.ok()) most_rows = std::max(most_rows, change->rows.size());
          return change;
        });
  }
  std::function<void()> before_seal;
  std::size_t most_rows = 0;

 private:
  const std::unique_ptr<Store> owned_;
};

TEST_F(SealedFile, WhatARunWithoutAKeyWritesInTheLastMomentIsSealedToo) {
  const std::unique_ptr<Store> keyless = *Open(nullptr);
  auto watched = std::make_unique<WatchedStore>(*OpenRaw());
  watched->before_seal = [&] { EXPECT_OK(keyless->UpdateConfig("id", Always(Secrets()))); };
  const auto store = SealedStore::Open(std::move(watched), Keys('a'));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Get((*store)->ReadConfig("id")), *Secrets().document);
  EXPECT_EQ(ReadAll(Path()).find("s3cr3t"), std::string::npos);
}

TEST_F(SealedFile, ALongJournalIsSealedInParts) {
  ConfigChange change{Document(1), {}};
  for (int64_t seq = 0; seq < 200; ++seq) change.rows.push_back(Row(seq, "\"s3cr3t\""));
  EXPECT_OK((*Open(nullptr))->UpdateConfig("id", Always(change)));
  auto watched = std::make_unique<WatchedStore>(*OpenRaw());
  WatchedStore& watch = *watched;
  const auto store = SealedStore::Open(std::move(watched), Keys('a'));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(watch.most_rows, SealedStore::kSealedAtOnce);
  EXPECT_EQ(Get((*store)->ReadJournal("id")), change.rows);
  EXPECT_EQ(ReadAll(Path()).find("s3cr3t"), std::string::npos);
}

TEST_F(SealedFile, AJournalRowOfAnOlderKeyIsRead) {
  Fill(Keys('a'));
  EXPECT_EQ(Get((*Open(Keys('b', 'a')))->ReadJournal("id")), Secrets().rows);
}

// --- somebody writes into the database
// -------------------------------------------------------------

class TamperedFile : public SealedFile {
 protected:
  TamperedFile() { Fill(Keys('a')); }

  // Changes what is stored, behind the back of the encryption.
  void Tamper(const std::function<void(ConfigDocument*, std::vector<JournalRow>*)>& change) {
    const auto rewrite = [&](const ConfigDocument& stored, const std::vector<JournalRow>& rows) {
      ConfigChange tampered{stored, rows};
      change(&*tampered.document, &tampered.rows);
      return absl::StatusOr<ConfigChange>(tampered);
    };
    EXPECT_OK(Raw()->RewriteConfig("id", rewrite));
  }
  void ExpectNoticed(bool in_document) {
    const std::unique_ptr<Store> store = *Open(Keys('a'));
    const absl::Status status =
        in_document ? store->ReadConfig("id").status() : store->ReadJournal("id").status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_NE(status.message().find("id"), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find("s3cr3t"), absl::string_view::npos) << status;
    if (in_document) {
      EXPECT_EQ(CodeOf(store->UpdateConfig("id", Always({Document(2), {}}))), StatusCode::kDataLoss)
          << "what cannot be opened is not overwritten";
    }
  }
};

TEST_F(TamperedFile, ABitFlip) {
  Tamper([](ConfigDocument* document, auto*) {
    std::string& value = *document->keys[0].value;
    value[value.size() / 2] = value[value.size() / 2] == 'A' ? 'B' : 'A';
  });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, TwoValuesSwapped) {
  Tamper([](ConfigDocument* document, auto*) {
    std::swap(document->keys[0].value, document->keys[1].value);
  });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, ARaisedOrderKey) {
  Tamper([](ConfigDocument* document, auto*) { document->keys[0].order.effective_at_ms += 1; });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AnotherGeneration) {
  Tamper([](ConfigDocument* document, auto*) { ++document->generation; });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, APlainValuePutInItsPlace) {
  Tamper([](ConfigDocument* document, auto*) { document->keys[0].value = "\"planted\""; });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AnotherSalt) {
  Tamper([](ConfigDocument* document, auto*) { document->file_salt = "planted"; });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, APayloadOfAnotherRow) {
  Tamper([](auto*, std::vector<JournalRow>* rows) {
    JournalRow copy = rows->front();
    copy.order.seq = 99;
    rows->push_back(copy);
  });
  ExpectNoticed(false);
}

TEST_F(TamperedFile, AValueOfAnotherConfigOrStore) {
  const ConfigDocument stolen = Get(Raw()->ReadConfig("id"));
  EXPECT_OK(Raw()->UpdateConfig("other", Always({stolen, {}})));
  EXPECT_EQ((*Open(Keys('a')))->ReadConfig("other").status().code(), StatusCode::kDataLoss);

  QuickDir elsewhere;
  const std::string url = "sqlite:" + (elsewhere / "store.db");
  ASSERT_TRUE(OpenStore(url, {.keys = Keys('a')}).ok());
  EXPECT_OK(
      (*SqliteStore::Open(elsewhere / "store.db", {}))->UpdateConfig("id", Always({stolen, {}})));
  EXPECT_EQ((*OpenStore(url, {.keys = Keys('a')}))->ReadConfig("id").status().code(),
            StatusCode::kDataLoss);
}

TEST_F(TamperedFile, WhatIsNotEncryptedIsTakenWhenAskedTo) {
  Tamper([](ConfigDocument* document, auto*) { document->keys[0].value = "\"by hand\""; });
  const auto store = SealedStore::Open(*OpenRaw(), Keys('a'));
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(Get((*store)->SealAll()), 1);
  EXPECT_EQ(Get((*store)->ReadConfig("id")).keys[0].value, "\"by hand\"");
}

// --- texts that look like ours
// ---------------------------------------------------------------------

TEST_F(SealedFile, ALineThatLooksSealedIsOnlyText) {
  for (const std::string& text :
       {std::string("sealed:1:0011223344556677:AAAA CONNECTOR_CONFIG"),
        std::string("plain:CONNECTOR_CONFIG"), std::string("plain:sealed:1:")}) {
    ConfigChange change;
    change.rows.push_back(Row(1, text));
    EXPECT_OK((*Open(nullptr))->UpdateConfig("id", Always(change)));
    EXPECT_EQ(Get((*Open(nullptr))->ReadJournal("id"))[0].payload, text);
  }
  EXPECT_EQ(Get((*Open(Keys('a')))->ReadJournal("id"))[0].payload, "plain:sealed:1:");
}

}  // namespace
}  // namespace shunt
