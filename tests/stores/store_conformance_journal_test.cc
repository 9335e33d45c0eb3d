// The journal: what it keeps, what it forgets and when, and decisions that are made under it.
#include "stores/journal_retention.h"
#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

constexpr auto kRoom = static_cast<int64_t>(kJournalRowsMax + kJournalRowsSlack);

std::vector<JournalRow> Rows(int64_t begin, int64_t end, Verdict verdict) {
  std::vector<JournalRow> rows;
  for (int64_t seq = begin; seq < end; ++seq) rows.push_back(MakeRow(seq, verdict));
  return rows;
}

std::vector<int64_t> Numbers(const std::vector<JournalRow>& rows) {
  std::vector<int64_t> numbers;
  for (const JournalRow& row : rows) numbers.push_back(row.order.seq);
  return numbers;
}

JournalRow Old(JournalRow row) {
  row.received_at = kNow - kJournalAgeMax - absl::Seconds(1);
  return row;
}

class StoreJournal : public StoreConformance {
 protected:
  void Write(std::vector<JournalRow> rows) {
    EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, std::move(rows)})));
  }
  std::vector<JournalRow> Journal() { return Get(store_->ReadJournal("id")); }
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreJournal, ::testing::ValuesIn(AllKinds()), NameOf);

TEST_P(StoreJournal, ForgetsNothingWithinItsRoom) {
  Write(Rows(0, kRoom - 1, Verdict::kSuperseded));
  Write({MakeRow(kRoom - 1)});
  EXPECT_EQ(Journal().size(), static_cast<std::size_t>(kRoom));
}

TEST_P(StoreJournal, ForgetsTheOldestWhenItsRoomIsOver) {
  Write(Rows(0, kRoom, Verdict::kSuperseded));
  Write({MakeRow(kRoom)});
  const std::vector<JournalRow> left = Journal();
  EXPECT_EQ(left.size(), kJournalRowsMax);
  EXPECT_EQ(left.front().order.seq, static_cast<int64_t>(kJournalRowsSlack) + 1);
  EXPECT_EQ(left.back().order.seq, kRoom);
}

TEST_P(StoreJournal, ForgetsInOneCallWhatThatCallWrote) {
  Write(Rows(0, kRoom + 1, Verdict::kDuplicate));
  EXPECT_EQ(Journal().size(), kJournalRowsMax);
}

TEST_P(StoreJournal, ARowThatIsWrittenAgainTakesNoRoom) {
  Write(Rows(0, kRoom, Verdict::kSuperseded));
  for (int i = 0; i < 3; ++i) Write({MakeRow(0, Verdict::kQuarantined)});
  EXPECT_EQ(Journal().size(), static_cast<std::size_t>(kRoom));
  EXPECT_EQ(Journal().front().verdict, Verdict::kQuarantined);
}

TEST_P(StoreJournal, NeverForgetsTheLastApplied) {
  Write(Rows(0, 8, Verdict::kApplied));
  Write(Rows(8, kRoom + 1, Verdict::kSuperseded));
  const std::vector<int64_t> left = Numbers(Journal());
  EXPECT_EQ(left.size(), kJournalRowsMax);
  EXPECT_EQ(std::vector<int64_t>(left.begin(), left.begin() + 8),
            (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_P(StoreJournal, ForgetsAppliedOnesBeforeTheLastEight) {
  Write(Rows(0, 10, Verdict::kApplied));
  Write(Rows(10, kRoom + 1, Verdict::kSuperseded));
  EXPECT_EQ(Journal().front().order.seq, 2);
}

TEST_P(StoreJournal, NeverForgetsWhatIsStillToBeJudged) {
  Write(Rows(0, 5, Verdict::kPending));
  Write(Rows(5, kRoom + 1, Verdict::kDuplicate));
  EXPECT_EQ(Numbers(Journal()).at(4), 4);
  std::vector<JournalRow> judged = Rows(0, 5, Verdict::kDuplicate);
  Write(judged);
  EXPECT_EQ(Journal().size(), kJournalRowsMax) << "there is room again";
}

TEST_P(StoreJournal, OfOldRowsTheWorthlessGo) {
  JournalRow alert = Old(MakeRow(5, Verdict::kSuperseded));
  alert.alert = true;
  Write({Old(MakeRow(1, Verdict::kPending)), Old(MakeRow(2, Verdict::kApplied)),
         Old(MakeRow(3, Verdict::kQuarantined)), Old(MakeRow(4, Verdict::kSuperseded)), alert,
         Old(MakeRow(6, Verdict::kDuplicate))});
  Write({MakeRow(7)});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{1, 2, 3, 5, 7}));
}

TEST_P(StoreJournal, AWorkerAMonthAheadTakesNoTokenFromTheOthers) {
  JournalRow alert = MakeRow(2, Verdict::kSuperseded);
  alert.alert = true;
  Write({MakeRow(1, Verdict::kQuarantined), alert});
  JournalRow ahead = MakeRow(3);
  ahead.received_at = kNow + kJournalAgeMax + absl::Hours(24);
  Write({ahead});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{1, 2, 3}));
}

TEST_P(StoreJournal, OldAppliedRowsGoUpToTheLastEight) {
  std::vector<JournalRow> rows = Rows(0, 9, Verdict::kApplied);
  for (JournalRow& row : rows) row = Old(row);
  Write(rows);
  Write({MakeRow(9, Verdict::kPending)});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_P(StoreJournal, AnOldAlertHidesNoOlderAndNoYoungerRow) {
  JournalRow alert = Old(MakeRow(1, Verdict::kSuperseded));
  alert.received_at -= absl::Hours(1);
  alert.alert = true;
  Write({alert, Old(MakeRow(2, Verdict::kDuplicate))});
  Write({MakeRow(3)});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{1, 3}));
}

TEST_P(StoreJournal, ARowOfExactlyAMonthStays) {
  JournalRow row = MakeRow(1, Verdict::kSuperseded);
  row.received_at = kNow - kJournalAgeMax;
  Write({row});
  Write({MakeRow(2)});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{1, 2}));
}

TEST_P(StoreJournal, AnOldRowThatComesLateIsForgottenAtOnce) {
  Write({MakeRow(1)});
  Write({Old(MakeRow(2, Verdict::kSuperseded)), MakeRow(3)});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{1, 3}));
}

TEST_P(StoreJournal, ADocumentWithoutRowsForgetsNothing) {
  Write({Old(MakeRow(1, Verdict::kSuperseded))});
  EXPECT_OK(store_->UpdateConfig("id", Always({MakeDocument(1), {}})));
  EXPECT_EQ(Journal().size(), 1u);
}

TEST_P(StoreJournal, ForgettingLeavesTheDocument) {
  EXPECT_OK(store_->UpdateConfig(
      "id", Always({MakeDocument(3), {Old(MakeRow(1, Verdict::kSuperseded))}})));
  Write({MakeRow(2)});
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(3));
  EXPECT_EQ(Numbers(Journal()), std::vector<int64_t>{2});
}

TEST_P(StoreJournal, ARowThatWasForgottenCanComeBack) {
  Write({Old(MakeRow(1, Verdict::kSuperseded))});
  Write({MakeRow(2)});
  ASSERT_EQ(Numbers(Journal()), std::vector<int64_t>{2});
  Write({MakeRow(1)});
  EXPECT_EQ(Numbers(Journal()), (std::vector<int64_t>{2, 1})) << "as a new one";
}

TEST_P(StoreJournal, ARefusedDecisionForgetsNothing) {
  Write({Old(MakeRow(1, Verdict::kSuperseded))});
  JournalRow stray = MakeRow(2);
  stray.config_id = "other";
  EXPECT_EQ(CodeOf(store_->UpdateConfig("id", Always({std::nullopt, {MakeRow(3), stray}}))),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Numbers(Journal()), std::vector<int64_t>{1});
}

// --- order and uniqueness
// --------------------------------------------------------------------------

TEST_P(StoreJournal, KeepsTheOrderOfArrivalWhateverIsInTheRows) {
  std::vector<JournalRow> rows = {MakeRow(5), MakeRow(1), MakeRow(3)};
  rows[0].received_at = kNow + absl::Hours(1);
  rows[1].order.effective_at_ms = -1;
  rows[2].run_id = "a";
  for (const JournalRow& row : rows) Write({row});
  Restart();
  EXPECT_EQ(Journal(), rows);
}

TEST_P(StoreJournal, TheLastOfEqualRowsInOneCallWins) {
  Write({MakeRow(1, Verdict::kPending), MakeRow(2), MakeRow(1, Verdict::kQuarantined)});
  EXPECT_EQ(Journal(), (std::vector<JournalRow>{MakeRow(1, Verdict::kQuarantined), MakeRow(2)}));
}

TEST_P(StoreJournal, TheEpochIsNoPartOfARowsIdentity) {
  JournalRow later = MakeRow(1);
  later.order.epoch += 1;
  Write({MakeRow(1)});
  Write({later});
  EXPECT_EQ(Journal(), std::vector<JournalRow>{later});
}

TEST_P(StoreJournal, ConfigsThatShareARunKeepTheirRowsApart) {
  for (const char* id : {"a", "b", "c"}) {
    JournalRow row = MakeRow(1);
    row.config_id = id;
    EXPECT_OK(store_->UpdateConfig(id, Always({std::nullopt, {row}})));
  }
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_EQ(Get(store_->ReadJournal(id)).at(0).config_id, id);
  }
}

TEST_P(StoreJournal, FlagsAreKeptOneByOne) {
  std::vector<JournalRow> rows;
  for (const bool unvalidated : {false, true}) {
    for (const bool alert : {false, true}) {
      JournalRow row = MakeRow(static_cast<int64_t>(rows.size()));
      row.unvalidated = unvalidated;
      row.alert = alert;
      rows.push_back(row);
    }
  }
  Write(rows);
  Restart();
  EXPECT_EQ(Journal(), rows);
}

// --- decisions
// -------------------------------------------------------------------------------------

TEST_P(StoreJournal, ADecisionIsMadeOnceWhenNothingFails) {
  int decisions = 0;
  EXPECT_OK(store_->UpdateConfig("id", [&](const ConfigDocument&) {
    ++decisions;
    return absl::StatusOr<ConfigChange>(ConfigChange{MakeDocument(1), {MakeRow(1)}});
  }));
  EXPECT_EQ(decisions, 1);
}

TEST_P(StoreJournal, EveryErrorOfADecisionIsPassedOnAsItIs) {
  for (const StatusCode code :
       {StatusCode::kCancelled, StatusCode::kUnavailable, StatusCode::kInternal,
        StatusCode::kDataLoss, StatusCode::kFailedPrecondition}) {
    int decisions = 0;
    const absl::Status status = store_->UpdateConfig("id", [&](const ConfigDocument&) {
      ++decisions;
      return absl::StatusOr<ConfigChange>(absl::Status(code, "mine"));
    });
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(status.message(), "mine");
    EXPECT_EQ(decisions, 1) << "it is no failure of the store";
  }
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreJournal, ADecisionSeesWhatTheLastOneWrote) {
  for (int64_t generation = 0; generation < 5; ++generation) {
    EXPECT_OK(store_->UpdateConfig("id", [&](const ConfigDocument& stored) {
      EXPECT_EQ(stored.generation, generation - 1);
      return absl::StatusOr<ConfigChange>(ConfigChange{MakeDocument(generation), {}});
    }));
  }
}

TEST_P(StoreJournal, ADecisionOfOneConfigDoesNotSeeAnother) {
  EXPECT_OK(store_->UpdateConfig("other", Always({MakeDocument(9), {}})));
  EXPECT_OK(store_->UpdateConfig("id", [](const ConfigDocument& stored) {
    EXPECT_FALSE(stored.exists());
    return absl::StatusOr<ConfigChange>(ConfigChange());
  }));
}

// --- rewriting
// -------------------------------------------------------------------------------------

TEST_P(StoreJournal, ARewriteOfNothingSeesNothing) {
  EXPECT_OK(store_->RewriteConfig(
      "id", [](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
        EXPECT_EQ(stored, ConfigDocument());
        EXPECT_TRUE(journal.empty());
        return absl::StatusOr<ConfigChange>(ConfigChange());
      }));
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

TEST_P(StoreJournal, ARewriteMayMakeAConfig) {
  EXPECT_OK(store_->RewriteConfig("id", [](const auto&, const auto&) {
    return absl::StatusOr<ConfigChange>(ConfigChange{MakeDocument(0), {MakeRow(1)}});
  }));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), MakeDocument(0));
  EXPECT_EQ(Journal(), std::vector<JournalRow>{MakeRow(1)});
}

TEST_P(StoreJournal, ARewriteMayAddAndReplaceRows) {
  Write({MakeRow(1), MakeRow(2)});
  EXPECT_OK(store_->RewriteConfig("id", [](const auto&, const auto&) {
    return absl::StatusOr<ConfigChange>(
        ConfigChange{std::nullopt, {MakeRow(3), MakeRow(1, Verdict::kQuarantined)}});
  }));
  EXPECT_EQ(Journal(),
            (std::vector<JournalRow>{MakeRow(1, Verdict::kQuarantined), MakeRow(2), MakeRow(3)}));
}

TEST_P(StoreJournal, ARewriteSeesALongJournalWhole) {
  const std::vector<JournalRow> rows = Rows(0, 300, Verdict::kSuperseded);
  Write(rows);
  EXPECT_OK(store_->RewriteConfig(
      "id", [&](const ConfigDocument&, const std::vector<JournalRow>& journal) {
        EXPECT_TRUE(journal == rows);
        return absl::StatusOr<ConfigChange>(ConfigChange());
      }));
}

TEST_P(StoreJournal, ARewriteRefusesWhatAnUpdateRefuses) {
  JournalRow stray = MakeRow(1);
  stray.config_id = "other";
  EXPECT_EQ(CodeOf(store_->RewriteConfig("id",
                                         [&](const auto&, const auto&) {
                                           return absl::StatusOr<ConfigChange>(
                                               ConfigChange{MakeDocument(1), {stray}});
                                         })),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->RewriteConfig("",
                                         [&](const auto&, const auto&) {
                                           return absl::StatusOr<ConfigChange>(ConfigChange());
                                         })),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(Get(store_->ListConfigs()).empty());
}

}  // namespace
}  // namespace shunt
