// Encryption at rest on a real SQLite file: what stands in it, who can read it, and what is
// noticed.
#include "stores/sealed_store.h"

#include "secrets/sealing.h"
#include "stores/sqlite_database.h"
#include "tests/stores/sealed_case.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

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

// --- encrypting what is there
// ---------------------------------------------------------------------

TEST_F(SealedFile, AKeyAloneEncryptsNothing) {
  Fill(nullptr);
  const std::string before = ReadAll(Path());
  const absl::Status status = Open(Keys('a')).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  for (const std::string& word : {Path(), std::string("--seal-store"), std::string("rekey")}) {
    EXPECT_NE(status.message().find(word), absl::string_view::npos) << status;
  }
  EXPECT_EQ(ReadAll(Path()), before);
  EXPECT_EQ(Get((*Open(nullptr))->ReadConfig("id")), *Secrets().document);
}

TEST_F(SealedFile, AStoreThatHadARunIsInUse) {
  EXPECT_TRUE((*Open(nullptr))->BeginRun("a", "run", kNow, false).ok());
  EXPECT_EQ(Open(Keys('a')).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SealedFile, WhenItIsAskedForWhatIsThereIsEncrypted) {
  for (const Sealing sealing : {Sealing::kExisting, Sealing::kRekey}) {
    QuickDir elsewhere;
    const std::string url = "sqlite:" + (elsewhere / "store.db");
    EXPECT_OK((*OpenStore(url))->UpdateConfig("id", Always(Secrets())));
    ASSERT_TRUE(OpenStore(url, {.keys = Keys('a'), .sealing = sealing}).ok());
    EXPECT_EQ(ReadAll(elsewhere / "store.db").find("s3cr3t"), std::string::npos)
        << "also not in free pages";
    const std::unique_ptr<Store> store = *OpenStore(url, {.keys = Keys('a')});
    EXPECT_EQ(Get(store->ReadConfig("id")), *Secrets().document);
    EXPECT_EQ(Get(store->ReadJournal("id")), Secrets().rows);
  }
}

TEST_F(SealedFile, ALookWritesNothingAndReadsWhatIsThere) {
  Fill(nullptr);
  const std::string before = ReadAll(Path());
  EXPECT_EQ(Get((*Open(Keys('a'), Sealing::kLookExisting))->ReadConfig("id")), *Secrets().document);
  EXPECT_EQ(Open(Keys('a'), Sealing::kLook).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadAll(Path()), before);
}

TEST_F(SealedFile, EncryptingThatBrokeOffIsFinishedWhenAskedTo) {
  Fill(nullptr);
  EXPECT_OK((*Open(nullptr))->UpdateConfig("second", Always(WithId("second"))));
  const std::string before = ReadAll(Path());
  {
    auto watched = std::make_unique<WatchedStore>(*OpenRaw());
    watched->rewrites_left = 1;
    EXPECT_FALSE(SealedStore::Open(std::move(watched), Keys('a'), Sealing::kExisting).ok());
  }
  EXPECT_EQ(CodeOf((*Open(nullptr))->UpdateConfig("third", Always({Document(0), {}}))),
            StatusCode::kPermissionDenied)
      << "a run without a key writes nothing any more";
  EXPECT_EQ(Open(Keys('a')).status().code(), StatusCode::kInvalidArgument);
  for (const Sealing sealing : {Sealing::kExisting, Sealing::kRekey}) {
    ASSERT_TRUE(Open(Keys('a'), sealing).ok());
  }
  EXPECT_EQ(Get((*Open(Keys('a')))->ReadConfig("id")), *Secrets().document);
  EXPECT_EQ(Get((*Open(Keys('a')))->ReadConfig("second")), *Secrets().document);
  EXPECT_EQ(ReadAll(Path()).find("s3cr3t"), std::string::npos);
}

// --- others are at work
// ----------------------------------------------------------------------------

TEST_F(SealedFile, ARunWithoutAKeyWritesNothingInTheClearOnceAnotherHasSealed) {
  const std::unique_ptr<Store> keyless = *Open(nullptr);
  EXPECT_OK(keyless->UpdateConfig("before", Always({Document(0), {}})));
  ASSERT_TRUE(Open(Keys('a'), Sealing::kExisting).ok());
  EXPECT_EQ(CodeOf(keyless->ReadConfig("before")), StatusCode::kPermissionDenied);
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

TEST_F(SealedFile, WhatARunWithoutAKeyWritesInTheLastMomentIsSealedToo) {
  const std::unique_ptr<Store> keyless = *Open(nullptr);
  auto watched = std::make_unique<WatchedStore>(*OpenRaw());
  bool wrote = false;
  watched->before_seal = [&] {
    if (!wrote) EXPECT_OK(keyless->UpdateConfig("id", Always(Secrets())));
    wrote = true;
  };
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
  const auto store = SealedStore::Open(std::move(watched), Keys('a'), Sealing::kExisting);
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
  {
    const auto store = SealedStore::Open(*OpenRaw(), Keys('a'), Sealing::kRekey);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(CodeOf((*store)->SealAll()), StatusCode::kDataLoss) << "a new key is no reason";
  }
  const auto store = SealedStore::Open(*OpenRaw(), Keys('a'), Sealing::kTrust);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Get((*store)->SealAll()), 1);
  EXPECT_EQ(Get((*store)->ReadConfig("id")).keys[0].value, "\"by hand\"");
  EXPECT_EQ(Get((*Open(Keys('a')))->ReadConfig("id")).keys[0].value, "\"by hand\"");
}

// --- the document as a whole
// ----------------------------------------------------------------------

TEST_F(TamperedFile, AKeyThatIsRemoved) {
  Tamper([](ConfigDocument* document, auto*) { document->keys.pop_back(); });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AKeyThatIsNulled) {
  Tamper([](ConfigDocument* document, auto*) { document->keys[1].value.reset(); });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AKeyThatIsAdded) {
  Tamper([](ConfigDocument* document, auto*) {
    document->keys.push_back({"host", std::nullopt, document->newest});
  });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, KeysInAnotherOrder) {
  Tamper([](ConfigDocument* document, auto*) { std::swap(document->keys[0], document->keys[1]); });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AFingerprintOfTheConfigFile) {
  Tamper([](ConfigDocument* document, auto*) {
    document->file_fingerprints.emplace_back("token", "0011");
  });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AFloorOrANewest) {
  Tamper([](ConfigDocument* document, auto*) { document->floor.effective_at_ms = 1e15; });
  ExpectNoticed(true);
  Tamper([](ConfigDocument* document, auto*) {
    document->floor = {};
    document->newest.epoch = 9;
  });
  ExpectNoticed(true);
}

TEST_F(TamperedFile, AnyFieldOfARow) {
  const JournalRow row = Get(Raw()->ReadJournal("id")).front();
  const std::function<void(JournalRow*)> edits[] = {
      [](JournalRow* r) { r->verdict = Verdict::kPending; },
      [](JournalRow* r) { r->reason = "x"; },
      [](JournalRow* r) { r->keys = {"x"}; },
      [](JournalRow* r) { r->generation += 1; },
      [](JournalRow* r) { r->received_at += absl::Nanoseconds(1); },
      [](JournalRow* r) { r->emitted_at_text = "1"; },
      [](JournalRow* r) { r->time_source = "lifted"; },
      [](JournalRow* r) { r->unvalidated = true; },
      [](JournalRow* r) { r->alert = true; },
      [](JournalRow* r) { r->order.epoch += 1; }};
  for (const auto& edit : edits) {
    Tamper([&](auto*, std::vector<JournalRow>* rows) {
      rows->front() = row;
      edit(&rows->front());
    });
    ExpectNoticed(false);
  }
}

class OlderDocument : public TamperedFile {
 protected:
  OlderDocument() : old_(Get(Raw()->ReadConfig("id"))) {
    ConfigDocument next = *Secrets().document;
    next.generation = 2;
    next.keys[0].value = "\"newer\"";
    EXPECT_OK((*Open(Keys('a')))->UpdateConfig("id", Always({next, {Row(6, "{}")}})));
  }
  // Past the rule that generations do not go back.
  void PutBack() {
    auto database = *SqliteDatabase::Open(Path(), absl::Seconds(1));
    EXPECT_OK(database->Execute("DELETE FROM configs"));
    database.reset();
    EXPECT_OK(Raw()->UpdateConfig("id", Always({old_, {}})));
  }
  const ConfigDocument old_;
};

TEST_F(OlderDocument, IsNoticed) {
  PutBack();
  ExpectNoticed(true);
}

TEST_F(OlderDocument, WithTheOlderSealIsNoticedByWhoSawTheNewer) {
  const std::unique_ptr<Store> running = *Open(Keys('a'));
  EXPECT_EQ(Get(running->ReadConfig("id")).generation, 2);
  PutBack();
  EXPECT_OK(Raw()->UpdateSeal(
      [&](std::string_view) -> absl::StatusOr<std::string> { return old_.store_seal; }));
  EXPECT_EQ(CodeOf(running->ReadConfig("id")), StatusCode::kDataLoss);
  EXPECT_EQ(CodeOf(running->UpdateConfig("id", Always({Document(3), {}}))), StatusCode::kDataLoss);
}

TEST_F(TamperedFile, ADocumentThatIsRemoved) {
  auto database = *SqliteDatabase::Open(Path(), absl::Seconds(1));
  EXPECT_OK(database->Execute("DELETE FROM configs"));
  database.reset();
  ExpectNoticed(true);
  const auto store = SealedStore::Open(*OpenRaw(), Keys('a'), Sealing::kTrust);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_FALSE(Get((*store)->ReadConfig("id")).exists()) << "now it is known to be gone";
}

TEST_F(TamperedFile, ADocumentThatIsAdded) {
  EXPECT_OK(Raw()->UpdateConfig("new", Always({Document(0), {}})));
  EXPECT_EQ(CodeOf((*Open(Keys('a')))->ReadConfig("new")), StatusCode::kDataLoss);
  ConfigDocument bare = Document(0);
  bare.keys.clear();
  EXPECT_OK(Raw()->UpdateConfig("bare", Always({bare, {}})));
  EXPECT_EQ(CodeOf((*Open(Keys('a')))->ReadConfig("bare")), StatusCode::kDataLoss);
}

TEST_F(TamperedFile, AStoreThatNoLongerSaysThatItIsSealed) {
  auto database = *SqliteDatabase::Open(Path(), absl::Seconds(1));
  EXPECT_OK(database->Execute("UPDATE store_identity SET seal = ''"));
  database.reset();
  for (const Sealing sealing : {Sealing::kNew, Sealing::kExisting, Sealing::kRekey}) {
    EXPECT_EQ(Open(Keys('a'), sealing).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_EQ(CodeOf((*Open(nullptr))->ReadConfig("id")), StatusCode::kPermissionDenied);
  ASSERT_TRUE(Open(Keys('a'), Sealing::kTrust).ok());
  EXPECT_EQ(Get((*Open(Keys('a')))->ReadConfig("id")), *Secrets().document);
}

TEST_F(TamperedFile, ASealOfItsOwnMaking) {
  for (const std::string seal : {"x", "sealed:2:", "sealed:1:0011223344556677:AAAA"}) {
    EXPECT_OK(
        Raw()->UpdateSeal([&](std::string_view) -> absl::StatusOr<std::string> { return seal; }));
    EXPECT_FALSE(Open(Keys('a')).ok()) << seal;
    EXPECT_FALSE(Open(Keys('a'), Sealing::kExisting).ok()) << seal;
    EXPECT_FALSE(Open(Keys('a'), Sealing::kRekey).ok()) << seal;
  }
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
  EXPECT_EQ(Get((*Open(Keys('a'), Sealing::kRekey))->ReadJournal("id"))[0].payload,
            "plain:sealed:1:");
}

}  // namespace
}  // namespace shunt
