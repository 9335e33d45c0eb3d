// Config updates. Input: a line. ReadControlMessage against a slow reading of the tree, and what
// the control lane makes of the line: an update with the config's own bytes, or a row that is
// quarantined with its reason; never a mention of a config that is dropped. The other rare payloads
// (TRACE, LOG, SPEC, CONNECTION_STATUS) are read as well: whatever the line, texts for people are
// UTF-8.

#include <cmath>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "protocol/control_message.h"
#include "protocol/json_cursor.h"
#include "protocol/payloads.h"
#include "protocol/spec.h"
#include "stages/control_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_automaton.h"
#include "tests/fuzz/slow_state.h"

namespace shunt::fuzz {
namespace {

constexpr char kSpec[] =
    R"({"type":"object","properties":{"token":{"type":"string","airbyte_secret":true}}})";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

using Kind = ControlMessage::Kind;

struct SlowControl {
  Kind kind = Kind::kOther;
  bool usual = false;  // the protocol's own spelling
  std::optional<double> emitted_at;
  std::string emitted_at_text;
  std::optional<std::string_view> config;
};

std::string Plain(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (text.substr(i, 4) == "\\u00" && text.size() - i >= 6 && isxdigit(text[i + 4]) != 0 &&
        isxdigit(text[i + 5]) != 0) {
      c = static_cast<char>(std::stoi(std::string(text.substr(i + 4, 2)), nullptr, 16));
      i += 5;
    }
    if (c != '_' && c != '-') plain += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return plain;
}

bool SlowNames(std::string_view text) {
  return Plain(text).find("connectorconfig") != std::string::npos;
}

std::string TypeOf(const SlowValue& object) {
  const SlowValue* type = object.First("type");
  return type != nullptr && type->is('"') ? SlowString(type->raw_string()).value_or("") : "";
}

bool Reads(const SlowMember& member, std::string_view key) {
  return SlowString(member.raw_key) == key;
}

bool IsOwnPayload(const SlowMember& member) {
  for (const char* key : {"record", "state", "log", "trace", "catalog", "spec", "connectionStatus",
                          "destination_catalog"}) {
    if (Reads(member, key)) return true;
  }
  return false;
}

bool Given(const SlowValue* time) { return time != nullptr && time->text != "null"; }

void ReadSlowTime(const SlowValue* time, SlowControl* slow) {
  if (time == nullptr) return;
  slow->emitted_at_text = time->is('"')   ? "string"
                          : time->is('[') ? "array"
                          : time->is('{') ? "object"
                                          : std::string(time->text.substr(0, 64));
  const double number = time->is('0') ? std::strtod(std::string(time->text).c_str(), nullptr) : NAN;
  if (std::isfinite(number)) slow->emitted_at = number + 0.0;
}

bool SlowDataNames(const SlowValue& message) {
  for (const SlowMember& member : message.members) {
    if (SlowNames(member.raw_key)) return true;
    if (!IsOwnPayload(member) && SlowNames(member.value.text)) return true;
    if (Reads(member, "log") &&
        member.value.text.find(R"(\"connectorConfig\")") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// The words of control_message.h, of a whole message.
SlowControl ReadSlowControl(const SlowValue& message, std::string_view line) {
  SlowControl slow;
  const std::string type = TypeOf(message);
  bool data = false;
  for (const char* name : {"RECORD", "STATE", "LOG", "TRACE", "CATALOG", "SPEC",
                           "CONNECTION_STATUS", "DESTINATION_CATALOG"}) {
    data |= type == name;
  }
  std::vector<const SlowValue*> places = {&message};
  const SlowValue* control = nullptr;
  std::string control_type;
  for (const SlowMember& member : message.members) {
    if (!member.value.is('{') || Reads(member, "connectorConfig")) continue;
    if (data && IsOwnPayload(member)) continue;
    places.push_back(&member.value);
    if (!Reads(member, "control")) continue;
    control = &member.value;
    if (control_type.empty()) control_type = TypeOf(member.value);
  }
  std::vector<const SlowValue*> found;
  const SlowValue* place = nullptr;
  for (const SlowValue* object : places) {
    for (const SlowValue* one : object->All("connectorConfig")) {
      found.push_back(one);
      place = object;
    }
  }
  if (!data && found.size() == 1 && found[0]->is('{')) {
    const auto configs = found[0]->All("config");
    if (configs.size() == 1 && configs[0]->is('{')) {
      slow.kind = Kind::kUpdate;
      slow.config = configs[0]->text;
      const SlowValue* const beside = place->First("emitted_at");
      const SlowValue* const within = found[0]->First("emitted_at");
      const SlowValue* const top = message.First("emitted_at");
      const SlowValue* const time = Given(beside)   ? beside
                                    : Given(within) ? within
                                    : Given(top)    ? top
                                                    : beside;
      ReadSlowTime(time, &slow);
      slow.usual = type == "CONTROL" && place == control && control_type == "CONNECTOR_CONFIG" &&
                   time == beside;
      return slow;
    }
  }
  if (place == nullptr) place = control != nullptr ? control : &message;
  const SlowValue* const beside = place->First("emitted_at");
  const SlowValue* const top = message.First("emitted_at");
  ReadSlowTime(!Given(beside) && Given(top) ? top : beside, &slow);
  if (type == "CONNECTOR_CONFIG" || control_type == "CONNECTOR_CONFIG") {
    slow.kind = Kind::kBroken;
  } else if (!found.empty() || (data ? SlowDataNames(message) : SlowNames(line))) {
    slow.kind = Kind::kNamed;
  } else if (type == "CONTROL") {
    slow.kind = Kind::kUnknown;
  }
  return slow;
}

void CheckParse(std::string_view line, const std::optional<SlowControl>& slow) {
  const ControlMessage ours = ReadControlMessage(line);
  if (!slow) {
    FUZZ_CHECK(ours.kind != Kind::kUpdate && ours.kind != Kind::kUnknown && !ours.config, line);
    return;
  }
  FUZZ_CHECK(ours.kind == slow->kind, line);
  FUZZ_CHECK(ours.kind == Kind::kOther || ours.kind == Kind::kUnknown || SpeaksOfConfig(line),
             line);
  FUZZ_CHECK(ours.emitted_at_ms == slow->emitted_at, line);
  FUZZ_CHECK(!ours.emitted_at_ms || !std::signbit(*ours.emitted_at_ms) || *ours.emitted_at_ms != 0,
             "a zero has no sign");
  FUZZ_CHECK(ours.emitted_at_text == slow->emitted_at_text, line);
  FUZZ_CHECK(ours.config.has_value() == slow->config.has_value(), line);
  if (slow->config) FUZZ_CHECK(ours.config->text == *slow->config, line);
  if (slow->config) FUZZ_CHECK(ours.spelling.empty() == slow->usual, line);
}

void CheckArrival(std::string_view line, const std::optional<SlowControl>& slow) {
  ControlReader reader(Origin::kSource, "c/source", "run", 1);
  WallWatch watch;
  watch.Observe(kNow, absl::ZeroDuration());
  const auto arrival = reader.Read(line, 7, kNow, watch);
  if (!arrival) {
    Saw("no update");
    FUZZ_CHECK(!slow || slow->kind == Kind::kOther || slow->kind == Kind::kUnknown, line);
    return;
  }
  const JournalRow& row = arrival->row;
  FUZZ_CHECK(std::isfinite(row.order.effective_at_ms) && row.order.effective_at_ms >= 0, line);
  FUZZ_CHECK(row.order.effective_at_ms <= ToUnixMillisDouble(kNow + kEmittedAheadMax), line);
  if (arrival->hopeless) {
    Saw("quarantined");
    FUZZ_CHECK(!row.reason.empty() && !row.payload.empty(), line);
    FUZZ_CHECK(row.alert, line);
    return;
  }
  Saw("update");
  FUZZ_CHECK(slow && slow->config && row.payload == *slow->config, line);
  FUZZ_CHECK(row.reason.empty() == slow->usual, line);
  if (!slow->usual) Saw("another spelling");
  // Of a key that stands twice the last value counts, in the place of the first.
  std::map<std::string, std::string_view> expected;
  const auto config = ReadSlow(*slow->config);
  for (const SlowMember& member : config->members) {
    const auto key = SlowString(member.raw_key);
    FUZZ_CHECK(key.has_value(), line);
    expected[*key] = member.value.text;
  }
  const std::vector<ConfigMember>& members = arrival->update.members;
  FUZZ_CHECK(row.keys.size() == expected.size() && members.size() == expected.size(), line);
  for (std::size_t i = 0; i < members.size(); ++i) {
    FUZZ_CHECK(members[i].key == row.keys[i] && members[i].value == expected[members[i].key], line);
  }
}

// The values under the spec's secret key, whatever the update comes to.
void CheckSecrets(std::string_view line, const std::optional<SlowControl>& slow) {
  static const auto& spec =
      *new std::shared_ptr<const ConnectorSpec>(*ConnectorSpec::Compile(kSpec));
  const std::vector<std::string> secrets = SecretsOfControl(line, spec.get());
  SecretsOfControl(line, nullptr);
  if (!slow || !slow->config) return;
  const auto config = ReadSlow(*slow->config);
  for (const SlowValue* token : config->All("token")) {
    const auto text = token->is('"') ? SlowString(token->raw_string()) : std::nullopt;
    if (!text || text->empty()) continue;
    Saw("secret");
    FUZZ_CHECK(std::find(secrets.begin(), secrets.end(), *text) != secrets.end(),
               "the masker does not hear of a token");
  }
}

void CheckTexts(std::string_view line) {
  const auto utf8 = [line](std::string_view text) {
    for (const char c : text) {
      if (static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\') return;
    }
    FUZZ_CHECK(IsJson(absl::StrCat("\"", std::string(text), "\"")), line);
  };
  if (const auto trace = ParseTrace(line); trace.ok()) {
    Saw("trace");
    utf8(trace->message);
    utf8(trace->internal_message);
    utf8(trace->stack_trace);
    if (trace->stream) utf8(trace->stream->name);
  }
  if (const auto log = ParseLog(line); log.ok()) {
    Saw("log");
    utf8(log->message);
    utf8(log->stack_trace);
  }
  if (const auto spec = ParseSpecMessage(line); spec.ok()) {
    Saw("spec");
    FUZZ_CHECK(IsJson(*spec), *spec);
  }
  if (const auto status = ParseConnectionStatus(line); status.ok()) {
    Saw("status");
    utf8(status->message);
  }
}

}  // namespace

std::vector<std::string_view> Outcomes() {
  return {
      "update", "another spelling", "quarantined", "no update", "secret", "trace", "log", "spec",
      "status"};
}

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view line = AsText(data, size);
  const std::optional<SlowValue> message = ReadSlow(line);
  std::optional<SlowControl> slow;
  if (message && message->is('{')) slow = ReadSlowControl(*message, line);
  CheckParse(line, slow);
  CheckArrival(line, slow);
  CheckSecrets(line, slow);
  CheckTexts(line);
  return 0;
}

}  // namespace shunt::fuzz
