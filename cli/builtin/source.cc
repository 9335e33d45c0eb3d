#include "cli/builtin/source.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/builtin/config.h"
#include "cli/builtin/output.h"
#include "cli/builtin/row_generator.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "platform/strings.h"

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;
using Type = ConfigKeySpec::Type;

constexpr int kStdout = 1;
constexpr int64_t kRowsMax = 1'000'000'000'000;

constexpr std::array kKeys = {
    ConfigKeySpec{"records", Type::kInteger, "Rows of each stream", 10'000, 0, kRowsMax, "", ""},
    ConfigKeySpec{"streams", Type::kInteger, "Number of streams", 2, 1, 1000, "", ""},
    ConfigKeySpec{"record_bytes", Type::kInteger, "Bytes of a RECORD line, newline included", 450,
                  0, 64 << 20, "", ""},
    ConfigKeySpec{"state_every", Type::kInteger, "Rows of a stream between two STATEs", 1000, 1,
                  kRowsMax, "", ""},
    ConfigKeySpec{"state_type", Type::kString, "Kind of STATE messages", 0, 0, 0, "STREAM",
                  "STREAM|GLOBAL|LEGACY"},
    ConfigKeySpec{"seed", Type::kInteger, "The same seed makes the same rows", 42, 0,
                  kRowsMax * 1000, "", ""},
    ConfigKeySpec{"rows_per_second", Type::kInteger, "Speed limit; 0 is none", 0, 0, kRowsMax, "",
                  ""},
    ConfigKeySpec{"rotate_token_every", Type::kInteger,
                  "Rows between two rotations of the refresh token; 0 is never", 0, 0, kRowsMax, "",
                  ""},
    ConfigKeySpec{"refresh_token", Type::kSecret, "A made-up credential that rotates", 0, 0, 0, "",
                  ""},
    ConfigKeySpec{"rotations", Type::kInteger, "How often the token was rotated so far", 0, 0,
                  kRowsMax, "", ""},
    ConfigKeySpec{"fail_after", Type::kInteger, "Fail after so many rows of a run; 0 is never", 0,
                  0, kRowsMax, "", ""},
};

// The state of one stream: how many of its rows were read.
std::optional<uint64_t> CursorOf(const Json& state) {
  if (!state.is_object() || !state.contains("cursor")) return std::nullopt;
  const Json& cursor = state["cursor"];
  if (!cursor.is_number_unsigned()) return std::nullopt;
  return cursor.get<uint64_t>();
}

using Cursors = std::map<std::string, uint64_t>;

void TakeStreamState(const Json& state, Cursors* cursors) {
  if (!state.is_object() || !state.contains("stream_descriptor")) return;
  const Json& descriptor = state["stream_descriptor"];
  if (!descriptor.is_object() || !descriptor.contains("name")) return;
  if (!descriptor["name"].is_string() || !state.contains("stream_state")) return;
  if (const auto cursor = CursorOf(state["stream_state"])) {
    (*cursors)[descriptor["name"].get<std::string>()] = *cursor;
  }
}

// Reads what shunt and the platform hand back: an array of AirbyteStateMessage of any type.
Cursors CursorsOf(const Json& state) {
  Cursors cursors;
  if (!state.is_array()) return cursors;
  for (const Json& message : state) {
    if (!message.is_object()) continue;
    if (message.contains("stream")) TakeStreamState(message["stream"], &cursors);
    if (message.contains("global") && message["global"].is_object() &&
        message["global"].contains("stream_states")) {
      for (const Json& stream : message["global"]["stream_states"]) {
        TakeStreamState(stream, &cursors);
      }
    }
    if (message.contains("data") && message["data"].is_object()) {
      for (const auto& [stream, value] : message["data"].items()) {
        if (const auto cursor = CursorOf(value)) cursors[stream] = *cursor;
      }
    }
  }
  return cursors;
}

// Holds the run to its rows per second; waits with everything flushed.
class Pace {
 public:
  explicit Pace(int64_t rows_per_second)
      : per_second_(rows_per_second), start_(SystemClock().MonoNow()) {}

  void Wait(uint64_t rows, ConnectorOutput* output) const {
    if (per_second_ == 0) return;
    const absl::Duration due =
        absl::Seconds(1) * (static_cast<double>(rows) / static_cast<double>(per_second_));
    const absl::Duration ahead = due - (SystemClock().MonoNow() - start_);
    // Shorter naps would cost more than they smooth.
    if (ahead < absl::Milliseconds(5)) return;
    output->Flush();
    Poll({}, ahead);
  }

 private:
  int64_t per_second_;
  absl::Duration start_;
};

class Reader {
 public:
  Reader(Json config, const Json& catalog, Cursors cursors, ConnectorOutput* output);

  // Reads all that is left. Returns the exit code.
  int Run();

 private:
  struct Stream {
    std::string name;
    RowGenerator rows;
    uint64_t cursor = 0;       // rows read, in all runs
    uint64_t since_state = 0;  // rows since its last STATE
    bool running = false;
  };

  int64_t Integer(std::string_view key) const { return IntegerOf(kKeys, config_, key); }
  void Start();
  // Up to state_every rows of one stream, and its STATE. False when the run is over.
  bool ReadSlice(Stream* stream);
  bool ReadRow(Stream* stream);
  void SendState(Stream* stream);
  Json StateOf(Stream* stream);
  void RotateToken();
  void Fail(const Stream& stream);

  Json config_;
  ConnectorOutput* output_;
  uint64_t records_, state_every_, rotate_every_, fail_after_;
  std::string state_type_;
  Pace pace_;
  std::vector<Stream> streams_;
  uint64_t rows_read_ = 0;  // of this run
};

Reader::Reader(Json config, const Json& catalog, Cursors cursors, ConnectorOutput* output)
    : config_(std::move(config)),
      output_(output),
      records_(static_cast<uint64_t>(Integer("records"))),
      state_every_(static_cast<uint64_t>(Integer("state_every"))),
      rotate_every_(static_cast<uint64_t>(Integer("rotate_token_every"))),
      fail_after_(static_cast<uint64_t>(Integer("fail_after"))),
      state_type_(StringOf(kKeys, config_, "state_type")),
      pace_(Integer("rows_per_second")) {
  RowOptions rows{.seed = static_cast<uint64_t>(Integer("seed")),
                  .record_bytes = static_cast<int>(Integer("record_bytes"))};
  for (const std::string& name : StreamNames(static_cast<int>(Integer("streams")))) {
    const Json& configured = catalog["streams"];
    const bool selected = std::any_of(configured.begin(), configured.end(), [&](const Json& entry) {
      const Json::json_pointer at("/stream/name");
      return entry.is_object() && entry.contains(at) && entry[at] == name;
    });
    if (selected) streams_.push_back({name, RowGenerator(rows, name), cursors[name]});
  }
}

int Reader::Run() {
  Start();
  // One slice of each stream in turn, as a source with several workers looks from outside.
  std::vector<Stream*> left;
  left.reserve(streams_.size());
  for (Stream& stream : streams_) left.push_back(&stream);
  while (!left.empty()) {
    for (Stream* stream : left) {
      if (!ReadSlice(stream)) return 1;
      if (stream->cursor >= records_) output_->StreamStatus(stream->name, "COMPLETE");
    }
    std::erase_if(left, [this](const Stream* stream) { return stream->cursor >= records_; });
  }
  output_->Log("INFO", absl::StrCat("read ", rows_read_, " rows"));
  output_->Flush();
  return output_->status().ok() ? 0 : 1;
}

void Reader::Start() {
  output_->Log("INFO", absl::StrCat("signed in with the token of rotation ", Integer("rotations"),
                                    "; reading ", streams_.size(), " streams"));
  for (const Stream& stream : streams_) {
    output_->StreamStatus(stream.name, "STARTED");
    if (stream.cursor == 0) continue;
    output_->Log("INFO", absl::StrCat("resuming ", stream.name, " after row ", stream.cursor));
  }
}

bool Reader::ReadSlice(Stream* stream) {
  if (stream->cursor < records_ && !std::exchange(stream->running, true)) {
    output_->StreamStatus(stream->name, "RUNNING");
  }
  const uint64_t end = std::min(records_, stream->cursor + state_every_);
  while (stream->cursor < end) {
    if (!ReadRow(stream)) return false;
  }
  SendState(stream);
  return output_->status().ok();
}

bool Reader::ReadRow(Stream* stream) {
  stream->rows.AppendLine(stream->cursor, output_->buffer());
  ++stream->cursor;
  ++stream->since_state;
  ++rows_read_;
  output_->FlushIfFull();
  pace_.Wait(rows_read_, output_);
  if (rotate_every_ != 0 && rows_read_ % rotate_every_ == 0) RotateToken();
  if (fail_after_ != 0 && rows_read_ >= fail_after_) {
    Fail(*stream);
    return false;
  }
  return output_->status().ok();
}

Json Reader::StateOf(Stream* stream) {
  const auto blob = [](const Stream& of) { return Json{{"cursor", of.cursor}}; };
  const auto entry = [&](const Stream& of) {
    return Json{{"stream_descriptor", {{"name", of.name}}}, {"stream_state", blob(of)}};
  };
  if (state_type_ == "LEGACY") {
    Json data = Json::object();
    for (const Stream& of : streams_) data[of.name] = blob(of);
    return {{"type", "LEGACY"}, {"data", std::move(data)}};
  }
  const Json stats = {{"recordCount", static_cast<double>(stream->since_state)}};
  if (state_type_ == "STREAM") {
    return {{"type", "STREAM"}, {"stream", entry(*stream)}, {"sourceStats", stats}};
  }
  Json states = Json::array();
  for (const Stream& of : streams_) states.push_back(entry(of));
  return {{"type", "GLOBAL"},
          {"global", {{"shared_state", {{"version", 1}}}, {"stream_states", std::move(states)}}},
          {"sourceStats", stats}};
}

void Reader::SendState(Stream* stream) {
  output_->Line(Json{{"type", "STATE"}, {"state", StateOf(stream)}}.dump());
  stream->since_state = 0;
}

// What an OAuth server does to a refresh token: the old one is worthless, the new one must be kept.
void Reader::RotateToken() {
  const int64_t number = Integer("rotations") + 1;
  const std::size_t hash =
      std::hash<std::string>{}(absl::StrCat(StringOf(kKeys, config_, "refresh_token"), number));
  config_["refresh_token"] = absl::StrFormat("rt-%04d-%016x", number, hash);
  config_["rotations"] = number;
  output_->Line(Json{{"type", "CONTROL"},
                     {"control",
                      {{"type", "CONNECTOR_CONFIG"},
                       {"emitted_at", NowMs()},
                       {"connectorConfig", {{"config", config_}}}}}}
                    .dump());
  output_->Flush();
}

void Reader::Fail(const Stream& stream) {
  output_->StreamStatus(stream.name, "INCOMPLETE");
  output_->Error("transient_error", "the made-up server closed the connection",
                 absl::StrCat("fail_after: ", fail_after_), stream.name);
  output_->Flush();
}

Json CatalogJson(const Json& config) {
  Json streams = Json::array();
  for (const std::string& name :
       StreamNames(static_cast<int>(IntegerOf(kKeys, config, "streams")))) {
    streams.push_back({{"name", name},
                       {"json_schema", Json::parse(RowSchemaJson())},
                       {"supported_sync_modes", Json::array({"full_refresh", "incremental"})},
                       {"source_defined_cursor", true},
                       {"default_cursor_field", Json::array({"id"})},
                       {"source_defined_primary_key", Json::array({Json::array({"id"})})}});
  }
  return {{"streams", std::move(streams)}};
}

int Read(const ConnectorCall& call, Json config, ConnectorOutput* output) {
  const absl::StatusOr<Json> catalog = ReadJsonFile(call.catalog, "catalog");
  absl::Status status = catalog.status();
  if (status.ok() && (!catalog->contains("streams") || !(*catalog)["streams"].is_array())) {
    status = absl::InvalidArgumentError("catalog: no array of streams");
  }
  Cursors cursors;
  if (status.ok() && !call.state.empty()) {
    const absl::StatusOr<Json> state = ReadJsonFile(call.state, "state", /*object=*/false);
    status = state.status();
    if (state.ok()) cursors = CursorsOf(*state);
  }
  if (status.ok()) return Reader(std::move(config), *catalog, std::move(cursors), output).Run();
  output->Error("config_error", S(status.message()), "", "");
  output->Flush();
  return 1;
}

}  // namespace

std::string BuiltinSourceSchema() { return SpecOf(kKeys, "shunt's built-in source").dump(); }

int RunBuiltinSource(const ConnectorCall& call) {
  ConnectorOutput output(kStdout);
  if (call.verb == "spec") {
    const Json spec = {{"supportsIncremental", true},
                       {"connectionSpecification", Json::parse(BuiltinSourceSchema())}};
    output.Line(Json{{"type", "SPEC"}, {"spec", spec}}.dump());
    output.Flush();
    return output.status().ok() ? 0 : 1;
  }
  absl::StatusOr<Json> config = ReadJsonFile(call.config, "config");
  absl::Status status = config.ok() ? CheckConfig(kKeys, *config) : config.status();
  if (call.verb == "check") {
    output.ConnectionStatus(status.ok(), S(status.message()));
  } else if (!status.ok()) {
    output.Error("config_error", S(status.message()), "", "");
    output.Flush();
    return 1;
  } else if (call.verb == "discover") {
    output.Line(Json{{"type", "CATALOG"}, {"catalog", CatalogJson(*config)}}.dump());
  } else {
    return Read(call, *std::move(config), &output);
  }
  output.Flush();
  return output.status().ok() ? 0 : 1;
}

}  // namespace shunt
