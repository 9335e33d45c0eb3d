#include "stages/trace_log.h"

#include <algorithm>
#include <string>
#include <utility>

namespace shunt {
namespace {

// Cut between characters.
std::string Shown(const std::string& text, std::size_t bytes_max = kShownTextBytesMax) {
  std::size_t size = std::min(text.size(), bytes_max);
  while (size > 0 && size < text.size() && (text[size] & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::optional<Fault> TraceLog::Add(const TraceMessage& trace, bool known) {
  if (trace.type == TraceMessage::Type::kStreamStatus && trace.stream) {
    if (origin_ != Origin::kSource) return std::nullopt;  // a destination's mean nothing to us
    if (known && trace.status != TraceMessage::StreamStatus::kOther) {
      TraceMessage::StreamStatus& status = statuses_[*trace.stream];
      if (status != TraceMessage::StreamStatus::kIncomplete) status = trace.status;
    }
    return std::nullopt;
  }
  if (trace.type == TraceMessage::Type::kAnalytics) {
    std::string type = Shown(trace.analytics_type, kShownTypeBytesMax);
    const bool room = analytics_.size() < kAnalyticsTypesMax || analytics_.contains(type);
    ++analytics_[room ? std::move(type) : kOtherAnalytics];
    return std::nullopt;
  }
  if (trace.type != TraceMessage::Type::kError) return std::nullopt;
  if (!trace.stream) {
    error_without_stream_ = true;
  } else if (known && origin_ == Origin::kSource) {
    error_streams_.insert(*trace.stream);
  }
  if (++errors_ > kTraceErrorsMax) return std::nullopt;
  Fault fault;
  fault.exit_code = static_cast<int>(origin_ == Origin::kSource ? ExitCode::kSourceFailed
                                                                : ExitCode::kDestinationFailed);
  fault.effect = Fault::Effect::kVerdict;
  fault.failure = {.origin = origin_,
                   .type = trace.failure_type,
                   .message = Shown(trace.message),
                   .internal_message = Shown(trace.internal_message),
                   .stack_trace = Shown(trace.stack_trace),
                   .stream = trace.stream};
  if (fault.failure.stream) {
    StreamDescriptor& stream = *fault.failure.stream;
    stream.name = Shown(stream.name);
    if (stream.name_space) stream.name_space = Shown(*stream.name_space);
  }
  return fault;
}

std::optional<TraceMessage::StreamStatus> TraceLog::StatusOf(const StreamDescriptor& stream) const {
  const auto found = statuses_.find(stream);
  if (found == statuses_.end()) return std::nullopt;
  return found->second;
}

}  // namespace shunt
