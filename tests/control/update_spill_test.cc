// Spilled updates: a file that is whole and private, that only its key opens, and that comes back
// into the store as if it had never been away (G33).
#include "stages/update_spill.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stages/update_recovery.h"
#include "stores/memory_store.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixNanos(1'732'300'000'123'456'789);

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

JournalRow Row(int64_t seq, double at, std::string payload) {
  JournalRow row;
  row.config_id = "orders/source";
  row.run_id = "run-1";
  row.writer = "source";
  row.order = {at, 7, seq};
  row.emitted_at_text = "1732300000123.4567";
  row.time_source = "connector";
  row.received_at = kNow;
  row.keys = {"token", "\"odd\"\n"};
  row.payload = std::move(payload);
  return row;
}

SpilledUpdates Updates(std::vector<JournalRow> rows) {
  return {.config_id = "orders/source", .replace = false, .spec_json = "", .rows = std::move(rows)};
}

class UpdateSpillTest : public ::testing::Test {
 protected:
  using Trust = UpdateSpill::Trust;

  UpdateSpill Spill(std::shared_ptr<const Keyring> keys = nullptr,
                    std::string store_id = "store-1") const {
    return UpdateSpill({.directories = {directory_ / "a", directory_ / "b"},
                        .store_url = "sqlite:/x",
                        .store_id = std::move(store_id),
                        .keys = std::move(keys)},
                       SystemEntropy());
  }
  static std::shared_ptr<const Keyring> Key(char c) {
    return *Keyring::Parse(std::string(kKeyBytes, c));
  }

  // One file alone.
  static absl::StatusOr<SpilledUpdates> Read(const UpdateSpill& spill, const std::string& path,
                                             Trust trust = Trust::kEncrypted) {
    const absl::StatusOr<SpillGroup> group = spill.Find(path);
    if (!group.ok()) return group.status();
    return spill.Read(*group, trust);
  }
  static std::vector<std::string> Files(const UpdateSpill& spill) {
    std::vector<std::string> files;
    const std::vector<SpillGroup> groups = *spill.List();
    for (const SpillGroup& group : groups) {
      files.insert(files.end(), group.paths.begin(), group.paths.end());
    }
    return files;
  }

  TempDir directory_;
};

TEST_F(UpdateSpillTest, WhatIsWrittenIsRead) {
  JournalRow odd = Row(2, 1732300000123.4567, std::string("\xff\0 no UTF-8", 11));
  odd.verdict = Verdict::kQuarantined;
  odd.reason = "a line that is no message";
  for (const auto& keys : {std::shared_ptr<const Keyring>(), Key('k')}) {
    SpilledUpdates updates = Updates({Row(1, 5e-324, R"({"token":"t1"})"), odd});
    updates.replace = true;
    updates.spec_json = R"({"type":"object"})";
    const absl::StatusOr<std::string> path = Spill(keys).Write(updates);
    ASSERT_TRUE(path.ok()) << path.status();
    const absl::StatusOr<SpilledUpdates> read = Read(Spill(keys), *path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->rows, updates.rows);
    EXPECT_EQ(read->config_id, updates.config_id);
    EXPECT_TRUE(read->replace);
    EXPECT_EQ(read->spec_json, updates.spec_json);
    EXPECT_TRUE(Spill(keys).Remove(*Spill(keys).Find(*path)).ok());
    EXPECT_THAT(Files(Spill(keys)), IsEmpty());
  }
}

TEST_F(UpdateSpillTest, AFileIsPrivate) {
  const std::string path = *Spill().Write(Updates({Row(1, 1, "{}")}));
  struct stat info;
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((directory_ / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(UpdateSpillTest, WithAKeyItIsCiphertextThatOnlyThatKeyOpens) {
  const std::string path = *Spill(Key('k')).Write(Updates({Row(1, 1, R"({"token":"s3cr3t"})")}));
  EXPECT_EQ(ReadAll(path).find("s3cr3t"), std::string::npos);
  EXPECT_EQ(ReadAll(path).find("czNjcjN0"), std::string::npos) << "nor in base64";
  EXPECT_EQ(Read(Spill(Key('x')), path).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Read(Spill(), path).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Files(Spill()), ElementsAre(path)) << "that it is there is told to anybody";
}

TEST_F(UpdateSpillTest, TheSecondDirectoryTakesWhatTheFirstDoesNot) {
  std::ofstream(directory_ / "a") << "no directory";
  const absl::StatusOr<std::string> path = Spill().Write(Updates({Row(1, 1, "{}")}));
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_TRUE(path->starts_with(directory_ / "b")) << *path;
  EXPECT_THAT(Files(Spill()), ElementsAre(*path));
}

TEST_F(UpdateSpillTest, ADirectoryThatOthersCanReachIsNotUsed) {
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(::mkdir((directory_ / name).c_str(), 0755), 0);
    ASSERT_EQ(::chmod((directory_ / name).c_str(), 0755), 0);
  }
  EXPECT_EQ(Spill().Write(Updates({Row(1, 1, "{}")})).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(UpdateSpillTest, FilesOfOtherStoresAreLeftAlone) {
  const std::string path = *Spill(nullptr, "store-2").Write(Updates({Row(1, 1, "{}")}));
  EXPECT_THAT(Files(Spill()), IsEmpty());
  EXPECT_EQ(Read(Spill(), path).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(UpdateSpillTest, ADamagedFileIsNoticed) {
  const std::string path = *Spill().Write(Updates({Row(1, 1, R"({"token":"t1"})")}));
  const std::string whole = ReadAll(path);
  for (std::size_t size = 0; size + 2 < whole.size(); size += 7) {
    std::ofstream(path, std::ios::trunc) << whole.substr(0, size);
    const absl::Status status = Read(Spill(), path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << ": " << status;
    EXPECT_EQ(Spill().List().status().code(), absl::StatusCode::kDataLoss)
        << "it may hold the token that the next run needs";
  }
}

TEST_F(UpdateSpillTest, FilesOfOneRunAndPipeBelongTogetherInPipeOrder) {
  ASSERT_TRUE(Spill().Write(Updates({Row(3, 1, "{}"), Row(4, 1, "{}")})).ok());
  ASSERT_TRUE(Spill().Write(Updates({Row(1, 1, "{}"), Row(3, 1, "{}")})).ok());
  JournalRow other = Row(2, 1, "{}");
  other.run_id = "run-2";
  ASSERT_TRUE(Spill().Write(Updates({other})).ok());
  const std::vector<SpillGroup> groups = *Spill().List();
  ASSERT_THAT(groups, SizeIs(2));
  std::vector<int64_t> seqs;
  const SpilledUpdates together = *Spill().Read(groups[0], Trust::kEncrypted);
  for (const JournalRow& row : together.rows) {
    seqs.push_back(row.order.seq);
  }
  EXPECT_THAT(seqs, ElementsAre(1, 3, 4));
}

TEST_F(UpdateSpillTest, FilesThatSomebodyElseHasBroughtBackAreGone) {
  ASSERT_TRUE(Spill().Write(Updates({Row(1, 1, "{}")})).ok());
  const SpillGroup group = Spill().List()->front();
  ASSERT_TRUE(Spill().Remove(group).ok());
  EXPECT_EQ(Spill().Read(group, Trust::kEncrypted).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Spill().Remove(group).ok());
}

TEST_F(UpdateSpillTest, WithAKeyWhatIsNotEncryptedIsBelievedOnlyWhenAskedTo) {
  const std::string path = *Spill().Write(Updates({Row(1, 1, "{}")}));
  EXPECT_EQ(Read(Spill(Key('k')), path).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Read(Spill(Key('k')), path, Trust::kAll).ok());
}

TEST_F(UpdateSpillTest, WhatStandsBesideTheUpdatesCannotBeChanged) {
  SpilledUpdates updates = Updates({Row(1, 1, "{}")});
  updates.spec_json = R"({"type":"object"})";
  const std::string path = *Spill(Key('k')).Write(updates);
  const std::string whole = ReadAll(path);
  for (const auto& [from, to] : {std::pair<std::string, std::string>("false", "true"),
                                 {R"("type":"object")", R"("type":"string")"},
                                 {"orders/source", "orders/destination"},
                                 {"run-1", "run-2"}}) {
    std::string changed = whole;
    changed.replace(changed.find(from), from.size(), to);
    std::ofstream(path, std::ios::trunc) << changed;
    EXPECT_EQ(Read(Spill(Key('k')), path).status().code(), absl::StatusCode::kDataLoss) << from;
  }
}

// --- recovery
// --------------------------------------------------------------------------------------

class UpdateRecoveryTest : public ::testing::Test {
 protected:
  UpdateRecoveryTest() {
    ConfigDocument document;
    document.generation = 0;
    document.keys = {{"token", R"("t0")", {}}, {"n", "0", {}}};
    Write({document, {}});
  }
  void Write(ConfigChange change) {
    const absl::Status status = store_.UpdateConfig("orders/source", [&](const ConfigDocument&) {
      return absl::StatusOr<ConfigChange>(change);
    });
    ASSERT_TRUE(status.ok()) << status;
  }
  std::string Config() { return store_.ReadConfig("orders/source")->ToJson(); }
  RecoveredUpdates Recover(const SpilledUpdates& updates) {
    const absl::StatusOr<RecoveredUpdates> counts = RecoverUpdates(store_, updates, kNow);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.value_or(RecoveredUpdates());
  }

  MemoryStore store_;
};

TEST_F(UpdateRecoveryTest, TheNewestWins) {
  const RecoveredUpdates counts =
      Recover(Updates({Row(1, 100, R"({"token":"t1"})"), Row(2, 300, R"({"token":"t3"})"),
                       Row(3, 200, R"({"token":"t2"})")}));
  EXPECT_EQ(Config(), R"({"n":0,"token":"t3"})");
  EXPECT_EQ(counts.applied, 2u);
  EXPECT_EQ(counts.superseded, 1u);
  EXPECT_THAT(*store_.ReadJournal("orders/source"), SizeIs(3));
}

TEST_F(UpdateRecoveryTest, TwiceHasNoSecondEffect) {
  const SpilledUpdates updates = Updates({Row(1, 100, R"({"token":"t1"})")});
  Recover(updates);
  const ConfigDocument document = *store_.ReadConfig("orders/source");
  const std::vector<JournalRow> journal = *store_.ReadJournal("orders/source");
  EXPECT_EQ(Recover(updates).known, 1u);
  EXPECT_EQ(*store_.ReadConfig("orders/source"), document);
  EXPECT_EQ(*store_.ReadJournal("orders/source"), journal);
}

TEST_F(UpdateRecoveryTest, WhatIsStoredMeanwhileIsNotOverwritten) {
  Recover(Updates({Row(5, 500, R"({"token":"newer"})")}));
  EXPECT_EQ(Recover(Updates({Row(1, 100, R"({"token":"t1"})")})).superseded, 1u);
  EXPECT_EQ(Config(), R"({"n":0,"token":"newer"})");
}

TEST_F(UpdateRecoveryTest, AVerdictReplacesItsOwnPendingRow) {
  JournalRow pending = Row(1, 100, R"({"token":"t1"})");
  Write({{}, {pending}});
  EXPECT_EQ(Recover(Updates({pending})).applied, 1u);
  EXPECT_THAT(*store_.ReadJournal("orders/source"), SizeIs(1));
  EXPECT_EQ(store_.ReadJournal("orders/source")->front().verdict, Verdict::kApplied);
}

TEST_F(UpdateRecoveryTest, TheSpecJudgesAsItWouldHave) {
  SpilledUpdates updates =
      Updates({Row(1, 100, R"({"token":1})"), Row(2, 200, R"({"token":"t2"})")});
  updates.spec_json = R"({"properties":{"token":{"type":"string"}}})";
  const RecoveredUpdates counts = Recover(updates);
  EXPECT_EQ(counts.applied, 1u);
  EXPECT_EQ(counts.superseded, 1u) << "judged as one burst";
  EXPECT_EQ(Config(), R"({"n":0,"token":"t2"})");

  updates.rows = {Row(3, 300, R"({"token":3})")};
  EXPECT_EQ(Recover(updates).quarantined, 1u);
  EXPECT_EQ(Config(), R"({"n":0,"token":"t2"})");
}

TEST_F(UpdateRecoveryTest, HalvesThatOnlyConformTogetherAreJudgedTogether) {
  SpilledUpdates updates = Updates({Row(1, 100, R"({"token":"A1"})"), Row(2, 100, R"({"n":1})")});
  updates.spec_json = R"({"oneOf":[{"properties":{"token":{"const":"t0"},"n":{"const":0}}},)"
                      R"({"properties":{"token":{"const":"A1"},"n":{"const":1}}}]})";
  EXPECT_EQ(Recover(updates).quarantined, 0u);
  EXPECT_EQ(Config(), R"({"n":1,"token":"A1"})");
}

TEST_F(UpdateRecoveryTest, AQuarantinedLineStaysOne) {
  JournalRow line = Row(1, 100, R"({"type":"CONTROL","connectorConfig")");
  line.verdict = Verdict::kQuarantined;
  line.reason = "a line that is no message, or too long to be read as one, may hold a config";
  EXPECT_EQ(Recover(Updates({line})).quarantined, 1u);
  EXPECT_EQ(store_.ReadJournal("orders/source")->front().reason, line.reason);
}

TEST_F(UpdateRecoveryTest, AReplaceReplaces) {
  SpilledUpdates updates = Updates({Row(1, 100, R"({"token":"t1"})")});
  updates.replace = true;
  Recover(updates);
  EXPECT_EQ(Config(), R"({"token":"t1"})");
}

}  // namespace
}  // namespace shunt
