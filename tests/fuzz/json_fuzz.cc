// JSON grammar. Input: a text. The table automaton against every reader of JSON there is: the
// cursor (token by token), the grammar in pieces, the classifier with every kernel, with the text
// at two places of a message, new and repeated, whole and in pieces. And the canonical form: a
// fixed point that means the same.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "protocol/envelope_reader.h"
#include "protocol/json_cursor.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_automaton.h"
#include "tests/fuzz/kernels.h"
#include "tests/fuzz/slow_json.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::fuzz {
namespace {

using Event = JsonCursor::Event;
using Kind = JsonToken::Kind;

Event EventOf(Kind kind) {
  switch (kind) {
    case Kind::kOpenObject:
      return Event::kObject;
    case Kind::kCloseObject:
      return Event::kObjectEnd;
    case Kind::kOpenArray:
      return Event::kArray;
    case Kind::kCloseArray:
      return Event::kArrayEnd;
    case Kind::kKey:
      return Event::kKey;
    default:
      return Event::kScalar;
  }
}

// The cursor does not look at UTF-8; ParseJson does.
void CheckCursor(std::string_view text, const std::optional<std::vector<JsonToken>>& tokens) {
  FUZZ_CHECK(ParseJson(text).has_value() == tokens.has_value(), "ParseJson");
  if (!tokens) return;
  JsonCursor cursor(text);
  for (const JsonToken& token : *tokens) {
    FUZZ_CHECK(cursor.Next() == EventOf(token.kind), "the cursor's event");
    if (EventOf(token.kind) != Event::kKey && EventOf(token.kind) != Event::kScalar) continue;
    const std::string_view read = cursor.token();
    FUZZ_CHECK((token.kind == Kind::kString ? read.substr(1, read.size() - 2) : read) == token.text,
               "the cursor's token");
  }
  FUZZ_CHECK(cursor.Next() == Event::kEnd, "the cursor's end");
}

void CheckGrammar(std::string_view text, bool sound) {
  if (!text.starts_with('{')) return;
  EnvelopeReader reader(Validation::kFull);
  reader.Reset();
  using Status = EnvelopeReader::Grammar::Status;
  std::size_t taken = 0;
  for (const std::string_view piece : CutAnyhow(text)) {
    taken += reader.Feed(piece);
    if (reader.grammar().status() != Status::kMore) break;
  }
  const bool done = reader.grammar().status() == Status::kDone;
  FUZZ_CHECK(!sound || done, "the grammar refuses a sound object");
  FUZZ_CHECK(!done || IsJson(text.substr(0, taken)), "the grammar takes a broken object");
}

void CheckCanonicalForm(std::string_view text, bool sound) {
  const std::optional<std::string> canonical = CanonicalJson(text);
  FUZZ_CHECK(CanonicalDigest(text).has_value() == sound, "CanonicalDigest");
  FUZZ_CHECK(!sound || canonical.has_value(), "CanonicalJson");
  if (!sound) return;
  FUZZ_CHECK(CanonicalJson(*canonical) == canonical, "the canonical form has another one");
  FUZZ_CHECK(CanonicalDigest(text) == CanonicalDigest(*canonical), "the digest of the form");
  const std::optional<SlowValue> value = ReadSlow(text), again = ReadSlow(*canonical);
  FUZZ_CHECK(again && SlowEquals(*value, *again), *canonical);
}

// What a line of ours with a value in it must be. A broken text may close brackets of the line, so
// then the automaton is asked about the line, and only about lines that are one message.
void CheckLine(testing::Harness* harness, const std::string& line, bool sound,
               std::string_view kind) {
  const std::string verdict = testing::Kinds(harness->Classify(line));
  if (sound) FUZZ_CHECK(verdict == kind, absl::StrCat(verdict, ": ", line));
  if (verdict == kind) FUZZ_CHECK(IsJson(line), line);
  if (verdict.find('|') != std::string::npos) return;
  FUZZ_CHECK(testing::Kinds(harness->ClassifyParts(CutAnyhow(line))) == verdict, line);
  // Twice in a row, behind others of its kind: then it is read by what is remembered of them.
  const std::string& neighbour = testing::RecordWithValue("1");
  const ClassifiedBlock& block = harness->Classify(
      absl::StrCat(neighbour, "\n", neighbour, "\n", line, "\n", line, "\n", neighbour, "\n"));
  const uint64_t malformed = block.counts[LineKind::kMalformed];
  FUZZ_CHECK(malformed == (verdict == "malformed" ? 2u : 0u), absl::StrCat("repeated: ", line));
}

void CheckClassifier(std::string_view text) {
  std::string value(text);
  std::replace(value.begin(), value.end(), '\n', ' ');  // a line is one line
  // Three containers are around it in the first line.
  const bool sound = IsJson(absl::StrCat("[[[", value, "]]]")) && IsJson(value);
  for (const std::string_view kernel : KernelNames()) {
    const UseKernel use(kernel);
    ClassifierOptions options;
    options.block_bytes_max = 8 * value.size() + 4096;
    testing::Harness harness(options);
    CheckLine(&harness, testing::RecordWithValue(value), sound, "record");
    CheckLine(&harness, absl::StrCat(R"({"type":"LOG","log":{},"x":)", value, "}"), sound, "log");
  }
}

}  // namespace

std::vector<std::string_view> Outcomes() { return {"sound", "broken"}; }

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  const auto tokens = ReadTokens(text);
  Saw(tokens ? "sound" : "broken");
  CheckCursor(text, tokens);
  CheckGrammar(text, tokens.has_value());
  CheckCanonicalForm(text, tokens.has_value());
  CheckClassifier(text);
  return 0;
}

}  // namespace shunt::fuzz
