// States. Input: lines, STATE messages for the most part. Each line: ParseState against the slow
// reading; its canonical spelling means the same; a missing recordCount, filled in, changes nothing
// else; the classifier and ParseState agree, and so does StateReader, which knows the lines before
// it. Each two lines in a row: equal digests if and only if
// the slow comparison finds them equal. All of the input: as a state file, which is read back as
// it is written.

#include <cmath>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "protocol/state_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_automaton.h"
#include "tests/fuzz/slow_state.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::fuzz {
namespace {

bool SameCount(std::optional<double> a, std::optional<double> b) {
  if (a && b && std::isnan(*a) && std::isnan(*b)) return true;
  return a == b;
}

void CheckReading(std::string_view line, const StateMessage& ours, const SlowState& slow) {
  FUZZ_CHECK(ours.type == slow.type, line);
  FUZZ_CHECK(ours.stream == slow.stream, line);
  FUZZ_CHECK(ours.global_streams == slow.global_streams, line);
  FUZZ_CHECK(ours.blob == slow.blob, line);
  FUZZ_CHECK(ours.blob_is_null == slow.blob_is_null, line);
  FUZZ_CHECK(SameCount(ours.source_record_count, slow.source_count), line);
  FUZZ_CHECK(SameCount(ours.destination_record_count, slow.destination_count), line);
}

void CheckSplice(std::string_view line, const StateMessage& message, testing::Harness* harness) {
  if (message.source_record_count) return;
  const CountSplice& splice = message.count_splice;
  FUZZ_CHECK(splice.begin <= splice.end && splice.end <= line.size(), line);
  const std::string filled = absl::StrCat(A(line.substr(0, splice.begin)), splice.before, "12",
                                          splice.after, A(line.substr(splice.end)));
  FUZZ_CHECK(IsJson(filled), filled);
  const auto again = ParseState(filled);
  FUZZ_CHECK(again.ok(), filled);
  FUZZ_CHECK(again->source_record_count == 12.0, filled);
  FUZZ_CHECK(again->blob == message.blob && again->digest == message.digest, filled);
  FUZZ_CHECK(again->stream == message.stream && again->type == message.type, filled);
  FUZZ_CHECK(SameCount(again->destination_record_count, message.destination_record_count), filled);
  FUZZ_CHECK(testing::Kinds(harness->Classify(filled)) == testing::Kinds(harness->Classify(line)),
             filled);
  Saw("filled in");
}

std::optional<SlowState> CheckLine(std::string_view line, testing::Harness* harness) {
  const auto ours = ParseState(line);
  std::optional<SlowState> slow = ReadSlowState(line);
  FUZZ_CHECK(ours.ok() == slow.has_value(), absl::StrCat(ours.ok(), ": ", A(line)));
  const std::string kind = testing::Kinds(harness->Classify(line));
  if (kind == "state") FUZZ_CHECK(ours.ok(), line);
  if (kind == "unusable") FUZZ_CHECK(!ours.ok(), line);
  Saw(!slow                              ? "refused"
      : slow->type == StateType::kStream ? "stream"
      : slow->type == StateType::kGlobal ? "global"
                                         : "legacy");
  if (!slow) return slow;
  CheckReading(line, *ours, *slow);
  const auto respelled = ParseState(*CanonicalJson(line));
  FUZZ_CHECK(respelled.ok() && respelled->type == ours->type, *CanonicalJson(line));
  FUZZ_CHECK(respelled->digest == ours->digest, *CanonicalJson(line));
  FUZZ_CHECK(respelled->stream == ours->stream, *CanonicalJson(line));
  CheckSplice(line, *ours, harness);
  return slow;
}

void CheckReader(std::string_view line, StateReader* reader) {
  if (reader->Knows(line)) Saw("known");
  const auto read = reader->Read(line);
  const auto ours = ParseState(line);
  FUZZ_CHECK(read.ok() == ours.ok(), line);
  if (!ours.ok()) return;
  FUZZ_CHECK(read->type == ours->type && read->stream == ours->stream, line);
  FUZZ_CHECK(read->global_streams == ours->global_streams, line);
  FUZZ_CHECK(read->blob == ours->blob && read->blob_is_null == ours->blob_is_null, line);
  FUZZ_CHECK(read->digest == ours->digest, line);
  FUZZ_CHECK(SameCount(read->source_record_count, ours->source_record_count), line);
  FUZZ_CHECK(SameCount(read->destination_record_count, ours->destination_record_count), line);
  FUZZ_CHECK(SameCount(read->destination_rejected_count, ours->destination_rejected_count), line);
  FUZZ_CHECK(read->count_splice == ours->count_splice, line);
}

void CheckFile(std::string_view text) {
  const auto states = ParseStateFile(text);
  if (!states.ok()) return;
  const std::string written = FormatStateArray(*states);
  FUZZ_CHECK(IsJson(written), written);
  const auto again = ParseStateFile(written);
  FUZZ_CHECK(again.ok() && *again == *states, written);
  if (!states->empty()) Saw("file");
}

}  // namespace

std::vector<std::string_view> Outcomes() {
  return {"stream", "global",  "legacy", "refused", "filled in",
          "equal",  "unequal", "file",   "known"};
}

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  CheckFile(text);
  ClassifierOptions options;
  options.block_bytes_max = size + 4096;
  testing::Harness harness(options);
  StateReader reader;
  std::optional<SlowState> before;
  std::string_view line_before;
  for (std::size_t at = 0; at < text.size(); at += line_before.size() + 1) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    std::optional<SlowState> state = CheckLine(line, &harness);
    CheckReader(line, &reader);
    if (before && state && before->type == state->type) {
      const bool equal = SlowEquals(before->meaning, state->meaning);
      FUZZ_CHECK((ParseState(line_before)->digest == ParseState(line)->digest) == equal, text);
      Saw(equal ? "equal" : "unequal");
    }
    before = std::move(state);
    line_before = line;
  }
  return 0;
}

}  // namespace shunt::fuzz
