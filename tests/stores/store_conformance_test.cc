// Which stores the conformance suite runs on, and the helpers of its tests.
#include "tests/stores/store_conformance.h"

namespace shunt {

std::string NameOf(const ::testing::TestParamInfo<StoreKind>& kind) { return kind.param.name; }

std::vector<StoreKind> AllKinds() {
  return {MemoryKind(), SqliteKind(), SealedSqliteKind(), PostgresKind(), SealedPostgresKind()};
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, ::testing::ValuesIn(AllKinds()), NameOf);
INSTANTIATE_TEST_SUITE_P(Stores, PlainStoreConformance,
                         ::testing::Values(MemoryKind(), BareSqliteKind(), BarePostgresKind()),
                         NameOf);

std::vector<std::string> Lines(const std::vector<StoredState>& states) {
  std::vector<std::string> lines;
  for (const StoredState& state : states) {
    std::string line(StateTypeName(state.type));
    line += ' ' + state.stream.name;
    if (state.stream.name_space) line += '@' + *state.stream.name_space;
    lines.push_back(line + ' ' + state.blob);
  }
  return lines;
}

JournalRow MakeRow(int64_t seq, Verdict verdict) {
  JournalRow row;
  row.config_id = "id";
  row.run_id = "run";
  row.writer = "source";
  row.order = {1732300000123.4567, 7, seq};
  row.emitted_at_text = "1732300000123.4567";
  row.time_source = "connector";
  row.received_at = kNow;
  row.verdict = verdict;
  row.reason = "/api_key: minLength";
  row.keys = {"api_key", "start_date"};
  row.payload = R"({"api_key":"s3cr3t","start_date":"01-01-2022"})";
  row.generation = 3;
  row.unvalidated = true;
  row.alert = verdict == Verdict::kQuarantined;  // of others it decides how long they are kept
  return row;
}

ConfigDocument MakeDocument(int64_t generation) {
  ConfigDocument document;
  document.generation = generation;
  document.keys = {{"start_date", R"("01-01-2022")", {}},
                   {"api_key", "456", {1732300000123.4567, 7, 12}},
                   {"removed", std::nullopt, {1732300000000.5, 7, 3}}};
  document.floor = {1732200000000.25, 6, 1};
  document.newest = {1732300000123.4567, 7, 12};
  document.file_salt = std::string("\x00\xff salt", 7);
  document.file_fingerprints = {{"start_date", std::string("\x01\x00\xfe", 3)}, {"api_key", "d2"}};
  document.updated_at = kNow;
  return document;
}

}  // namespace shunt
