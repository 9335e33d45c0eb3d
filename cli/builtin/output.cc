#include "cli/builtin/output.h"

#include <nlohmann/json.hpp>

#include "platform/clock.h"
#include "platform/io.h"

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

double NowMs() { return absl::ToDoubleMilliseconds(SystemClock().WallNow() - absl::UnixEpoch()); }

void ConnectorOutput::Line(std::string_view line) {
  buffer_.append(line);
  if (!line.ends_with('\n')) buffer_.push_back('\n');
  FlushIfFull();
}

void ConnectorOutput::Log(std::string_view level, std::string_view message) {
  Line(Dump({{"type", "LOG"}, {"log", {{"level", level}, {"message", message}}}}));
}

void ConnectorOutput::StreamStatus(std::string_view stream, std::string_view status) {
  Line(Dump(
      {{"type", "TRACE"},
       {"trace",
        {{"type", "STREAM_STATUS"},
         {"emitted_at", NowMs()},
         {"stream_status", {{"stream_descriptor", {{"name", stream}}}, {"status", status}}}}}}));
}

void ConnectorOutput::Error(std::string_view type, std::string_view message,
                            std::string_view internal_message, std::string_view stream) {
  Json error = {
      {"message", message}, {"internal_message", internal_message}, {"failure_type", type}};
  if (!stream.empty()) error["stream_descriptor"] = {{"name", stream}};
  Line(Dump({{"type", "TRACE"},
             {"trace", {{"type", "ERROR"}, {"emitted_at", NowMs()}, {"error", error}}}}));
}

void ConnectorOutput::ConnectionStatus(bool succeeded, std::string_view message) {
  Json status = {{"status", succeeded ? "SUCCEEDED" : "FAILED"}};
  if (!message.empty()) status["message"] = message;
  Line(Dump({{"type", "CONNECTION_STATUS"}, {"connectionStatus", status}}));
}

void ConnectorOutput::Flush() {
  if (status_.ok() && !buffer_.empty()) status_ = WriteAll(fd_, buffer_);
  buffer_.clear();
}

}  // namespace shunt
