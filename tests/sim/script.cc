#include "tests/sim/script.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt::sim {
namespace {

// What is printed, and what must become of it.
struct Twofold {
  std::string bytes, forwarded;
  bool kept = true;  // not filtered out
};

class Writer {
 public:
  Writer(const Mix& mix, Random& random)
      : mix_(mix), random_(random), since_(100), left_out_(100), cursors_(100) {}

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
    if (falls_on(mix_.unknown_stream)) return OfUnknownStream();
    if (falls_on(mix_.malformed)) return Malformed();
    if (falls_on(mix_.glued)) return Glued();
    return Record();
  }

 private:
  // A stream's name behind `key`, as the source and as the destination know it.
  Twofold StreamJson(std::string_view key, std::string_view stream) const {
    const auto text = [&](std::string_view prefix, std::string_view name_space) {
      return absl::StrCat("\"", A(key), R"(":")", A(prefix), A(stream), "\"", A(name_space));
    };
    if (!mix_.renames) return {text("", ""), text("", "")};
    return {text("", R"(,"namespace":"n")"), text("p_", "")};
  }

  Twofold RecordJson(const std::string& stream) {
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
    const int64_t third = ids_ % 3;
    if (mix_.filters) absl::StrAppend(&data, R"(,"w":)", third);
    data += "}";
    const bool type_last = Chance(random_, 0.3);
    const auto whole = [&](const std::string& names) {
      const std::string payload =
          absl::StrCat(R"("record":{)", names, R"(,"data":)", data, R"(,"emitted_at":1})");
      return type_last ? absl::StrCat("{ ", payload, R"( , "type" : "RECORD" })")
                       : absl::StrCat(R"({"type":"RECORD",)", payload, "}");
    };
    const Twofold names = StreamJson("stream", stream);
    return {whole(names.bytes), whole(names.forwarded), !mix_.filters || third != 0};
  }

  // A record of a stream of the catalog, and its place in the counts.
  Twofold Counted(int stream, ScriptLine* line) {
    Twofold record = RecordJson(absl::StrCat("s", stream));
    line->record_streams.push_back(stream);
    if (record.kept) {
      since_[static_cast<std::size_t>(stream)] += 1;
      all_since_ += 1;
    } else {
      record.forwarded.clear();
      line->filtered_streams.push_back(stream);
      left_out_[static_cast<std::size_t>(stream)] += 1;
      all_left_out_ += 1;
    }
    return record;
  }
  int AnyStream() { return static_cast<int>(Between(random_, 0, mix_.streams - 1)); }

  ScriptLine Record() {
    ScriptLine line;
    const Twofold record = Counted(AnyStream(), &line);
    const std::string end = Chance(random_, 0.1) ? "\r\n" : "\n";
    line.bytes = record.bytes + end;
    if (record.kept) line.forwarded = record.forwarded + end;
    return line;
  }

  ScriptLine Glued() {
    const int a = AnyStream();
    const int b = AnyStream();
    ScriptLine line;
    const Twofold first = Counted(a, &line);
    const Twofold second = Counted(b, &line);
    line.bytes = absl::StrCat(first.bytes, second.bytes, "\n");
    line.first = first.bytes;
    if (first.kept) line.first_forwarded = first.forwarded + "\n";
    line.forwarded = absl::StrCat(line.first_forwarded, second.forwarded, second.kept ? "\n" : "");
    return line;
  }

  ScriptLine Plain(const std::string& text) {
    ScriptLine line;
    line.bytes = text + "\n";
    return line;
  }

  // A state of another type than the run's would be a fault.
  ScriptLine OfUnknownStream() {
    if (mix_.state_type != StateType::kStream || !Chance(random_, 0.4)) {
      return Plain(RecordJson("nobody_knows_me").bytes);
    }
    ScriptLine line = Plain(
        absl::StrCat(R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{)",
                     R"("name":"nobody_knows_me"},"stream_state":{"cursor":)", ++ids_, "}}}}"));
    line.dropped_state = true;
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
    int64_t& left_out =
        is_stream ? left_out_[static_cast<std::size_t>(state.stream)] : all_left_out_;
    const bool counted = Chance(random_, mix_.counted_state);
    const auto count = [](int64_t n) {
      return absl::StrCat(R"(,"sourceStats":{"recordCount":)", n, "}");
    };
    const bool legacy = state.type == StateType::kLegacy;
    const Twofold head = StateHead(state);
    line.bytes = absl::StrCat(head.bytes, counted && !legacy ? count(77) : "", "}}\n");
    line.forwarded = absl::StrCat(
        head.forwarded, legacy ? "" : count(counted ? std::max<int64_t>(77 - left_out, 0) : since),
        "}}\n");
    if (is_stream) all_since_ -= since, all_left_out_ -= left_out;
    since = left_out = 0;
    if (!is_stream) {
      std::fill(since_.begin(), since_.end(), 0);
      std::fill(left_out_.begin(), left_out_.end(), 0);
    }
    line.state = state;
    return line;
  }

  // Up to where sourceStats may stand.
  Twofold StateHead(const ScriptState& state) const {
    const int of = state.type == StateType::kStream ? state.stream : 0;
    const Twofold names = StreamJson("name", absl::StrCat("s", of));
    const auto text = [&](const std::string& name) -> std::string {
      switch (state.type) {
        case StateType::kStream:
          return absl::StrCat(
              R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{)", name,
              R"(},"stream_state":{"cursor":)", state.cursor, "}}");
        case StateType::kGlobal:
          return absl::StrCat(
              R"({"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"cursor":)",
              state.cursor, R"(},"stream_states":[)",
              mix_.renames ? absl::StrCat(R"({"stream_descriptor":{)", name, "}}") : "", "]}");
        case StateType::kLegacy:
          return absl::StrCat(R"({"type":"STATE","state":{"data":{"cursor":)", state.cursor, "}");
      }
      return "";
    };
    return {text(names.bytes), text(names.forwarded)};
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
  std::vector<int64_t> left_out_;
  std::vector<int64_t> cursors_;
  int64_t all_since_ = 0, all_left_out_ = 0;
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

// A line that is a fault in itself. A state of another type comes behind one, for there must be one
// to differ from.
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
        R"({"stream_descriptor":{"name":"s0")" +
        std::string(mix.renames ? R"(,"namespace":"n")" : "") + R"(},"status":"INCOMPLETE"}}})";
  } else {
    const auto state = std::find_if(lines->begin(), lines->end(), [](const ScriptLine& other) {
      return other.state.has_value();
    });
    if (state == lines->end()) return;
    at = std::max(at, state + 1);
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
  cut.catalog_json = catalog_json;
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
          if (!last.forwarded.empty()) last.forwarded.erase(last.forwarded.size() - 2, 1);
        }
        if (line.record_streams.size() == 2) {
          if (last.bytes == line.first) {
            last.malformed = false;
            last.forwarded = line.first_forwarded;
            last.record_streams = {line.record_streams[0]};
            if (last.forwarded.empty()) last.filtered_streams = last.record_streams;
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

constexpr char kStreamRest[] =
    R"(,"json_schema":{"properties":{"id":{},"v":{},"w":{}}},"supported_sync_modes":["full_refresh"]})"
    R"(,"sync_mode":"full_refresh","destination_sync_mode":"append")";
constexpr char kRowFilter[] =
    R"(,"mappers":[{"name":"row-filtering","config":{"conditions":{"type":"NOT","conditions":[)"
    R"({"type":"EQUAL","fieldName":"w","comparisonValue":"0"}]}}}])";

Script MakeScript(const Mix& mix, Random& random) {
  Script script;
  for (int i = 0; i < mix.streams; ++i) {
    StreamDescriptor stream{.name = absl::StrCat("s", i), .name_space = {}};
    if (mix.renames) stream.name_space = "n";
    absl::StrAppend(&script.catalog_json, i > 0 ? "," : R"({"streams":[)", R"({"stream":{"name":")",
                    stream.name, mix.renames ? R"(","namespace":"n")" : "\"", kStreamRest,
                    mix.filters ? kRowFilter : "", "}");
    script.catalog.streams.push_back({.stream = std::move(stream)});
  }
  script.catalog_json += "]}";
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
