#include "stages/stream_progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "transforms/name_mapping.h"

namespace shunt {
namespace {

using State = StreamRunState;
using Status = TraceMessage::StreamStatus;

bool IsFinal(State state) { return state == State::kComplete || state == State::kIncomplete; }

std::string Elapsed(absl::Duration time) {
  return absl::FormatDuration(absl::Trunc(time, absl::Seconds(1)));
}

// Fewer than none cannot be expected.
std::optional<uint64_t> Count(const std::optional<int64_t>& estimate) {
  if (!estimate || *estimate < 0) return std::nullopt;
  return static_cast<uint64_t>(*estimate);
}

// Of sources that exaggerate: no sum passes 2^64.
uint64_t Plus(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

std::optional<uint64_t> Plus(const std::optional<uint64_t>& a, const std::optional<uint64_t>& b) {
  if (!a || !b) return a ? a : b;
  return Plus(*a, *b);
}

// Empty when the trace does not say it, or it has passed already.
std::optional<absl::Duration> TimeToReset(const TraceMessage& trace, absl::Time now) {
  if (!trace.quota_reset_ms) return std::nullopt;
  const absl::Duration left = absl::FromUnixMillis(*trace.quota_reset_ms) - now;
  if (left <= absl::ZeroDuration()) return std::nullopt;
  return left;
}

}  // namespace

std::string_view StreamRunStateName(StreamRunState state) {
  switch (state) {
    case State::kNone:
      return "";
    case State::kStarted:
      return "started";
    case State::kRunning:
      return "running";
    case State::kRateLimited:
      return "rate_limited";
    case State::kComplete:
      return "complete";
    case State::kIncomplete:
      return "incomplete";
  }
  return "";
}

StreamProgress::StreamProgress(const ConfiguredCatalog& catalog,
                               const std::vector<StreamAccount>& read)
    : catalog_(catalog), read_(read), index_(catalog), streams_(catalog.streams.size()) {}

StreamProgress::Notice StreamProgress::OnTrace(const TraceMessage& trace, const Instant& now) {
  if (trace.type == TraceMessage::Type::kEstimate) return OnEstimate(trace);
  if (trace.type != TraceMessage::Type::kStreamStatus || !trace.stream) return {};
  const std::optional<uint32_t> stream = index_.Find(*trace.stream);
  return stream ? OnStatus(*stream, trace, now) : Notice{};
}

StreamProgress::Notice StreamProgress::OnStatus(uint32_t stream, const TraceMessage& trace,
                                                const Instant& now) {
  Stream& at = streams_[stream];
  if (IsFinal(at.state) || trace.status == Status::kOther) return {};
  if (trace.status == Status::kStarted) {
    if (at.state == State::kNone) at.state = State::kStarted;
    return {};
  }
  if (trace.status == Status::kRunning && trace.rate_limited) {
    if (at.state != State::kRateLimited) return BeginLimit(stream, trace, now);
    SetResume(stream, trace, now);
    return {};
  }
  Notice notice = at.state == State::kRateLimited ? EndLimit(stream, now) : Notice{};
  at.state = trace.status == Status::kRunning    ? State::kRunning
             : trace.status == Status::kComplete ? State::kComplete
                                                 : State::kIncomplete;
  Recount(stream);
  return notice;
}

StreamProgress::Notice StreamProgress::OnRecords(uint32_t stream, const Instant& now) {
  Stream& at = streams_[stream];
  if (at.known && !IsFinal(at.state) && read_[stream].records_read > at.expected) Recount(stream);
  if (at.state != State::kRateLimited) return {};
  Notice notice = EndLimit(stream, now);
  at.state = State::kRunning;
  return notice;
}

// --- rate limits -------------------------------------------------------------------------------

StreamProgress::Notice StreamProgress::BeginLimit(uint32_t stream, const TraceMessage& trace,
                                                  const Instant& now) {
  Stream& at = streams_[stream];
  at.state = State::kRateLimited;
  ++at.rate_limits;
  at.limited_since = at.resumes_at = now.mono;
  limited_.emplace(at.resumes_at, stream);
  SetResume(stream, trace, now);
  std::string text = absl::StrCat("source: stream ", ShownStream(catalog_.streams[stream].stream),
                                  " is rate-limited");
  if (const auto left = TimeToReset(trace, now.wall)) {
    if (*left > kQuotaResetMax) {
      absl::StrAppend(&text, " for more than ", absl::FormatDuration(kQuotaResetMax));
    } else {
      absl::StrAppend(&text, " for ", Elapsed(*left), ", until ",
                      absl::FormatTime("%H:%M:%S UTC", now.wall + *left, absl::UTCTimeZone()));
    }
  }
  return Say(std::move(text), /*urgent=*/true);
}

StreamProgress::Notice StreamProgress::EndLimit(uint32_t stream, const Instant& now) {
  Stream& at = streams_[stream];
  limited_.erase({at.resumes_at, stream});
  const absl::Duration passed = now.mono - at.limited_since;
  at.rate_limited_for += passed;
  return Say(absl::StrCat("source: stream ", ShownStream(catalog_.streams[stream].stream),
                          " is not rate-limited any more, after ", Elapsed(passed)),
             /*urgent=*/false);
}

void StreamProgress::SetResume(uint32_t stream, const TraceMessage& trace, const Instant& now) {
  Stream& at = streams_[stream];
  if (trace.quota_reset_ms) at.quota_reset_ms = trace.quota_reset_ms;
  const auto left = TimeToReset(trace, now.wall);
  limited_.erase({at.resumes_at, stream});
  at.resumes_at = now.mono + std::min(left.value_or(absl::ZeroDuration()), kQuotaResetMax);
  limited_.emplace(at.resumes_at, stream);
}

std::optional<absl::Duration> StreamProgress::source_resumes_at() const {
  if (limited_.empty()) return std::nullopt;
  return limited_.rbegin()->first;
}

absl::Duration StreamProgress::RateLimitedFor(std::size_t stream, absl::Duration now) const {
  const Stream& at = streams_[stream];
  if (at.state != State::kRateLimited) return at.rate_limited_for;
  return at.rate_limited_for + (now - at.limited_since);
}

StreamProgress::Notice StreamProgress::Say(std::string text, bool urgent) {
  if (++notices_ > kLimitNoticesMax) return {};
  if (notices_ == kLimitNoticesMax) absl::StrAppend(&text, " (further ones are only counted)");
  return {std::move(text), urgent};
}

// --- estimates ---------------------------------------------------------------------------------

StreamProgress::Notice StreamProgress::OnEstimate(const TraceMessage& trace) {
  const Kind kind = trace.estimate_is_sync ? Kind::kSync : Kind::kStream;
  if (kind_ == Kind::kMixed) return {};
  if (kind_ != Kind::kNone && kind_ != kind) {
    kind_ = Kind::kMixed;
    for (Stream& at : streams_) at.estimate.reset();
    sync_ = {};
    return {"source: it sends estimates of streams and of the whole sync: neither can be used",
            /*urgent=*/true};
  }
  const Estimate estimate = {Count(trace.row_estimate), Count(trace.byte_estimate)};
  const bool first = kind_ == Kind::kNone;
  kind_ = kind;
  if (kind == Kind::kSync) {
    sync_ = estimate;
    return {};
  }
  if (first) {  // those that have ended already are known too
    for (uint32_t i = 0; i < streams_.size(); ++i) Recount(i);
  }
  const std::optional<uint32_t> stream =
      trace.stream ? index_.Find(*trace.stream) : std::optional<uint32_t>();
  if (!stream) return {};
  streams_[*stream].estimate = estimate;
  Recount(*stream);
  return {};
}

// A stream that has ended has what was read of it; of another one nothing is known once it has sent
// more than it expected.
void StreamProgress::Recount(uint32_t stream) {
  Stream& at = streams_[stream];
  if (at.known) {
    expected_records_ -= at.expected;
    --known_;
  }
  const uint64_t read = read_[stream].records_read;
  at.known = false;
  if (IsFinal(at.state)) {
    at.expected = read;
    at.known = true;
  } else if (at.estimate && at.estimate->records && *at.estimate->records >= read) {
    // What nobody could ever send is no estimate, and would not fit into the sum.
    at.expected = *at.estimate->records;
    at.known = at.expected <= UINT64_MAX / (streams_.size() + 1);
  }
  if (!at.known) return;
  expected_records_ += at.expected;
  ++known_;
}

std::optional<uint64_t> StreamProgress::expected_records() const {
  if (kind_ == Kind::kSync) return sync_.records;
  if (kind_ != Kind::kStream || known_ != streams_.size()) return std::nullopt;
  return expected_records_;
}

Estimate StreamProgress::total() const {
  if (kind_ == Kind::kSync) return sync_;
  Estimate sum;
  for (const Stream& at : streams_) {
    if (!at.estimate) continue;
    sum.records = Plus(sum.records, at.estimate->records);
    sum.bytes = Plus(sum.bytes, at.estimate->bytes);
  }
  return sum;
}

}  // namespace shunt
