// TraceLog: what one connector's TRACE messages said: the first errors and, of a source, the latest
// status of each stream, INCOMPLETE for good once it was said; how often it sent which analytics
// event. Threads: one. Bound: kTraceErrorsMax errors, texts (masked already) cut; streams of the
// catalog only; kAnalyticsTypesMax types of events, the others together under kOtherAnalytics.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/payloads.h"
#include "stages/fault.h"

namespace shunt {

inline constexpr std::size_t kTraceErrorsMax = 10;
inline constexpr std::size_t kShownTextBytesMax = 50'000;
inline constexpr std::size_t kAnalyticsTypesMax = 100;
inline constexpr std::size_t kShownTypeBytesMax = 200;
inline constexpr char kOtherAnalytics[] = "(other)";

class TraceLog {
 public:
  explicit TraceLog(Origin origin) : origin_(origin) {}

  // A fault for the first kTraceErrorsMax errors; empty for everything else. `known`: whether the
  // catalog has its stream, if it names one; of others nothing is kept.
  std::optional<Fault> Add(const TraceMessage& trace, bool known = true);

  // A failed connection check says as much as an error that names no stream.
  void OnFailedCheck() { error_without_stream_ = true; }

  // For tests: streams of which anything is known.
  std::size_t streams() const { return statuses_.size() + error_streams_.size(); }
  bool error_without_stream() const { return error_without_stream_; }
  bool HasError(const StreamDescriptor& stream) const { return error_streams_.contains(stream); }
  // Events by type; their values are nobody's business.
  const std::map<std::string, uint64_t>& analytics() const { return analytics_; }
  std::optional<TraceMessage::StreamStatus> StatusOf(const StreamDescriptor& stream) const;

 private:
  const Origin origin_;
  std::size_t errors_ = 0;
  bool error_without_stream_ = false;
  std::set<StreamDescriptor> error_streams_;
  std::map<StreamDescriptor, TraceMessage::StreamStatus> statuses_;
  std::map<std::string, uint64_t> analytics_;
};

}  // namespace shunt
