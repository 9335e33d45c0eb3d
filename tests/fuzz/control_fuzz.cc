// Config updates. Input: a line. ParseControl against a slow reading of the tree, and what the
// control lane makes of the line: an update with the config's own bytes, or a row that is
// quarantined with its reason; never a mention of a config that is dropped. The other rare payloads
// (TRACE, LOG, SPEC, CONNECTION_STATUS) are read as well: whatever the line, texts for people are
// UTF-8.

#include <cmath>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
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

struct SlowControl {
  bool connector_config = false;
  std::optional<double> emitted_at;
  std::string emitted_at_text;
  std::optional<std::string_view> config;
};

// Of a member that stands twice, but for the config itself, the first counts: such a line is
// malformed for the classifier when it is on a level of the envelope.
std::optional<SlowControl> ReadSlowControl(const SlowValue& message) {
  const SlowValue* control = message.First("control");
  if (control == nullptr || !control->is('{')) return std::nullopt;
  const SlowValue* type = control->First("type");
  const auto name =
      type != nullptr && type->is('"') ? SlowString(type->raw_string()) : std::nullopt;
  if (!name) return std::nullopt;
  SlowControl slow;
  slow.connector_config = *name == "CONNECTOR_CONFIG";
  if (const SlowValue* time = control->First("emitted_at")) {
    slow.emitted_at_text = time->is('"')   ? "string"
                           : time->is('[') ? "array"
                           : time->is('{') ? "object"
                                           : std::string(time->text.substr(0, 64));
    const double number =
        time->is('0') ? std::strtod(std::string(time->text).c_str(), nullptr) : NAN;
    if (std::isfinite(number)) slow.emitted_at = number + 0.0;
  }
  const SlowValue* outer = control->First("connectorConfig");
  if (outer == nullptr || !outer->is('{')) return slow;
  const auto configs = outer->All("config");
  if (configs.size() == 1 && configs[0]->is('{')) slow.config = configs[0]->text;
  return slow;
}

void CheckParse(std::string_view line, const std::optional<SlowControl>& slow) {
  const auto ours = ParseControl(line);
  FUZZ_CHECK(ours.ok() == slow.has_value(), line);
  if (!slow) return;
  FUZZ_CHECK(ours->is_connector_config == slow->connector_config, line);
  FUZZ_CHECK(ours->emitted_at_ms == slow->emitted_at, line);
  FUZZ_CHECK(
      !ours->emitted_at_ms || !std::signbit(*ours->emitted_at_ms) || *ours->emitted_at_ms != 0,
      "a zero has no sign");
  FUZZ_CHECK(ours->emitted_at_text == slow->emitted_at_text, line);
  FUZZ_CHECK(ours->config.has_value() == slow->config.has_value(), line);
  if (slow->config) FUZZ_CHECK(ours->config->text == *slow->config, line);
}

void CheckArrival(std::string_view line, const std::optional<SlowControl>& slow) {
  ControlReader reader(Origin::kSource, "c/source", "run", 1);
  WallWatch watch;
  watch.Observe(kNow, absl::ZeroDuration());
  const auto arrival = reader.Read(line, 7, kNow, watch);
  if (!arrival) {
    Saw("no update");
    FUZZ_CHECK(!slow || !slow->connector_config, line);
    // Any other way of naming a config than in a control message of another type is kept.
    const bool named = line.find("CONNECTOR_CONFIG") != std::string_view::npos ||
                       line.find("connectorConfig") != std::string_view::npos;
    FUZZ_CHECK(slow || !named, line);
    return;
  }
  const JournalRow& row = arrival->row;
  FUZZ_CHECK(std::isfinite(row.order.effective_at_ms) && row.order.effective_at_ms >= 0, line);
  FUZZ_CHECK(row.order.effective_at_ms <= ToUnixMillisDouble(kNow + kEmittedAheadMax), line);
  if (arrival->hopeless) {
    Saw("quarantined");
    FUZZ_CHECK(!row.reason.empty() && !row.payload.empty(), line);
    return;
  }
  Saw("update");
  FUZZ_CHECK(slow && slow->config && row.payload == *slow->config, line);
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
  if (!slow || !slow->connector_config || !slow->config) return;
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
  return {"update", "quarantined", "no update", "secret", "trace", "log", "spec", "status"};
}

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view line = AsText(data, size);
  const std::optional<SlowValue> message = ReadSlow(line);
  const auto slow = message ? ReadSlowControl(*message) : std::nullopt;
  CheckParse(line, slow);
  CheckArrival(line, slow);
  CheckSecrets(line, slow);
  CheckTexts(line);
  return 0;
}

}  // namespace shunt::fuzz
