#include "cli/builtin/destination.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/builtin/config.h"
#include "cli/builtin/output.h"
#include "cli/builtin/stream_files.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/io.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;
using Type = ConfigKeySpec::Type;

constexpr int kStdin = 0;
constexpr int kStdout = 1;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr int64_t kLarge = 1'000'000'000'000'000;

constexpr std::array kKeys = {
    ConfigKeySpec{"mode", Type::kString, "What becomes of the records", 0, 0, 0, "jsonl",
                  "jsonl|discard"},
    ConfigKeySpec{"path", Type::kString, "Directory of the files (mode jsonl)", 0, 0, 0, "", ""},
    ConfigKeySpec{"bytes_per_second", Type::kInteger, "Speed limit; 0 is none", 0, 0, kLarge, "",
                  ""},
    ConfigKeySpec{"fail_after", Type::kInteger, "Fail after so many records; 0 is never", 0, 0,
                  kLarge, "", ""},
};

// What a destination needs of a message. Views of the line.
struct MessageView {
  std::optional<JsonSlice> type;
  bool has_record = false;
  std::optional<JsonSlice> stream, name_space, data;  // of the record
};

// One pass. Empty when the line is no well-formed JSON object.
std::optional<MessageView> ReadMessage(std::string_view line) {
  MessageView view;
  JsonCursor cursor(line);
  if (cursor.Next() != JsonCursor::Event::kObject) return std::nullopt;
  while (cursor.NextKey()) {
    if (cursor.KeyIs("type")) {
      view.type = cursor.Value();
    } else if (cursor.KeyIs("record") && cursor.Next() == JsonCursor::Event::kObject) {
      view.has_record = ReadMembers(
          cursor,
          {{"stream", &view.stream}, {"namespace", &view.name_space}, {"data", &view.data}});
    } else if (cursor.last() == JsonCursor::Event::kKey) {
      cursor.Value();
    } else {
      cursor.Rest();  // a record that is no object
    }
  }
  if (!cursor.Finish()) return std::nullopt;
  return view;
}

class Writer {
 public:
  Writer(const Json& config, ConnectorOutput* output)
      : discard_(StringOf(kKeys, config, "mode") == "discard"),
        bytes_per_second_(IntegerOf(kKeys, config, "bytes_per_second")),
        fail_after_(static_cast<uint64_t>(IntegerOf(kKeys, config, "fail_after"))),
        files_(StringOf(kKeys, config, "path")),
        output_(output),
        start_(SystemClock().MonoNow()) {}

  // Empties the files of streams whose destination_sync_mode is overwrite.
  absl::Status Prepare(const Json& catalog);
  // Takes stdin to its end.
  absl::Status Run();
  uint64_t records() const { return records_; }

 private:
  absl::Status TakeLines(std::string_view lines);
  absl::Status TakeLine(std::string_view line);
  absl::Status CountRecord();
  absl::Status TakeMessage(std::string_view line);
  absl::Status TakeRecord(const MessageView& message);
  void KeepPace();

  bool discard_;
  int64_t bytes_per_second_;
  uint64_t fail_after_;
  StreamFiles files_;
  ConnectorOutput* output_;
  absl::Duration start_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

absl::Status Writer::Prepare(const Json& catalog) {
  if (discard_ || !catalog.contains("streams") || !catalog["streams"].is_array()) {
    return absl::OkStatus();
  }
  const Json::json_pointer name_at("/stream/name"), space_at("/stream/namespace");
  for (const Json& entry : catalog["streams"]) {
    if (!entry.is_object() || !entry.contains(name_at) || !entry[name_at].is_string()) continue;
    if (!entry.contains("destination_sync_mode")) continue;
    if (entry["destination_sync_mode"] != "overwrite") continue;
    const bool has_space = entry.contains(space_at) && entry[space_at].is_string();
    absl::Status status = files_.Truncate(StreamFiles::StreamKey(
        has_space ? entry[space_at].get<std::string>() : "", entry[name_at].get<std::string>()));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Writer::Run() {
  // Holds the begun line and what was read behind it; grows with the longest line.
  std::vector<char> buffer(kReadBytes);
  std::size_t used = 0;
  while (true) {
    if (used == buffer.size()) buffer.resize(2 * buffer.size());
    const IoResult read = ReadSome(kStdin, std::span(buffer).subspan(used));
    if (read.state == IoState::kEnd) break;
    if (read.state == IoState::kError) return absl::UnavailableError("cannot read stdin");
    if (read.state == IoState::kBlocked) {
      PollRequest request{.fd = kStdin, .want_read = true};
      Poll(std::span(&request, 1), absl::InfiniteDuration());
      continue;
    }
    const std::string_view fresh(buffer.data() + used, read.bytes);
    used += read.bytes;
    const std::size_t newline = fresh.rfind('\n');
    if (newline == std::string_view::npos) continue;
    const std::size_t whole = used - fresh.size() + newline + 1;
    absl::Status status = TakeLines({buffer.data(), whole});
    if (!status.ok()) return status;
    std::copy(buffer.data() + whole, buffer.data() + used, buffer.data());
    used -= whole;
  }
  if (used > 0) {
    absl::Status status = TakeLine({buffer.data(), used});
    if (!status.ok()) return status;
  }
  return files_.Flush();
}

absl::Status Writer::TakeLines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    absl::Status status = TakeLine(lines.substr(0, end));
    if (!status.ok()) return status;
    lines.remove_prefix(end);
  }
  return output_->status();
}

absl::Status Writer::TakeLine(std::string_view line) {
  bytes_ += line.size();
  KeepPace();
  // What names itself a RECORD and nothing else in capitals need not be looked into to be
  // discarded.
  const bool record_at_once = discard_ && line.find("\"RECORD\"") != std::string_view::npos &&
                              line.find("\"STATE\"") == std::string_view::npos &&
                              line.find("\"TRACE\"") == std::string_view::npos;
  if (!record_at_once) return TakeMessage(line);
  return CountRecord();
}

absl::Status Writer::CountRecord() {
  ++records_;
  if (fail_after_ == 0 || records_ <= fail_after_) return absl::OkStatus();
  return absl::ResourceExhaustedError("the made-up warehouse is full (fail_after)");
}

absl::Status Writer::TakeMessage(std::string_view line) {
  const std::optional<MessageView> message = ReadMessage(line);
  if (!message || !message->type) {
    return absl::InvalidArgumentError("stdin: a line is no Airbyte message");
  }
  const std::string_view type = message->type->text;
  if (type == "\"RECORD\"") return TakeRecord(*message);
  if (type == "\"TRACE\"") return absl::OkStatus();
  if (type != "\"STATE\"") {
    return absl::InvalidArgumentError("stdin: a message of a type that no destination takes");
  }
  absl::Status status = files_.Flush();
  if (!status.ok()) return status;
  output_->Line(line);
  output_->Flush();
  return output_->status();
}

absl::Status Writer::TakeRecord(const MessageView& message) {
  absl::Status status = CountRecord();
  if (!status.ok() || discard_) return status;
  const std::optional<std::string> name =
      message.stream ? JsonString(*message.stream) : std::nullopt;
  if (!message.has_record || !name || !message.data) {
    return absl::InvalidArgumentError("stdin: a RECORD without stream or data");
  }
  const bool has_space = message.name_space && message.name_space->is_string();
  const std::string name_space =
      has_space ? JsonString(*message.name_space).value_or("") : std::string();
  return files_.Append(StreamFiles::StreamKey(name_space, *name), message.data->text);
}

void Writer::KeepPace() {
  if (bytes_per_second_ == 0) return;
  const absl::Duration due =
      absl::Seconds(1) * (static_cast<double>(bytes_) / static_cast<double>(bytes_per_second_));
  const absl::Duration ahead = due - (SystemClock().MonoNow() - start_);
  if (ahead >= absl::Milliseconds(1)) Poll({}, ahead);
}

// The config's own rules and that the directory can be had.
absl::Status CheckDestination(const Json& config) {
  absl::Status status = CheckConfig(kKeys, config);
  if (!status.ok() || StringOf(kKeys, config, "mode") == "discard") return status;
  const std::string path = StringOf(kKeys, config, "path");
  if (path.empty()) return absl::InvalidArgumentError("config: path is required in mode jsonl");
  return MakeDirs(path, 0700);
}

absl::Status Write(const ConnectorCall& call, const Json& config, ConnectorOutput* output) {
  const absl::StatusOr<Json> catalog = ReadJsonFile(call.catalog, "catalog");
  if (!catalog.ok()) return catalog.status();
  Writer writer(config, output);
  absl::Status status = writer.Prepare(*catalog);
  if (status.ok()) status = writer.Run();
  if (status.ok()) output->Log("INFO", absl::StrCat("wrote ", writer.records(), " records"));
  return status;
}

}  // namespace

int RunBuiltinDestination(const ConnectorCall& call) {
  ConnectorOutput output(kStdout);
  int exit_code = 0;
  if (call.verb == "spec") {
    const Json spec = {{"supportsIncremental", true},
                       {"supported_destination_sync_modes", Json::array({"overwrite", "append"})},
                       {"connectionSpecification", SpecOf(kKeys, "shunt's built-in destination")}};
    output.Line(Json{{"type", "SPEC"}, {"spec", spec}}.dump());
  } else {
    const absl::StatusOr<Json> config = ReadJsonFile(call.config, "config");
    absl::Status status = config.ok() ? CheckDestination(*config) : config.status();
    if (call.verb == "check") {
      output.ConnectionStatus(status.ok(), S(status.message()));
    } else {
      const bool usable = status.ok();
      if (usable) status = Write(call, *config, &output);
      if (!status.ok()) {
        output.Error(usable ? "system_error" : "config_error", S(status.message()), "", "");
        exit_code = 1;
      }
    }
  }
  output.Flush();
  return output.status().ok() ? exit_code : 1;
}

}  // namespace shunt
