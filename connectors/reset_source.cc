#include "connectors/reset_source.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

using Streams = std::unordered_set<StreamDescriptor, StreamDescriptorHash>;

std::string Descriptor(const StreamDescriptor& stream) {
  std::string text = absl::StrCat(R"({"name":)", JsonQuote(stream.name));
  if (stream.name_space) absl::StrAppend(&text, R"(,"namespace":)", JsonQuote(*stream.name_space));
  return text + "}";
}

std::string NullState(const StreamDescriptor& stream) {
  return absl::StrCat(R"({"stream_descriptor":)", Descriptor(stream), R"(,"stream_state":null})");
}

// The `global` object with the chosen streams nulled, those included that it does not list.
absl::StatusOr<std::string> ResetGlobal(const std::string& global,
                                        const ResetSourceOptions& options) {
  Streams chosen(options.streams.begin(), options.streams.end());
  const absl::StatusOr<StateMessage> message =
      ParseStatePayload(absl::StrCat(R"({"type":"GLOBAL","global":)", global, "}"));
  const std::optional<JsonSlice> object = ParseJson(global);
  const auto listed = object ? JsonFind(*object, "stream_states") : std::nullopt;
  const auto elements = listed ? JsonElements(*listed) : std::nullopt;
  if (!message.ok() || !elements || elements->size() != message->global_streams.size()) {
    return absl::InvalidArgumentError("the stored GLOBAL state cannot be read");
  }
  std::string states;
  const auto add = [&states](absl::string_view state) {
    absl::StrAppend(&states, states.empty() ? "" : ",", state);
  };
  bool all = true;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const StreamDescriptor& stream = message->global_streams[i];
    const bool nulled = chosen.erase(stream) > 0 || options.all;
    add(nulled ? NullState(stream) : A((*elements)[i].text));
    all = all && nulled;
  }
  for (const StreamDescriptor& stream : options.streams) {
    if (chosen.erase(stream) > 0) add(NullState(stream));
  }
  const auto shared = all ? std::nullopt : JsonFind(*object, "shared_state");
  return absl::StrCat("{", shared ? absl::StrCat(R"("shared_state":)", A(shared->text), ",") : "",
                      R"("stream_states":[)", states, "]}");
}

// The one state that holds for all streams; empty when each has its own.
absl::StatusOr<std::optional<std::string>> CommonState(const ResetSourceOptions& options) {
  if (options.states.empty()) return std::nullopt;
  switch (options.states.front().type) {
    case StateType::kStream:
      return std::nullopt;
    case StateType::kLegacy:
      if (!options.all) {
        return absl::InvalidArgumentError(
            "the stored state is of type LEGACY, which has no parts: only all streams can be "
            "reset");
      }
      return R"({"type":"LEGACY","data":null})";
    case StateType::kGlobal: {
      const absl::StatusOr<std::string> global = ResetGlobal(options.states.front().blob, options);
      if (!global.ok()) return global.status();
      return absl::StrCat(R"({"type":"GLOBAL","global":)", *global, "}");
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ResetSource>> ResetSource::Create(ResetSourceOptions options) {
  absl::StatusOr<std::optional<std::string>> state = CommonState(options);
  if (!state.ok()) return state.status();
  absl::StatusOr<EventFd> event = EventFd::Create();
  if (!event.ok()) return event.status();
  return std::unique_ptr<ResetSource>(
      new ResetSource(std::move(options), *std::move(state), *std::move(event)));
}

ResetSource::ResetSource(ResetSourceOptions options, std::optional<std::string> state,
                         EventFd exit_event)
    : options_(std::move(options)), state_(std::move(state)), exit_event_(std::move(exit_event)) {}

std::string ResetSource::StatusLine(const StreamDescriptor& stream, const char* status) const {
  return absl::StrCat(R"({"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":)",
                      absl::ToUnixMillis(options_.now), R"(,"stream_status":{"stream_descriptor":)",
                      Descriptor(stream), R"(,"status":")", status, "\"}}}\n");
}

std::string ResetSource::NextLines() {
  const std::size_t streams = options_.streams.size();
  const std::size_t at = next_++;
  if (!state_) {
    if (at >= streams) return "";
    const StreamDescriptor& stream = options_.streams[at];
    return absl::StrCat(StatusLine(stream, "STARTED"),
                        R"({"type":"STATE","state":{"type":"STREAM","stream":)", NullState(stream),
                        "}}\n", StatusLine(stream, "COMPLETE"));
  }
  // The streams, the state, the streams again.
  if (at < streams) return StatusLine(options_.streams[at], "STARTED");
  if (at == streams) return absl::StrCat(R"({"type":"STATE","state":)", *state_, "}\n");
  if (at <= 2 * streams) return StatusLine(options_.streams[at - streams - 1], "COMPLETE");
  return "";
}

IoResult ResetSource::ReadOutput(std::span<char> buffer) {
  SHUNT_CHECK(!buffer.empty());
  const std::lock_guard<std::mutex> lock(mutex_);
  if (lines_read_ == lines_.size() && !terminated_) {
    lines_ = NextLines();
    lines_read_ = 0;
  }
  if (lines_read_ == lines_.size() || terminated_) {
    ended_ = true;
    exit_event_.Signal();
    return {IoState::kEnd, 0, 0};
  }
  const std::size_t bytes = lines_.copy(buffer.data(), buffer.size(), lines_read_);
  lines_read_ += bytes;
  return {IoState::kBytes, bytes, 0};
}

std::optional<ExitStatus> ResetSource::Exit() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!ended_) return std::nullopt;
  if (terminated_) return ExitStatus{.code = 1, .killed_by_us = true};
  return ExitStatus{.code = 0};
}

void ResetSource::Terminate() {
  const std::lock_guard<std::mutex> lock(mutex_);
  terminated_ = terminated_ || !ended_;
}

}  // namespace shunt
