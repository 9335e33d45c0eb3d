// Stores that an earlier version encrypted, value by value: taken over when somebody asks for it,
// and no way into a store that is encrypted as a whole.
#include "secrets/sealing.h"
#include "stores/seal_head.h"
#include "tests/stores/sealed_case.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

// What format 1 wrote: the same ciphertext under another mark, a payload that is bound to the place
// of its row only, and a word for a seal.
class FormatOneFile : public SealedFile {
 protected:
  FormatOneFile() {
    const std::string id = Get(Raw()->ReadIdentity()).store_id;
    const auto old = [&](const SealContext& context, std::string_view text) {
      std::string sealed = Seal(*Keys('a'), context, text);
      sealed.replace(0, std::string("sealed:2:").size(), "sealed:1:");
      return sealed;
    };
    ConfigChange change = Secrets();
    change.document->file_salt = old({"salt", id, "id", "1"}, change.document->file_salt);
    for (ConfigKey& key : change.document->keys) {
      key.value = old({"value", id, "id", "1", key.key, ExactText(key.order)}, *key.value);
    }
    for (JournalRow& row : change.rows) {
      row.payload =
          old({"payload", id, "id", row.run_id, row.writer, ExactText(row.order)}, row.payload);
    }
    EXPECT_OK(Raw()->UpdateConfig("id", Always(change)));
    seal_ = old({"check", id}, "shunt");
    SetSeal(seal_);
  }
  void SetSeal(const std::string& seal) {
    EXPECT_OK(
        Raw()->UpdateSeal([&](std::string_view) -> absl::StatusOr<std::string> { return seal; }));
  }
  std::string seal_;
};

TEST_F(FormatOneFile, IsRefusedUntilItIsRekeyed) {
  for (const Sealing sealing :
       {Sealing::kNew, Sealing::kExisting, Sealing::kLook, Sealing::kLookExisting}) {
    const absl::Status status = Open(Keys('a'), sealing).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_NE(status.message().find("config rekey"), absl::string_view::npos) << status;
  }
  EXPECT_EQ(Open(Keys('b'), Sealing::kRekey).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf((*Open(nullptr))->ReadConfig("id")), StatusCode::kPermissionDenied);
  ASSERT_TRUE(Open(Keys('a'), Sealing::kRekey).ok());
  const std::unique_ptr<Store> store = *Open(Keys('a'));
  EXPECT_EQ(Get(store->ReadConfig("id")), *Secrets().document);
  EXPECT_EQ(Get(store->ReadJournal("id")), Secrets().rows);
}

TEST_F(FormatOneFile, MayChangeItsKeyOnTheWay) {
  ASSERT_TRUE(Open(Keys('b', 'a'), Sealing::kRekey).ok());
  EXPECT_EQ(Get((*Open(Keys('b')))->ReadConfig("id")), *Secrets().document);
}

TEST_F(FormatOneFile, WithAValueInTheClearIsNotTaken) {
  ConfigDocument document = Get(Raw()->ReadConfig("id"));
  document.keys.push_back({"host", "\"evil.example\"", document.newest});
  EXPECT_OK(Raw()->UpdateConfig("id", Always({document, {}})));
  EXPECT_EQ(Open(Keys('a'), Sealing::kRekey).status().code(), StatusCode::kDataLoss);
}

// Somebody kept what an earlier version wrote.
TEST_F(FormatOneFile, DoesNotComeBackIntoANewStore) {
  const ConfigDocument old = Get(Raw()->ReadConfig("id"));
  const std::vector<JournalRow> rows = Get(Raw()->ReadJournal("id"));
  ASSERT_TRUE(Open(Keys('a'), Sealing::kRekey).ok());
  const std::string seal = Get(Raw()->ReadIdentity()).seal;
  SetSeal(seal_);
  EXPECT_EQ(Open(Keys('a')).status().code(), StatusCode::kInvalidArgument);
  SetSeal(seal);
  EXPECT_OK(Raw()->UpdateConfig("id", Always({{}, rows})));
  EXPECT_EQ(CodeOf((*Open(Keys('a')))->ReadJournal("id")), StatusCode::kDataLoss);
  EXPECT_OK(Raw()->UpdateConfig("id", Always({old, {}})));
  EXPECT_EQ(CodeOf((*Open(Keys('a')))->ReadConfig("id")), StatusCode::kDataLoss);
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

}  // namespace
}  // namespace shunt
