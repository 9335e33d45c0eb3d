#include "tests/sim/script.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace shunt::sim {
namespace {

std::string StreamJson(int stream) { return absl::StrCat(R"("name":"s)", stream, R"(")"); }

class Writer {
 public:
  Writer(const Mix& mix, Random& random) : mix_(mix), random_(random), since_(100), cursors_(100) {}

  ScriptLine Line() {
    double dice = std::uniform_real_distribution<double>(0, 1)(random_);
    const auto falls_on = [&dice](double share) { return (dice -= share) < 0; };
    if (falls_on(mix_.state)) return State();
    if (falls_on(mix_.control)) return Control();
    if (falls_on(mix_.log))
      return Plain(R"({"type":"LOG","log":{"level":"INFO","message":"hello"}})");
    if (falls_on(mix_.text)) return Plain("Traceback: it's \"odd\" {really}");
    if (falls_on(mix_.trace)) {
      return Plain(
          R"({"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"estimate":{"name":"s0","type":"STREAM"}}})");
    }
    if (falls_on(mix_.empty)) return Plain(Chance(random_, 0.5) ? "" : " \t\r");
    if (falls_on(mix_.unknown_stream)) return Plain(RecordJson("nobody_knows_me"));
    if (falls_on(mix_.malformed)) return Malformed();
    if (falls_on(mix_.glued)) return Glued();
    return Record();
  }

 private:
  std::string RecordJson(const std::string& stream) {
    std::string data = absl::StrCat(R"({"id":)", ++ids_, R"(,"v":)");
    switch (Between(random_, 0, 5)) {
      case 0:
        data += "1e400";
        break;
      case 1:
        data += R"("\ud800 lone \u2028")";
        break;
      case 2:
        data += R"({"a":[1,{"type":"RECORD"}],"a":null})";
        break;
      case 3:
        data += "12345678901234567890123456789.000";
        break;
      case 4:
        data += absl::StrCat(
            "\"", std::string(static_cast<std::size_t>(Between(random_, 0, 600)), 'x'), "\"");
        break;
      default:
        data += "\"\xE2\x80\xA8 plain\"";
        break;
    }
    data += "}";
    const bool type_last = Chance(random_, 0.3);
    const std::string payload = absl::StrCat(R"("record":{"stream":")", stream, R"(","data":)",
                                             data, R"(,"emitted_at":1})");
    return type_last ? absl::StrCat("{ ", payload, R"( , "type" : "RECORD" })")
                     : absl::StrCat(R"({"type":"RECORD",)", payload, "}");
  }

  int Count(int stream) {
    since_[static_cast<std::size_t>(stream)] += 1;
    all_since_ += 1;
    return stream;
  }
  int AnyStream() { return static_cast<int>(Between(random_, 0, mix_.streams - 1)); }

  ScriptLine Record() {
    ScriptLine line;
    const int stream = AnyStream();
    line.bytes = RecordJson(absl::StrCat("s", stream)) + (Chance(random_, 0.1) ? "\r\n" : "\n");
    line.forwarded = line.bytes;
    line.record_streams = {Count(stream)};
    return line;
  }

  ScriptLine Glued() {
    const int a = AnyStream();
    const int b = AnyStream();
    const std::string first = RecordJson(absl::StrCat("s", a));
    const std::string second = RecordJson(absl::StrCat("s", b));
    ScriptLine line;
    line.bytes = absl::StrCat(first, second, "\n");
    line.forwarded = absl::StrCat(first, "\n", second, "\n");
    line.record_streams = {Count(a), Count(b)};
    return line;
  }

  ScriptLine Plain(const std::string& text) {
    ScriptLine line;
    line.bytes = text + "\n";
    return line;
  }

  ScriptLine Malformed() {
    static const char* const kBroken[] = {
        R"({"type":"RECORD","record":{"stream":"s0","data":{"id":1})",
        R"({"type":"RECORD","record":{"stream":"s0","data":[]}})",
        R"({"type":"RECORD","type":"RECORD","record":{"stream":"s0","data":{}}})",
        R"({"type":"RECORD","record":{"stream":"s0","data":{"a":01}}})",
        "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s0\",\"data\":{\"a\":\"\xff\"}}}",
        R"({"type":"RECORD","record":{"stream":"s0","data":{"a":"open}}})",
    };
    ScriptLine line = Plain(kBroken[Between(random_, 0, 5)]);
    line.malformed = true;
    tainted_ = true;
    return line;
  }

  ScriptLine State() {
    ScriptLine line;
    ScriptState state;
    state.type = mix_.state_type;
    state.tainted = tainted_;
    const bool is_stream = state.type == StateType::kStream;
    if (is_stream) state.stream = AnyStream();
    int64_t& cursor = cursors_[is_stream ? static_cast<std::size_t>(state.stream) : 0];
    if (!Chance(random_, mix_.repeat_state)) ++cursor;
    state.cursor = cursor;
    int64_t& since = is_stream ? since_[static_cast<std::size_t>(state.stream)] : all_since_;
    const bool counted = Chance(random_, mix_.counted_state);
    const std::string count =
        absl::StrCat(R"(,"sourceStats":{"recordCount":)", counted ? 77 : since, "}");
    std::string head;
    switch (state.type) {
      case StateType::kStream:
        head = absl::StrCat(
            R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{)",
            StreamJson(state.stream), R"(},"stream_state":{"cursor":)", cursor, "}}");
        break;
      case StateType::kGlobal:
        head = absl::StrCat(
            R"({"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"cursor":)",
            cursor, R"(},"stream_states":[]})");
        break;
      case StateType::kLegacy:
        head = absl::StrCat(R"({"type":"STATE","state":{"data":{"cursor":)", cursor, "}");
        break;
    }
    const bool legacy = state.type == StateType::kLegacy;
    line.bytes = absl::StrCat(head, counted && !legacy ? count : "", "}}\n");
    line.forwarded = absl::StrCat(head, legacy ? "" : count, "}}\n");
    if (is_stream) all_since_ -= since;
    since = 0;
    if (!is_stream) std::fill(since_.begin(), since_.end(), 0);
    line.state = state;
    return line;
  }

  ScriptLine Control() {
    ScriptUpdate update;
    update.emitted_at =
        static_cast<double>(Between(random_, 1, 40)) + (Chance(random_, 0.5) ? 0.25 : 0);
    update.valid = !Chance(random_, mix_.invalid_config);
    update.token = absl::StrCat("token-", ++tokens_, "-secret");
    ScriptLine line = Plain(
        absl::StrCat(R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)",
                     update.emitted_at, R"(,"connectorConfig":{"config":{"token":)",
                     update.valid ? absl::StrCat("\"", update.token, "\"") : "false", "}}}}"));
    line.update = update;
    return line;
  }

  const Mix& mix_;
  Random& random_;
  std::vector<int64_t> since_;
  std::vector<int64_t> cursors_;
  int64_t all_since_ = 0;
  int64_t ids_ = 0;
  int tokens_ = 0;
  bool tainted_ = false;
};

}  // namespace

std::string LaneName(const ScriptState& state) {
  return state.type == StateType::kStream ? absl::StrCat("s", state.stream)
                                          : std::string(StateTypeName(state.type));
}

bool Script::Has(std::string_view fault) const {
  return std::any_of(lines.begin(), lines.end(), [fault](const ScriptLine& line) {
    return fault.empty() ? !line.fault.empty() : line.fault == fault;
  });
}

void Script::Forgive() {
  for (ScriptLine& line : lines) {
    if (line.state) line.state->tainted = false;
  }
}

// A line that is a fault in itself. A state of another type comes last, for there must be one to
// differ from.
void AddFault(const Mix& mix, Random& random, std::vector<ScriptLine>* lines) {
  ScriptLine line;
  line.fault = mix.fault;
  auto at = lines->begin() + Between(random, 0, static_cast<int64_t>(lines->size()));
  if (mix.fault == "failed check") {
    line.bytes = R"({"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}})";
  } else if (mix.fault == "error") {
    line.bytes =
        R"({"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"no"}}})";
  } else if (mix.fault == "incomplete") {
    line.bytes =
        R"({"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":)"
        R"({"stream_descriptor":{"name":"s0"},"status":"INCOMPLETE"}}})";
  } else {
    if (std::none_of(lines->begin(), lines->end(),
                     [](const ScriptLine& other) { return other.state.has_value(); })) {
      return;
    }
    at = lines->end();
    line.bytes =
        mix.state_type == StateType::kGlobal
            ? R"({"type":"STATE","state":{"data":{"cursor":1}}})"
            : R"({"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"cursor":1},"stream_states":[]}}})";
  }
  line.bytes += "\n";
  lines->insert(at, line);
}

void Script::Finish() {
  bytes.clear();
  expected.clear();
  for (ScriptLine& line : lines) {
    bytes += line.bytes;
    expected += line.forwarded;
  }
}

Script Script::CutAt(std::size_t size) const {
  Script cut;
  cut.catalog = catalog;
  std::size_t at = 0;
  for (const ScriptLine& line : lines) {
    if (at + line.bytes.size() <= size) {
      cut.lines.push_back(line);
    } else if (size > at) {
      const std::size_t kept = size - at;
      ScriptLine last;
      if (kept + 1 == line.bytes.size()) {
        last = line;  // only the LF is missing: it is added
        last.bytes.pop_back();
      } else {
        last.bytes = line.bytes.substr(0, kept);
        const std::size_t first = last.bytes.find_first_not_of(" \t\r");
        last.malformed = first != std::string::npos && last.bytes[first] == '{';
        // A cut glued line may still begin with whole messages, but it is one malformed line. A cut
        // that only lost a CR LF is the whole message.
        if (line.bytes.ends_with("\r\n") && kept + 2 == line.bytes.size()) {
          last = line;
          last.bytes = line.bytes.substr(0, kept);
          last.forwarded = last.bytes + "\n";
        }
        if (line.record_streams.size() == 2) {
          const std::string first_message = line.forwarded.substr(0, line.forwarded.find('\n'));
          if (last.bytes == first_message) {
            last.malformed = false;
            last.forwarded = first_message + "\n";
            last.record_streams = {line.record_streams[0]};
          }
        }
        if (last.bytes.starts_with("{") && !line.bytes.starts_with("{")) last.malformed = false;
      }
      cut.lines.push_back(last);
    }
    at += line.bytes.size();
    if (at >= size) break;
  }
  bool tainted = false;
  for (ScriptLine& line : cut.lines) {
    tainted |= line.malformed;
    if (line.state) line.state->tainted = tainted;
  }
  cut.Finish();
  return cut;
}

Script MakeScript(const Mix& mix, Random& random) {
  Script script;
  for (int i = 0; i < mix.streams; ++i) {
    script.catalog.streams.push_back({.stream = {.name = absl::StrCat("s", i), .name_space = {}}});
  }
  Writer writer(mix, random);
  for (int i = 0; i < mix.lines; ++i) {
    script.lines.push_back(writer.Line());
    if (script.lines.back().update) script.lines.back().update->line = i + 1;
  }
  if (!mix.fault.empty()) AddFault(mix, random, &script.lines);
  script.Finish();
  return script;
}

}  // namespace shunt::sim
