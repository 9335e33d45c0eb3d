// Configs: documents, order keys, the journal, and one transaction around a decision.
#include <cmath>
#include <limits>

#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Strings = std::vector<std::string>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A document of one key that carries an order key everywhere.
ConfigDocument DocumentAt(const OrderKey& order) {
  ConfigDocument document;
  document.generation = 1;
  document.keys = {{"k", "1", order}};
  document.floor = order;
  document.newest = order;
  return document;
}

TEST_P(StoreConformance, AnUnknownConfigDoesNotExist) {
  const ConfigDocument document = Get(store_->ReadConfig("id"));
  EXPECT_FALSE(document.exists());
  EXPECT_EQ(document, ConfigDocument());
  EXPECT_TRUE(Get(store_->ReadJournal("id")).empty());
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreConformance, ADecisionSeesThatNothingIsStored) {
  int calls = 0;
  EXPECT_OK(store_->UpdateConfig("id", [&](const ConfigDocument& stored) {
    ++calls;
    EXPECT_EQ(stored, ConfigDocument());
    return absl::StatusOr<ConfigChange>(ConfigChange());
  }));
  EXPECT_EQ(calls, 1);
}

TEST_P(StoreConformance, ADocumentIsReadBackAsItWas) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {}})));
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(1));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(1));
}

TEST_P(StoreConformance, ADecisionSeesTheStoredDocument) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(4), {}})));
  EXPECT_OK(store_->UpdateConfig("id", [](const ConfigDocument& stored) {
    EXPECT_EQ(stored, MakeDocument(4));
    return absl::StatusOr<ConfigChange>(ConfigChange());
  }));
}

TEST_P(StoreConformance, GenerationZeroExists) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(0), {}})));
  EXPECT_TRUE(Get(store_->ReadConfig("id")).exists());
  EXPECT_EQ(Get(store_->ReadConfig("id")).generation, 0);
}

TEST_P(StoreConformance, AnEmptyDocumentExists) {
  ConfigDocument document;
  document.generation = 0;
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), document);
}

TEST_P(StoreConformance, KeysKeepTheirOrderAndTombstonesTheirPlace) {
  ConfigDocument document = DocumentAt({});
  document.keys = {{"z", "1", {}}, {"a", std::nullopt, {5, 1, 1}}, {"m", "2", {}}, {"", "3", {}}};
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")).keys, document.keys);
  EXPECT_EQ(Get(store_->ReadConfig("id")).ToJson(), R"({"z":1,"m":2,"":3})");
}

TEST_P(StoreConformance, ADocumentReplacesTheWholeOldOne) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {}})));
  ConfigDocument smaller = DocumentAt({1, 2, 3});
  smaller.generation = 2;
  EXPECT_OK(store_->UpdateConfig("id", Always({smaller, {}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), smaller);
}

TEST_P(StoreConformance, OrderKeysKeepEveryBit) {
  const double kTimes[] = {-kInfinity,
                           kInfinity,
                           0.0,
                           1.0,
                           -1.0,
                           0.1,
                           1e-300,
                           1732300000123.0,
                           1732300000123.4567,
                           std::nextafter(1732300000123.4567, kInfinity),
                           9007199254740993.0,
                           1e18,
                           std::numeric_limits<double>::max(),
                           std::numeric_limits<double>::lowest(),
                           std::numeric_limits<double>::denorm_min()};
  int number = 0;
  for (const double time : kTimes) {
    const std::string id = std::to_string(++number);
    EXPECT_OK(store_->UpdateConfig(id, Always({DocumentAt({time, 7, 9}), {}})));
    EXPECT_EQ(Get(store_->ReadConfig(id)), DocumentAt({time, 7, 9})) << time;
  }
}

TEST_P(StoreConformance, EpochsAndLineNumbersKeepEveryBit) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const OrderKey kKeys[] = {
      {1, kMax, kMax}, {1, 0, 0}, {1, -1, -kMax}, {1, 1LL << 53, (1LL << 53) + 1}};
  int number = 0;
  for (const OrderKey& key : kKeys) {
    const std::string id = std::to_string(++number);
    EXPECT_OK(store_->UpdateConfig(id, Always({DocumentAt(key), {}})));
    EXPECT_EQ(Get(store_->ReadConfig(id)), DocumentAt(key));
  }
}

TEST_P(StoreConformance, NanIsRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ConfigDocument in_key = MakeDocument(1), in_floor = MakeDocument(1), in_newest = MakeDocument(1);
  in_key.keys[1].order.effective_at_ms = nan;
  in_floor.floor.effective_at_ms = nan;
  in_newest.newest.effective_at_ms = nan;
  for (const ConfigDocument& document : {in_key, in_floor, in_newest}) {
    EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({document, {}}))),
              StatusCode::kInvalidArgument);
  }
  JournalRow row = MakeRow(1);
  row.order.effective_at_ms = nan;
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({std::nullopt, {row}}))),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreConformance, GenerationsNeverGoBack) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(5), {}})));
  EXPECT_OK(
      store_->UpdateConfig("id", Always({MakeDocument(5), {}})));  // a duplicate: same generation
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({MakeDocument(4), {}}))),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->UpdateConfig("new", Always({ConfigDocument(), {}}))),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Get(store_->ReadConfig("id")).generation, 5);
}

TEST_P(StoreConformance, OddKeysAndValuesSurvive) {
  ConfigDocument document = DocumentAt({});
  document.keys = {{"quote \" backslash \\ newline \n", R"("\ud800")", {}},
                   {std::string("nul \0 in it", 11), "1e400", {}},
                   {"é☃😀", R"({"a":1,"a":2})", {}},
                   {"spaced", " [ ] ", {}},
                   {"'; DROP TABLE configs; --", "null", {}},
                   {"long", '"' + std::string(1 << 20, 'x') + '"', {}}};
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  EXPECT_TRUE(Get(store_->ReadConfig("id")) == document);
}

TEST_P(StoreConformance, ConfigsAreApart) {
  EXPECT_OK(store_->UpdateConfig("a", Always({MakeDocument(1), {}})));
  EXPECT_OK(store_->UpdateConfig("b", Always({MakeDocument(7), {}})));
  EXPECT_OK(store_->UpdateConfig("a", Always({DocumentAt({1, 1, 1}), {}})));
  EXPECT_EQ(Get(store_->ReadConfig("b")), MakeDocument(7));
}

TEST_P(StoreConformance, ConfigsAreListedByName) {
  for (const char* id : {"shop/source", "shop/destination", "a", "B"}) {
    EXPECT_OK(store_->UpdateConfig(id, Always({MakeDocument(1), {}})));
  }
  EXPECT_EQ(Get(store_->ListConfigs()), (Strings{"B", "a", "shop/destination", "shop/source"}));
}

TEST_P(StoreConformance, AConfigWithNothingButAJournalIsListed) {
  EXPECT_OK(
      store_->UpdateConfig("id", Always({std::nullopt, {MakeRow(1, Verdict::kQuarantined)}})));
  EXPECT_EQ(Get(store_->ListConfigs()), Strings{"id"});
  EXPECT_FALSE(Get(store_->ReadConfig("id")).exists());
}

TEST_P(StoreConformance, ADecisionToChangeNothingLeavesNoTrace) {
  EXPECT_OK(store_->UpdateConfig("id", Always({})));
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreConformance, AnErrorOfTheDecisionIsReturnedAndChangesNothing) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {MakeRow(1)}})));
  const absl::Status status = store_->UpdateConfig("id", [](const ConfigDocument&) {
    return absl::StatusOr<ConfigChange>(absl::ResourceExhaustedError("mine"));
  });
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "mine");
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(1));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 1u);
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(2), {}})));  // and nothing stays locked
}

TEST_P(StoreConformance, ARowIsReadBackAsItWas) {
  for (const Verdict verdict : {Verdict::kPending, Verdict::kApplied, Verdict::kSuperseded,
                                Verdict::kDuplicate, Verdict::kQuarantined}) {
    const JournalRow row = MakeRow(1, verdict);
    EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {row}})));
    Restart();
    EXPECT_EQ(Get(store_->ReadJournal("id")), std::vector<JournalRow>{row});
  }
}

TEST_P(StoreConformance, ARowOfDefaultsIsReadBackAsItWas) {
  JournalRow row;
  row.config_id = "id";
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {row}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), std::vector<JournalRow>{row});
}

TEST_P(StoreConformance, OddTextsInRowsSurvive) {
  JournalRow row = MakeRow(1);
  row.run_id = "run '\"\n";
  row.writer = "é";
  row.emitted_at_text = R"({"not":"a number"})";
  row.reason = "/a\"b/\\c: type";
  row.keys = {"", "a\"b", "c\\d", "\n", "é☃😀", std::string("\0", 1), "[", ","};
  row.payload = "{\"s\":\"\xe2\x80\xa8\\ud800\"}";
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {row}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), std::vector<JournalRow>{row});
}

TEST_P(StoreConformance, ARowThatCouldNotBeParsedKeepsItsBytes) {
  // A malformed line that may have held a config is quarantined as it was, whatever its bytes.
  JournalRow row = MakeRow(1, Verdict::kQuarantined);
  row.payload = std::string("{\"type\":\"CONTROL\"\xff\xfe\x00\x80 CONNECTOR_CONFIG", 38);
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {row}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), std::vector<JournalRow>{row});
}

TEST_P(StoreConformance, TheJournalIsInOrderOfArrival) {
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {MakeRow(3), MakeRow(1)}})));
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {MakeRow(2)}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")),
            (std::vector<JournalRow>{MakeRow(3), MakeRow(1), MakeRow(2)}));
}

TEST_P(StoreConformance, ARepeatedRowHasNoSecondEffect) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {MakeRow(1), MakeRow(2)}})));
    EXPECT_EQ(Get(store_->ReadJournal("id")), (std::vector<JournalRow>{MakeRow(1), MakeRow(2)}));
  }
}

TEST_P(StoreConformance, AVerdictReplacesThePendingRowInItsPlace) {
  EXPECT_OK(store_->UpdateConfig(
      "id",
      Always({std::nullopt, {MakeRow(1, Verdict::kPending), MakeRow(2, Verdict::kPending)}})));
  JournalRow judged = MakeRow(1, Verdict::kQuarantined);
  judged.reason = "/api_key: required";
  judged.order.effective_at_ms += 0.5;  // lifted: everything but the unique key may change
  judged.order.epoch += 1;
  judged.alert = false;
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {judged}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")),
            (std::vector<JournalRow>{judged, MakeRow(2, Verdict::kPending)}));
}

TEST_P(StoreConformance, RowsAreTheSameByConfigRunWriterAndLine) {
  JournalRow other_run = MakeRow(1), other_writer = MakeRow(1), other_line = MakeRow(2);
  other_run.run_id = "run2";
  other_writer.writer = "destination";
  EXPECT_OK(store_->UpdateConfig(
      "id", Always({std::nullopt, {MakeRow(1), other_run, other_writer, other_line}})));
  JournalRow other_config = MakeRow(1);
  other_config.config_id = "id2";
  EXPECT_OK(store_->UpdateConfig("id2", Always({std::nullopt, {other_config}})));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 4u);
  EXPECT_EQ(Get(store_->ReadJournal("id2")), std::vector<JournalRow>{other_config});
}

TEST_P(StoreConformance, ARowOfAnotherConfigIsRefusedWhole) {
  JournalRow stray = MakeRow(2);
  stray.config_id = "other";
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({MakeDocument(1), {MakeRow(1), stray}}))),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreConformance, DocumentAndRowsAreOneChange) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {MakeRow(1), MakeRow(2)}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(1));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 2u);
}

TEST_P(StoreConformance, RowsAloneLeaveTheDocument) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {}})));
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {MakeRow(1, Verdict::kSuperseded)}})));
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(1));
}

TEST_P(StoreConformance, AFencedRunStillJournals) {
  // G18: fencing is about states; a config update may carry the live token.
  Begin("a", "run");
  ASSERT_TRUE(store_->BeginRun("a", "r2", kNow, true).ok());
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {MakeRow(1)}})));
}

TEST_P(StoreConformance, ALongJournalStaysInOrder) {
  std::vector<JournalRow> rows;
  rows.reserve(500);
  for (int64_t seq = 0; seq < 500; ++seq) rows.push_back(MakeRow(seq * 7919 % 500));
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, rows})));
  EXPECT_TRUE(Get(store_->ReadJournal("id")) == rows);
}

// --- identity, rewriting, forgetting
// ---------------------------------------------------------------

TEST_P(StoreConformance, AStoreKeepsItsIdentity) {
  const StoreIdentity identity = Get(store_->ReadIdentity());
  EXPECT_EQ(identity.store_id.size(), 32u);
  Restart();
  EXPECT_EQ(Get(store_->ReadIdentity()).store_id, identity.store_id);
}

TEST_P(StoreConformance, TwoStoresDiffer) {
  const std::unique_ptr<StoreWorld> other = GetParam().make_world();
  EXPECT_NE(Get(store_->ReadIdentity()).store_id, Get(other->Open()->ReadIdentity()).store_id);
}

TEST_P(PlainStoreConformance, ANewStoreIsNotSealed) {
  EXPECT_EQ(Get(store_->ReadIdentity()).seal, "");
}

TEST_P(PlainStoreConformance, ASealIsKept) {
  const std::string store_id = Get(store_->ReadIdentity()).store_id;
  EXPECT_OK(SetSeal("first"));
  EXPECT_OK(store_->UpdateSeal([](std::string_view seal) {
    EXPECT_EQ(seal, "first");
    return absl::StatusOr<std::string>("second");
  }));
  EXPECT_EQ(Get(store_->ReadIdentity()).seal, "second");
  EXPECT_EQ(Get(store_->ReadIdentity()).store_id, store_id);
}

TEST_P(PlainStoreConformance, ASealIsNotTakenAway) {
  EXPECT_EQ(CodeOf(SetSeal("")), StatusCode::kInvalidArgument);
}

TEST_P(PlainStoreConformance, ASealThatFailsStays) {
  EXPECT_OK(SetSeal("first"));
  const auto fail = [](std::string_view) {
    return absl::StatusOr<std::string>(absl::CancelledError("no"));
  };
  EXPECT_EQ(CodeOf(store_->UpdateSeal(fail)), StatusCode::kCancelled);
  EXPECT_EQ(Get(store_->ReadIdentity()).seal, "first");
}

TEST_P(PlainStoreConformance, ADocumentIsReadWithTheSealAndWrittenWithItsNext) {
  EXPECT_OK(SetSeal("first"));
  EXPECT_EQ(Get(store_->ReadConfig("id")).store_seal, "first") << "also where no document is";
  for (const bool with_document : {true, false}) {
    const std::string before = Get(store_->ReadIdentity()).seal;
    const std::string after = before + "+";
    EXPECT_OK(store_->UpdateConfig("id", [&](const ConfigDocument& stored) {
      EXPECT_EQ(stored.store_seal, before);
      ConfigChange change;
      if (with_document) change.document = MakeDocument(1);
      change.seal = after;
      return absl::StatusOr<ConfigChange>(change);
    }));
    EXPECT_EQ(Get(store_->ReadConfig("id")).store_seal, after);
    EXPECT_EQ(Get(store_->ReadIdentity()).seal, after);
  }
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({MakeDocument(2), {}, false, ""}))),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Get(store_->ReadConfig("id")).generation, 1);
}

TEST_P(StoreConformance, ARewriteSeesDocumentAndJournal) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(2), {MakeRow(1), MakeRow(2)}})));
  EXPECT_OK(store_->RewriteConfig(
      "id", [](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
        EXPECT_EQ(stored, MakeDocument(2));
        EXPECT_EQ(journal, (std::vector<JournalRow>{MakeRow(1), MakeRow(2)}));
        return absl::StatusOr<ConfigChange>(ConfigChange());
      }));
}

TEST_P(StoreConformance, ARewriteReplacesBothAtOnce) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(2), {MakeRow(1), MakeRow(2)}})));
  const auto rewrite = [](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
    ConfigChange change{stored, journal};
    change.document->keys[0].value = "\"sealed\"";
    for (JournalRow& row : change.rows) row.payload = "sealed";
    return absl::StatusOr<ConfigChange>(change);
  };
  EXPECT_OK(store_->RewriteConfig("id", rewrite));
  EXPECT_EQ(Get(store_->ReadConfig("id")).keys[0].value, "\"sealed\"");
  for (const JournalRow& row : Get(store_->ReadJournal("id"))) EXPECT_EQ(row.payload, "sealed");
}

TEST_P(StoreConformance, ARewriteThatFailsWritesNothing) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(2), {MakeRow(1)}})));
  EXPECT_EQ(CodeOf(store_->RewriteConfig("id",
                                         [](const auto&, const auto&) {
                                           return absl::StatusOr<ConfigChange>(
                                               absl::CancelledError("no"));
                                         })),
            StatusCode::kCancelled);
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(2));
}

TEST_P(StoreConformance, ARewriteMayNotGoBack) {
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(2), {}})));
  EXPECT_EQ(CodeOf(store_->RewriteConfig("id",
                                         [](const auto&, const auto&) {
                                           return absl::StatusOr<ConfigChange>(
                                               ConfigChange{MakeDocument(1), {}});
                                         })),
            StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, AFullJournalForgetsDuplicatesFirst) {
  ConfigChange change;
  change.rows.push_back(MakeRow(1, Verdict::kQuarantined));
  for (int64_t seq = 2; seq <= 1100; ++seq) {
    change.rows.push_back(MakeRow(seq, Verdict::kDuplicate));
  }
  EXPECT_OK(store_->UpdateConfig("id", Always(change)));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 1100u);
  EXPECT_OK(store_->UpdateConfig("id", Always({{}, {MakeRow(1101)}})));
  const std::vector<JournalRow> journal = Get(store_->ReadJournal("id"));
  EXPECT_EQ(journal.size(), 1000u);
  EXPECT_EQ(journal.front(), MakeRow(1, Verdict::kQuarantined));
  EXPECT_EQ(journal[1].order.seq, 103);
  EXPECT_EQ(journal.back(), MakeRow(1101));
}

TEST_P(StoreConformance, AMonthOldRowIsForgotten) {
  JournalRow old = MakeRow(1, Verdict::kSuperseded);
  old.received_at = kNow - absl::Hours(24 * 30) - absl::Seconds(1);
  EXPECT_OK(store_->UpdateConfig("id", Always({{}, {old}})));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 1u) << "it is the newest there is";
  EXPECT_OK(store_->UpdateConfig("id", Always({{}, {MakeRow(2)}})));
  EXPECT_EQ(Get(store_->ReadJournal("id")), std::vector<JournalRow>{MakeRow(2)});
}

TEST_P(PlainStoreConformance, AChangeForStoresWithoutASealIsRefusedByOneThatHasOne) {
  ConfigChange change{MakeDocument(1), {MakeRow(1)}};
  change.only_unsealed = true;
  EXPECT_OK(store_->UpdateConfig("id", Always(change)));
  EXPECT_OK(SetSeal("sealed"));
  change.document = MakeDocument(2);
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always(change))),
            absl::StatusCode::kPermissionDenied);
  const auto rewrite = [&](const auto&, const auto&) {
    return absl::StatusOr<ConfigChange>(change);
  };
  EXPECT_EQ(CodeOf(store_->RewriteConfig("id", rewrite)), absl::StatusCode::kPermissionDenied);
  ConfigDocument as_it_was = MakeDocument(1);
  as_it_was.store_seal = "sealed";
  EXPECT_EQ(Get(store_->ReadConfig("id")), as_it_was) << "nothing was written";
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 1u);
  change.document.reset();
  change.rows.clear();
  EXPECT_OK(store_->UpdateConfig("id", Always(change)));  // nothing to write, nothing to refuse
  change.document = MakeDocument(2);
  change.only_unsealed = false;
  EXPECT_OK(store_->UpdateConfig("id", Always(change)));
}

TEST_P(StoreConformance, OneConfigForgetsNothingOfAnother) {
  JournalRow old = MakeRow(1, Verdict::kSuperseded);
  old.received_at = kNow - absl::Hours(24 * 365);
  EXPECT_OK(store_->UpdateConfig("id", Always({{}, {old}})));
  JournalRow other = MakeRow(2);
  other.config_id = "other";
  EXPECT_OK(store_->UpdateConfig("other", Always({{}, {other}})));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 1u);
}

TEST_P(StoreConformance, ARewriteForgetsNothing) {
  JournalRow old = MakeRow(1, Verdict::kSuperseded);
  old.received_at = kNow - absl::Hours(24 * 365);
  EXPECT_OK(store_->UpdateConfig("id", Always({{}, {old}})));
  EXPECT_OK(store_->RewriteConfig("id", [](const auto&, const auto&) {
    return absl::StatusOr<ConfigChange>(ConfigChange{{}, {MakeRow(2)}});
  }));
  EXPECT_EQ(Get(store_->ReadJournal("id")).size(), 2u);
}

}  // namespace
}  // namespace shunt
