#include "stages/trace_log.h"

namespace shunt {

std::optional<Fault> TraceLog::Add(const TraceMessage& trace) {
  if (trace.type == TraceMessage::Type::kStreamStatus && trace.stream) {
    const bool room = statuses_.size() < kTraceStreamsMax || statuses_.contains(*trace.stream);
    if (room && trace.status != TraceMessage::StreamStatus::kOther) {
      statuses_[*trace.stream] = trace.status;
    }
    return std::nullopt;
  }
  if (trace.type != TraceMessage::Type::kError) return std::nullopt;
  if (trace.stream && error_streams_.size() < kTraceStreamsMax) {
    error_streams_.insert(*trace.stream);
  } else {
    error_without_stream_ = true;
  }
  if (++errors_ > kTraceErrorsMax) return std::nullopt;
  Fault fault;
  fault.exit_code = static_cast<int>(origin_ == Origin::kSource ? ExitCode::kSourceFailed
                                                                : ExitCode::kDestinationFailed);
  fault.effect = Fault::Effect::kVerdict;
  fault.failure = {.origin = origin_,
                   .type = trace.failure_type,
                   .message = trace.message.substr(0, kTraceTextBytesMax),
                   .internal_message = trace.internal_message.substr(0, kTraceTextBytesMax),
                   .stack_trace = trace.stack_trace.substr(0, 2 * kTraceTextBytesMax),
                   .stream = trace.stream};
  return fault;
}

std::optional<TraceMessage::StreamStatus> TraceLog::StatusOf(const StreamDescriptor& stream) const {
  const auto found = statuses_.find(stream);
  if (found == statuses_.end()) return std::nullopt;
  return found->second;
}

}  // namespace shunt
