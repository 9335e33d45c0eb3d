// Somebody who can write the database, but has no key, edits it at random: deletes, copies, nulls,
// re-orders, adds in the clear, puts back older rows, whole documents and older seals, moves parts
// between configs, and changes what says that it is encrypted. Each edit is refused, or a connector
// is given exactly what it would have been given without it.
//
// One edit is left out: everything put back at once, as it once was, or gone as if it had never
// been. Nothing inside of a database can tell that from the truth; an anchor outside of it does,
// and has a test of its own below.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "secrets/sealing.h"
#include "stages/config_by_hand.h"
#include "stages/config_file.h"
#include "stores/sqlite_database.h"
#include "stores/store.h"
#include "tests/stores/quick_dir.h"
#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

constexpr int kEdits = 10'000;
const std::vector<std::string> kConfigs = {"shop/destination", "shop/source"};
const std::string kFile = R"({"host":"db.example","password":"first","port":5432})";
// SHUNT_SEED runs another one, SHUNT_EDITS another number of edits.
int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* const text = ::getenv(name);
  return text == nullptr ? otherwise : ::atoll(text);
}

std::shared_ptr<const Keyring> Key() { return *Keyring::Parse("0123456789abcdef0123456789abcdef"); }

struct Column {
  std::string table;
  std::string name;
};

const std::vector<std::string> kTables = {"configs", "config_keys", "config_file_keys",
                                          "config_journal", "store_identity"};

// Which row of a table a number stands for.
std::string RowOf(const std::string& schema, const std::string& table, uint64_t number) {
  const bool by_id = table == "config_journal" || table == "store_identity";
  const std::string key = by_id ? "id" : table == "configs" ? "config_id" : "config_id, position";
  return absl::StrCat("(", key, ") IN (SELECT ", key, " FROM ", schema, ".", table, " ORDER BY ",
                      key, " LIMIT 1 OFFSET ", number, " % max(1, (SELECT count(*) FROM ", schema,
                      ".", table, ")))");
}

// A sealed store with a history, copies of it on the way, and what is true in the end.
class EditedStore : public ::testing::Test {
 protected:
  EditedStore() {
    for (int step = 0; step < kSnapshots; ++step) {
      Live(step);
      std::filesystem::copy_file(Path(), directory_ / absl::StrCat("old", step, ".db"));
    }
    auto store = OpenIt();
    for (const std::string& id : kConfigs) {
      truth_.push_back(Get((*store)->ReadConfig(id)).ToJson());
      for (const JournalRow& row : Get((*store)->ReadJournal(id))) rows_.push_back(row);
    }
    store->reset();
    std::filesystem::rename(Path(), directory_ / "true.db");
    auto database = *SqliteDatabase::Open(directory_ / "true.db", absl::Seconds(1));
    for (const std::string& table : kTables) {
      auto columns = *database->Prepare("SELECT name FROM pragma_table_info('" + table + "')");
      while (*columns.Step()) columns_.push_back({table, columns.Text(0)});
    }
  }

  static constexpr int kSnapshots = 6;
  std::string Path() const { return directory_ / "store.db"; }
  absl::StatusOr<std::unique_ptr<Store>> OpenIt(std::string anchor = "") {
    return OpenStore("sqlite:" + Path(), {.keys = Key(), .seal_anchor = std::move(anchor)});
  }

  static ConfigFile FileOf(const std::string& id) {
    return {.config_id = id,
            .run_id = "file-run",
            .epoch = 1,
            .json = kFile,
            .now = kNow,
            .salt = "some salt"};
  }

  // A step of the store's life: the file is seen, a token is rotated, a key is removed.
  void Live(int step) {
    auto store = OpenIt();
    const RunHandle run =
        Get((*store)->BeginRun("shop", absl::StrCat("run-", step), kNow, /*take_over=*/false));
    EXPECT_OK((*store)->EndRun(run, kNow, "ok", "{}"));
    for (const std::string& id : kConfigs) {
      EXPECT_OK((*store)->UpdateConfig(
          id, [&](const ConfigDocument& stored) { return AdoptConfigFile(stored, FileOf(id)); }));
      const ConfigByHand update = {
          .config_id = id,
          .run_id = absl::StrCat("run-", step),
          .writer = "source",
          .reason = {},
          .json = absl::StrCat(R"({"password":"rotated-)", step, R"(","extra":)", step, "}"),
          .mode = ConfigMode::kMerge,
          .spec = nullptr,
          .now = kNow + absl::Seconds(step)};
      EXPECT_OK((*store)->UpdateConfig(
          id, [&](const ConfigDocument& stored) { return PutConfigByHand(stored, update); }));
    }
  }

  // --- edits

  uint64_t Number() { return random_() >> 1; }
  template <typename T>
  T OneOf(const std::vector<T>& choices) {
    return choices[random_() % choices.size()];
  }
  std::string Old() { return absl::StrCat("old", random_() % kSnapshots); }

  std::string Value(const Column& column) {
    const std::string& name = column.name;
    const std::vector<std::string> values = {
        "NULL",
        "''",
        "0",
        "1",
        "-1",
        "x''",
        "1e300",
        "'\"evil.example\"'",
        "'plain:\"x\"'",
        "'sealed:2:'",
        "'pending'",
        "'applied'",
        "'shop/source'",
        "'host'",
        "'password'",
        absl::StrCat(name, " + 1"),
        absl::StrCat(name, " - 1"),
        absl::StrCat(name, " || 'x'"),
        absl::StrCat("substr(", name, ", 1, 40)"),
        absl::StrCat("replace(", name, ", 'sealed:2:', 'sealed:1:')"),
        absl::StrCat("(SELECT ", name, " FROM ", Old(), ".", column.table, " WHERE ",
                     RowOf(Old(), column.table, Number()), ")"),
        absl::StrCat("(SELECT ", name, " FROM main.", column.table, " WHERE ",
                     RowOf("main", column.table, Number()), ")")};
    return OneOf(values);
  }

  // Puts rows of an older copy back: `where` names them.
  static std::string PutBack(const std::string& old, const std::string& table,
                             const std::string& where) {
    return absl::StrCat("INSERT OR REPLACE INTO main.", table, " SELECT * FROM ", old, ".", table,
                        " WHERE ", where, ";");
  }
  std::string PutBackTable(const std::string& old, const std::string& table,
                           const std::string& where) {
    return absl::StrCat("DELETE FROM main.", table, " WHERE ", where, ";",
                        PutBack(old, table, where));
  }
  std::string PutBackDocument() {
    const std::string old = Old();
    const std::string where = absl::StrCat("config_id = '", OneOf(kConfigs), "'");
    return PutBackTable(old, "configs", where) + PutBackTable(old, "config_keys", where) +
           PutBackTable(old, "config_file_keys", where);
  }

  std::string Edit() {
    const Column column = OneOf(columns_);
    const std::string table = OneOf(kTables);
    const std::string id = absl::StrCat("'", OneOf(kConfigs), "'");
    switch (random_() % 14) {
      case 0:
        return absl::StrCat("DELETE FROM ", table, " WHERE ", RowOf("main", table, Number()), ";");
      case 1:
        return absl::StrCat("DELETE FROM ", table, ";");
      case 2:
      case 3:
      case 4:
        return absl::StrCat("UPDATE ", column.table, " SET ", column.name, " = ", Value(column),
                            " WHERE ", RowOf("main", column.table, Number()), ";");
      case 5:
        return absl::StrCat("UPDATE ", column.table, " SET ", column.name, " = ", Value(column),
                            ";");
      case 6: {  // an older row; with an older seal it could be an older store
        const std::string& rows =
            OneOf<std::string>({"configs", "config_keys", "config_file_keys", "config_journal"});
        const std::string old = Old();
        return PutBack(old, rows, RowOf(old, rows, Number()));
      }
      case 7:
        return PutBackDocument();
      case 8:  // a key in the clear
        return absl::StrCat(
            "INSERT INTO config_keys (config_id, position, key, effective_at, epoch, seq, value)"
            " VALUES (",
            id, ", ", 100 + random_() % 3, ", '", OneOf<std::string>({"host", "password", "new"}),
            "', 1e13, 1, 1, '\"evil.example\"');");
      case 9:  // a fingerprint, so that the file's first value counts as an edit, or as none
        return absl::StrCat("UPDATE config_file_keys SET digest = '", random_(), "' WHERE key = '",
                            OneOf<std::string>({"host", "password", "port"}), "';");
      case 10:  // another order of keys
        return absl::StrCat(
            "UPDATE config_keys SET position = -1 - position WHERE config_id = ", id, ";");
      case 11:  // another config's document
        return absl::StrCat(
            "UPDATE ",
            OneOf<std::string>({"configs", "config_keys", "config_file_keys", "config_journal"}),
            " SET config_id = ", id, " WHERE config_id <> ", id, ";");
      case 12:
        return absl::StrCat("DELETE FROM configs WHERE config_id = ", id,
                            "; DELETE FROM config_keys WHERE config_id = ", id,
                            "; DELETE FROM config_file_keys WHERE config_id = ", id,
                            "; DELETE FROM config_journal WHERE config_id = ", id, ";");
      default:
        return Flag();
    }
  }

  // What says that the store is encrypted, and how.
  std::string Flag() {
    const std::string old = Old();
    const std::vector<std::string> seals = {
        "''",
        "'x'",
        "NULL",
        "replace(seal, 'sealed:2:', 'sealed:1:')",
        "substr(seal, 1, 60)",
        absl::StrCat("(SELECT value FROM config_keys LIMIT 1 OFFSET ", random_() % 4, ")")};
    return absl::StrCat("UPDATE store_identity SET seal = ", OneOf(seals), ";");
  }

  void Attack(const std::string& edits) {
    std::filesystem::copy_file(directory_ / "true.db", Path(),
                               std::filesystem::copy_options::overwrite_existing);
    auto database = *SqliteDatabase::Open(Path(), absl::Seconds(1));
    std::string attach = "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;";
    for (int step = 0; step < kSnapshots; ++step) {
      absl::StrAppend(&attach, "ATTACH '", directory_ / absl::StrCat("old", step, ".db"),
                      "' AS old", step, ";");
    }
    ASSERT_TRUE(database->Execute(attach.c_str()).ok());
    // One that breaks a rule of the tables changes nothing.
    database->Execute(edits.c_str()).IgnoreError();
  }

  enum class Outcome { kRefused, kNoEffect, kEffect };
  // What the start of a run would make of it, for both connectors.
  Outcome Start() {
    auto store = OpenIt();
    if (!store.ok()) return Outcome::kRefused;
    Outcome outcome = Outcome::kNoEffect;
    for (std::size_t i = 0; i < kConfigs.size(); ++i) {
      const std::string& id = kConfigs[i];
      const absl::Status adopted = (*store)->UpdateConfig(
          id, [&](const ConfigDocument& stored) { return AdoptConfigFile(stored, FileOf(id)); });
      const absl::StatusOr<ConfigDocument> document = (*store)->ReadConfig(id);
      if (!adopted.ok() || !document.ok()) {
        outcome = Outcome::kRefused;
      } else if (document->ToJson() != truth_[i]) {
        return Outcome::kEffect;
      }
      // What a person could promote, and a recovery takes for known.
      const absl::StatusOr<std::vector<JournalRow>> journal = (*store)->ReadJournal(id);
      if (!journal.ok()) continue;
      for (const JournalRow& row : *journal) {
        if (std::find(rows_.begin(), rows_.end(), row) == rows_.end()) return Outcome::kEffect;
      }
    }
    return outcome;
  }

  QuickDir directory_;
  std::vector<std::string> truth_;  // of kConfigs
  std::vector<JournalRow> rows_;    // all that were ever written
  std::vector<Column> columns_;
  std::mt19937_64 random_;
};

TEST_F(EditedStore, IsRefusedOrGivesWhatItWouldHaveGiven) {
  const int64_t seed = FromEnvironment("SHUNT_SEED", 1);
  const int64_t edits = FromEnvironment("SHUNT_EDITS", kEdits);
  ::printf("SHUNT_SEED=%lld SHUNT_EDITS=%lld\n", static_cast<long long>(seed),
           static_cast<long long>(edits));
  random_.seed(static_cast<uint64_t>(seed));
  Attack("");
  ASSERT_EQ(Start(), Outcome::kNoEffect);
  int64_t refused = 0;
  for (int64_t i = 0; i < edits; ++i) {
    std::string sql;
    for (uint64_t more = random_() % 3 + 1; more > 0; --more) sql += Edit();
    Attack(sql);
    const Outcome outcome = Start();
    ASSERT_NE(outcome, Outcome::kEffect) << "edit " << i << ": " << sql;
    if (outcome == Outcome::kRefused) ++refused;
  }
  ::printf("%lld of %lld edits were refused, the others had no effect\n",
           static_cast<long long>(refused), static_cast<long long>(edits));
  EXPECT_GT(refused, edits / 3);
  EXPECT_LT(refused, edits);
}

// The one that is left out above.
TEST_F(EditedStore, PutBackAsAWholeIsRefusedByAnAnchor) {
  const std::string anchor = directory_ / "anchor";
  Attack("");
  ASSERT_TRUE(OpenIt(anchor).ok());
  for (int step = 0; step < kSnapshots - 1; ++step) {
    std::filesystem::copy_file(directory_ / absl::StrCat("old", step, ".db"), Path(),
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_TRUE(OpenIt().ok()) << "nothing inside of it tells";
    EXPECT_EQ(OpenIt(anchor).status().code(), absl::StatusCode::kDataLoss) << step;
  }
  std::filesystem::remove(Path());
  EXPECT_EQ(OpenIt(anchor).status().code(), absl::StatusCode::kDataLoss) << "another store";
  Attack("");
  EXPECT_TRUE(OpenIt(anchor).ok());
}

}  // namespace
}  // namespace shunt
