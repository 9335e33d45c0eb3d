// TraceLog: what one connector's TRACE messages said: the first errors and, of a source, the latest
// status of each stream. Threads: one. Bound: kTraceErrorsMax errors, texts (masked already) cut;
// kTraceStreamsMax streams.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "protocol/payloads.h"
#include "stages/fault.h"

namespace shunt {

inline constexpr std::size_t kTraceErrorsMax = 10;
inline constexpr std::size_t kTraceStreamsMax = 100'000;
inline constexpr std::size_t kShownTextBytesMax = 50'000;

class TraceLog {
 public:
  explicit TraceLog(Origin origin) : origin_(origin) {}

  // A fault for the first kTraceErrorsMax errors; empty for everything else.
  std::optional<Fault> Add(const TraceMessage& trace);

  // A failed connection check says as much as an error that names no stream.
  void OnFailedCheck() { error_without_stream_ = true; }

  bool error_without_stream() const { return error_without_stream_; }
  bool HasError(const StreamDescriptor& stream) const { return error_streams_.contains(stream); }
  std::optional<TraceMessage::StreamStatus> StatusOf(const StreamDescriptor& stream) const;

 private:
  const Origin origin_;
  std::size_t errors_ = 0;
  bool error_without_stream_ = false;
  std::set<StreamDescriptor> error_streams_;
  std::map<StreamDescriptor, TraceMessage::StreamStatus> statuses_;
};

}  // namespace shunt
