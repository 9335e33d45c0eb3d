// Texts: whatever bytes stand in whatever place, they come back as they were. Connectors choose
// most of them, and nothing makes a connector well-behaved.
#include <algorithm>

#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;
using Strings = std::vector<std::string>;

std::string AllBytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

// Not empty, all different, and no two the same after any cleaning that a store may be tempted to.
Strings OddTexts() {
  return {
      "plain",
      "Plain",
      "plain ",
      " plain",
      "plain\n",
      std::string("plain\0", 6),
      std::string("\0plain", 6),
      std::string("\0", 1),
      std::string("\0\0", 2),
      "\xc3\xa9",          // one character,
      "e\xcc\x81",         // and the same in two
      "\xff\xfe",          // in no encoding
      "\x80",              // a continuation of nothing
      "\xc0\xaf",          // an overlong slash
      "\xed\xa0\x80",      // a lone surrogate
      "\xf4\x90\x80\x80",  // beyond the last character
      "\xe2\x82",          // cut short
      "😀\xf0\x9f\x98",
      "'",
      "''; DROP TABLE runs; --",
      "\"quoted\"",
      "back\\slash",
      "\\x41",
      "\\000",
      "$1",
      "$$",
      "%s%n",
      "NULL",
      "null",
      "{}",
      "\t\r\n\v\f\b\x1b\x7f",
      AllBytes(),
  };
}

constexpr std::size_t kLong = 300'000;
std::string LongText() { return std::string(kLong / 2, 'x') + std::string(kLong / 2, '\xe9'); }

// --- runs
// ------------------------------------------------------------------------------------------

TEST_P(StoreConformance, AnyBytesAreAConnection) {
  int number = 0;
  for (const std::string& name : OddTexts()) {
    const RunHandle run = Begin(name, std::to_string(++number));
    EXPECT_EQ(run.connection, name);
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", name)}));
  }
  Restart();
  for (const std::string& name : OddTexts()) {
    EXPECT_EQ(Get(store_->ListRuns(name, 0)).size(), 1u) << testing::PrintToString(name);
    EXPECT_EQ(Get(store_->ReadCheckpoint(name)).at(0).blob, name);
  }
  Strings expected = OddTexts();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Get(store_->ListConnections()), expected) << "byte by byte";
}

TEST_P(StoreConformance, AnyBytesAreARunId) {
  for (const std::string& id : OddTexts()) {
    EXPECT_EQ(Begin(id, id).run_id, id);
    EXPECT_EQ(CodeOf(store_->BeginRun("other", id, kNow, false)), StatusCode::kInvalidArgument);
  }
  Restart();
  for (const std::string& id : OddTexts()) {
    EXPECT_EQ(Get(store_->FindRun(id)).handle.run_id, id) << testing::PrintToString(id);
  }
}

TEST_P(StoreConformance, AnyBytesAreAStatus) {
  int number = 0;
  for (const std::string& status : OddTexts()) {
    const std::string id = std::to_string(++number) + ".";
    EXPECT_OK(store_->EndRun(Begin(id, id), kNow, status, "{}"));
    EXPECT_EQ(StatusOf(id), status);
  }
}

TEST_P(StoreConformance, AnyBytesAreAReport) {
  int number = 0;
  for (const std::string& report : OddTexts()) {
    const std::string id = std::to_string(++number) + ".";
    EXPECT_OK(store_->EndRun(Begin(id, id), kNow, "ok", report));
    EXPECT_EQ(Get(store_->FindRun(id)).report_json, report);
  }
}

TEST_P(StoreConformance, AReportMayBeEmptyOrLong) {
  EXPECT_OK(store_->EndRun(Begin("a", "r1"), kNow, "ok", ""));
  EXPECT_EQ(Get(store_->FindRun("r1")).report_json, "");
  EXPECT_OK(store_->EndRun(Begin("a", "r2"), kNow, "ok", LongText()));
  EXPECT_TRUE(Get(store_->FindRun("r2")).report_json == LongText());
}

TEST_P(StoreConformance, APrefixIsComparedByteByByte) {
  for (const std::string& id : {std::string("a\0b", 3), std::string("a\xff"), std::string("á")}) {
    Begin(id, id);
  }
  EXPECT_EQ(Get(store_->FindRun(std::string_view("a\0", 2))).handle.run_id, std::string("a\0b", 3));
  EXPECT_EQ(Get(store_->FindRun("\xc3")).handle.run_id, "á");
  EXPECT_EQ(CodeOf(store_->FindRun("a")), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->FindRun(std::string_view("\0", 1))), StatusCode::kNotFound);
}

// --- checkpoints
// -----------------------------------------------------------------------------------

TEST_P(StoreConformance, AnyBytesAreAStream) {
  const RunHandle run = Begin("a", "r1");
  std::vector<CheckpointWrite> writes;
  for (const std::string& name : OddTexts()) writes.push_back(StreamState(name, name));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  Restart();
  Strings found;
  for (const StoredState& state : Get(store_->ReadCheckpoint("a"))) {
    EXPECT_EQ(state.stream.name, state.blob);
    found.push_back(state.stream.name);
  }
  Strings expected = OddTexts();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected);
}

TEST_P(StoreConformance, AnyBytesAreANamespace) {
  const RunHandle run = Begin("a", "r1");
  std::vector<CheckpointWrite> writes;
  for (const std::string& name : OddTexts()) writes.push_back(StreamState("s", name, name));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  Restart();
  Strings found;
  for (const StoredState& state : Get(store_->ReadCheckpoint("a"))) {
    EXPECT_EQ(state.stream.name_space, state.blob);
    found.push_back(state.stream.name_space.value_or("(none)"));
  }
  Strings expected = OddTexts();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected);
}

TEST_P(StoreConformance, AnyLaneCanBeRemoved) {
  const RunHandle run = Begin("a", "r1");
  std::vector<CheckpointWrite> writes;
  for (const std::string& name : OddTexts()) writes.push_back(StreamState(name, "1", name));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes));
  std::size_t left = writes.size();
  for (const std::string& name : OddTexts()) {
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamGone(name, name)}));
    EXPECT_EQ(Get(store_->ReadCheckpoint("a")).size(), --left) << testing::PrintToString(name);
  }
}

TEST_P(StoreConformance, AnyBytesAreAState) {
  const RunHandle run = Begin("a", "r1");
  for (const std::string& blob : OddTexts()) {
    EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("s", blob)}));
    EXPECT_EQ(Get(store_->ReadCheckpoint("a")).at(0).blob, blob);
  }
}

TEST_P(StoreConformance, AnyBytesCanBeImported) {
  std::vector<StoredState> states;
  for (const std::string& text : OddTexts()) {
    states.push_back({StateType::kStream, {text, text}, text});
  }
  EXPECT_OK(store_->ReplaceCheckpoint("a", kNow, states));
  Restart();
  for (const StoredState& state : Get(store_->ReadCheckpoint("a"))) {
    EXPECT_EQ(state.stream.name, state.blob);
    EXPECT_EQ(state.stream.name_space, state.blob);
  }
}

TEST_P(StoreConformance, AStreamMayHaveALongName) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(
      run, kNow, {StreamState(LongText(), "1", LongText()), StreamState(LongText() + "y", "2")}));
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState(LongText(), "3", LongText())}));
  Restart();
  const std::vector<StoredState> states = Get(store_->ReadCheckpoint("a"));
  ASSERT_EQ(states.size(), 2u);
  EXPECT_TRUE(states[0].stream.name == LongText() && states[0].stream.name_space == LongText());
  EXPECT_EQ(states[0].blob, "3");
}

TEST_P(StoreConformance, TheEmptyNameIsAStream) {
  const RunHandle run = Begin("a", "r1");
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, {StreamState("", "1"), StreamState("", "2", "")}));
  EXPECT_EQ(Checkpoint("a"), (Strings{"STREAM  1", "STREAM @ 2"}));
}

// --- configs
// ---------------------------------------------------------------------------------------

// A document in which `text` stands at one place.
template <typename Place>
void SurvivesInDocument(Store& store, const Strings& texts, const Place& place) {
  int64_t generation = 0;
  for (const std::string& text : texts) {
    ConfigDocument document = MakeDocument(++generation);
    place(document) = text;
    EXPECT_OK(store.UpdateConfig("id", Always({document, {}})));
    EXPECT_TRUE(Get(store.ReadConfig("id")) == document) << testing::PrintToString(text);
  }
}

TEST_P(StoreConformance, AnyBytesAreAConfigId) {
  for (const std::string& id : OddTexts()) {
    JournalRow row = MakeRow(1);
    row.config_id = id;
    EXPECT_OK(store_->UpdateConfig(id, Always({MakeDocument(1), {row}})));
  }
  Restart();
  for (const std::string& id : OddTexts()) {
    EXPECT_EQ(Get(store_->ReadConfig(id)), MakeDocument(1)) << testing::PrintToString(id);
    EXPECT_EQ(Get(store_->ReadJournal(id)).at(0).config_id, id);
  }
  Strings expected = OddTexts();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Get(store_->ListConfigs()), expected);
}

TEST_P(StoreConformance, AnyBytesAreAKey) {
  SurvivesInDocument(*store_, OddTexts(),
                     [](ConfigDocument& document) -> auto& { return document.keys[1].key; });
}

TEST_P(StoreConformance, AnyBytesAreAValue) {
  SurvivesInDocument(*store_, OddTexts(),
                     [](ConfigDocument& document) -> auto& { return document.keys[1].value; });
}

TEST_P(StoreConformance, AnyBytesAreASalt) {
  SurvivesInDocument(*store_, OddTexts(),
                     [](ConfigDocument& document) -> auto& { return document.file_salt; });
}

TEST_P(StoreConformance, AnyBytesAreTheKeyOfAFingerprint) {
  SurvivesInDocument(*store_, OddTexts(), [](ConfigDocument& document) -> auto& {
    return document.file_fingerprints[0].first;
  });
}

TEST_P(StoreConformance, AnyBytesAreAFingerprint) {
  SurvivesInDocument(*store_, OddTexts(), [](ConfigDocument& document) -> auto& {
    return document.file_fingerprints[0].second;
  });
}

TEST_P(StoreConformance, LongTextsStandAnywhereInADocument) {
  ConfigDocument document = MakeDocument(1);
  document.keys[0].key = LongText();
  document.keys[1].value = LongText();
  document.file_salt = LongText();
  document.file_fingerprints = {{LongText(), LongText()}};
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  EXPECT_TRUE(Get(store_->ReadConfig("id")) == document);
}

TEST_P(StoreConformance, EmptyTextsStandAnywhereInADocument) {
  ConfigDocument document = MakeDocument(1);
  document.keys = {{"", "", {}}, {"tombstone", std::nullopt, {}}};
  document.file_salt = "";
  document.file_fingerprints = {{"", ""}};
  EXPECT_OK(store_->UpdateConfig("id", Always({document, {}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadConfig("id")), document);
}

// --- the journal
// -----------------------------------------------------------------------------------

template <typename Place>
void SurvivesInRow(Store& store, const Place& place) {
  std::vector<JournalRow> rows;
  for (const std::string& text : OddTexts()) {
    JournalRow row = MakeRow(static_cast<int64_t>(rows.size()));
    place(row) = text;
    rows.push_back(row);
  }
  EXPECT_OK(store.UpdateConfig("id", Always({std::nullopt, rows})));
  EXPECT_EQ(Get(store.ReadJournal("id")), rows);
  EXPECT_OK(store.UpdateConfig("id", Always({std::nullopt, rows})));
  EXPECT_EQ(Get(store.ReadJournal("id")), rows) << "and are recognised";
}

TEST_P(StoreConformance, AnyBytesAreTheRunOfARow) {
  SurvivesInRow(*store_, [](JournalRow& row) -> auto& { return row.run_id; });
}

TEST_P(StoreConformance, AnyBytesAreAWriter) {
  SurvivesInRow(*store_, [](JournalRow& row) -> auto& { return row.writer; });
}

TEST_P(StoreConformance, AnyBytesAreATimeAsReceived) {
  SurvivesInRow(*store_, [](JournalRow& row) -> auto& { return row.emitted_at_text; });
}

TEST_P(StoreConformance, AnyBytesAreASourceOfTime) {
  SurvivesInRow(*store_, [](JournalRow& row) -> auto& { return row.time_source; });
}

TEST_P(StoreConformance, AnyBytesAreAReason) {
  SurvivesInRow(*store_, [](JournalRow& row) -> auto& { return row.reason; });
}

TEST_P(StoreConformance, AnyBytesAreAPayload) {
  SurvivesInRow(*store_, [](JournalRow& row) -> auto& { return row.payload; });
}

TEST_P(StoreConformance, LongTextsStandAnywhereInARow) {
  JournalRow row = MakeRow(1);
  row.emitted_at_text = row.reason = row.payload = LongText();
  row.keys = {std::string(kLong, 'k'), ""};
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {row}})));
  Restart();
  EXPECT_TRUE(Get(store_->ReadJournal("id")).at(0) == row);
}

TEST_P(StoreConformance, ARowMayBeAboutNoKeyOrMany) {
  JournalRow none = MakeRow(1), many = MakeRow(2);
  none.keys.clear();
  many.keys.clear();
  for (int i = 0; i < 1000; ++i) many.keys.push_back("key " + std::to_string(i));
  EXPECT_OK(store_->UpdateConfig("id", Always({std::nullopt, {none, many}})));
  Restart();
  EXPECT_EQ(Get(store_->ReadJournal("id")), (std::vector<JournalRow>{none, many}));
}

}  // namespace
}  // namespace shunt
