// Edits of lines in place. Input: a line of settings, then a line, a message for the most part.
//
// A row: its members are removed, renamed and set as the settings say; what comes out is an object
// with just the members that the tree says, each untouched one with its bytes, and the line itself
// when none is touched. A RECORD: its parts are where the tree has them, and cutting one leaves the
// others. A STATE: with mapped names it is a STATE of the mapped streams; every other token, and
// every blob, is the line's.
//
// Settings: namespaces kept, dropped or made, a prefix or not; then a letter for each member.

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_automaton.h"
#include "tests/fuzz/slow_state.h"
#include "tests/protocol_hot/harness.h"
#include "transforms/name_mapping.h"
#include "transforms/record_line.h"
#include "transforms/row.h"
#include "transforms/state_names.h"

namespace shunt::fuzz {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;  // raw key, value

Texts TextsOf(const SlowValue& object) {
  Texts texts;
  for (const SlowMember& member : object.members) {
    texts.emplace_back(member.raw_key, member.value.text);
  }
  return texts;
}

void CheckRow(const SlowValue& object, Settings settings) {
  Row row;
  FUZZ_CHECK(row.Parse(object.text), object.text);
  Texts expected;
  bool touched = false;
  FUZZ_CHECK(row.members().size() == object.members.size(), object.text);
  for (Row::Member& member : row.members()) {
    std::string key(member.raw_key), value(member.value.text);
    const int what = settings.Next(6);
    touched = touched || (what > 0 && what < 4);
    if (what == 1) {
      row.Remove(member);
      continue;
    }
    if (what == 2) {
      row.Rename(member, "new\"key");
      key = R"(new\"key)";
    } else if (what == 3) {
      row.SetValue(member, R"({"set":[1]})");
      value = R"({"set":[1]})";
    }
    expected.emplace_back(key, value);
  }
  std::string out;
  row.AppendTo(&out);
  const auto again = ReadSlow(out);
  FUZZ_CHECK(again && again->is('{'), out);
  FUZZ_CHECK(TextsOf(*again) == expected, out);
  FUZZ_CHECK(row.touched() == touched && (touched || out == object.text), out);
  Saw(touched ? "row changed" : "row untouched");
}

// The member, and the object without it.
void CheckSpan(std::string_view line, const MemberSpan& span, const SlowValue& object,
               std::string_view key) {
  const SlowValue* value = object.First(key);
  FUZZ_CHECK(value != nullptr && span.value.text == value->text, line);
  FUZZ_CHECK(span.value.text.data() == value->text.data(), line);
  FUZZ_CHECK(line[span.begin] == '"' && line.substr(span.value_begin()).starts_with(value->text),
             line);
  Texts expected;
  for (const SlowMember& member : object.members) {
    if (&member.value != value) expected.emplace_back(member.raw_key, member.value.text);
  }
  const std::string cut =
      absl::StrCat(A(line.substr(0, span.cut_begin)), A(line.substr(span.cut_end)));
  const auto again = ReadSlow(cut);
  FUZZ_CHECK(again && again->First("record") != nullptr, cut);
  FUZZ_CHECK(TextsOf(*again->First("record")) == expected, cut);
}

void CheckRecord(std::string_view line, std::string_view kind) {
  RecordLine record;
  const bool read = record.Read(line);
  if (kind != "record" && kind != "unknown") return;
  FUZZ_CHECK(read, line);
  const auto message = ReadSlow(line);
  const SlowValue& object = *message->First("record");
  CheckSpan(line, record.stream, object, "stream");
  CheckSpan(line, record.data, object, "data");
  if (record.name_space) CheckSpan(line, *record.name_space, object, "namespace");
  if (record.meta) CheckSpan(line, *record.meta, object, "meta");
  FUZZ_CHECK(record.name_space.has_value() == (object.First("namespace") != nullptr), line);
  FUZZ_CHECK(record.meta.has_value() == (object.First("meta") != nullptr), line);
  StreamDescriptor stream;
  FUZZ_CHECK(record.ReadStream(&stream), line);
  FUZZ_CHECK(SlowString(object.First("stream")->raw_string()) == stream.name, line);
  Saw("record");
}

// What the line says besides names: its tokens without those of descriptors' names and namespaces.
std::vector<std::string> OtherTokens(std::string_view line) {
  std::vector<std::string> others;
  const auto tokens = *ReadTokens(line);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool key = tokens[i].kind == JsonToken::Kind::kKey;
    const auto name = key ? SlowString(tokens[i].text) : std::nullopt;
    if (name == "name" || name == "namespace") {
      ++i;  // the value; inside of a container the tokens that follow are kept all the same
    } else {
      others.emplace_back(tokens[i].text);
    }
  }
  return others;
}

void CheckState(std::string_view line, const NameMapping& names) {
  const auto before = ReadSlowState(line);
  if (!before) return;
  std::string out;
  AppendWithMappedNames(line, names, &out);
  FUZZ_CHECK(!names.identity() || out == line, out);
  const auto after = ReadSlowState(out);
  FUZZ_CHECK(after && after->type == before->type, out);
  FUZZ_CHECK(OtherTokens(out) == OtherTokens(line), out);
  if (before->type == StateType::kStream) {
    FUZZ_CHECK(after->stream == names.Map(before->stream), out);
  }
  if (before->type != StateType::kGlobal) {
    FUZZ_CHECK(after->blob == before->blob, out);
    Saw("state");
    return;
  }
  FUZZ_CHECK(after->global_streams.size() == before->global_streams.size(), out);
  for (std::size_t i = 0; i < before->global_streams.size(); ++i) {
    FUZZ_CHECK(after->global_streams[i] == names.Map(before->global_streams[i]), out);
  }
  FUZZ_CHECK(MapBlobNames(before->blob, names) == after->blob, out);
  Saw("global");
}

}  // namespace

std::vector<std::string_view> Outcomes() {
  return {"row changed", "row untouched", "record", "state", "global"};
}

int FuzzOne(const uint8_t* data, std::size_t size) {
  std::string_view line = AsText(data, size);
  Settings settings(&line);
  line = line.substr(0, line.find('\n'));
  NameMapping names;
  names.definition = static_cast<NamespaceDefinition>(settings.Next(3));
  names.format = "made_${SOURCE_NAMESPACE}";
  if (settings.Next(2) == 1) names.prefix = "pre\"fix_";
  ClassifierOptions options;
  options.block_bytes_max = line.size() + 64;
  const std::string kind = testing::Kinds(testing::Harness(options).Classify(line));
  CheckRecord(line, kind);
  // What stands twice in a state is refused by the classifier on the envelope's levels.
  if (kind == "state") CheckState(line, names);
  const auto value = ReadSlow(line);
  if (value && value->is('{')) {
    CheckRow(*value, settings);
    if (const SlowValue* record = value->First("record"); record != nullptr && record->is('{')) {
      const SlowValue* row = record->First("data");
      if (row != nullptr && row->is('{')) CheckRow(*row, settings);
    }
  }
  return 0;
}

}  // namespace shunt::fuzz
