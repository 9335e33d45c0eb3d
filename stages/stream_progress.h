// StreamProgress: how far each stream is, as the source tells it: its run state (TRACE
// STREAM_STATUS), rate limits included, and how much it expects to send (TRACE ESTIMATE).
//
//   none -> started -> running <-> rate_limited;   any of them -> complete | incomplete (final)
//
// A record means that its stream is running, and ends its rate limit. Of the estimates of a stream,
// or of the sync, the last counts, whole: what it leaves out is not known any more. A sync that has
// both kinds has neither (airbyte-semantics 1.6, 2.8, 2.9).
//
// Pure core: no clock, no I/O. Threads: one. Bounds: a few words for each stream of the catalog;
// streams that it lacks are ignored; kLimitNoticesMax notices.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "protocol/catalog.h"
#include "protocol/payloads.h"
#include "protocol/stream_index.h"
#include "stages/accounting.h"

namespace shunt {

inline constexpr uint64_t kLimitNoticesMax = 1000;
// However far ahead a quota_reset lies, this is how long a source may be silent because of it.
inline constexpr absl::Duration kQuotaResetMax = absl::Hours(24);

enum class StreamRunState : uint8_t {
  kNone,
  kStarted,
  kRunning,
  kRateLimited,
  kComplete,
  kIncomplete,
};
std::string_view StreamRunStateName(StreamRunState state);  // "started", ...; "" for kNone

struct Estimate {
  std::optional<uint64_t> records, bytes;
};

class StreamProgress {
 public:
  struct Stream {
    StreamRunState state = StreamRunState::kNone;
    std::optional<Estimate> estimate;
    uint64_t rate_limits = 0;                                // how often one began
    absl::Duration rate_limited_for = absl::ZeroDuration();  // those that ended
    absl::Duration limited_since;                            // kRateLimited: monotonic
    absl::Duration resumes_at;                               // likewise; see source_resumes_at
    std::optional<int64_t> quota_reset_ms;                   // of the last rate limit that had one
    uint64_t expected = 0;  // its part of expected_records_, when `known`
    bool known = false;
  };
  enum class Kind : uint8_t { kNone, kStream, kSync, kMixed };  // of the estimates
  struct Instant {
    absl::Time wall;      // of receipt
    absl::Duration mono;  // likewise
  };

  // `read`: what was read of each stream so far, kept up to date by the caller; it outlives this.
  StreamProgress(const ConfiguredCatalog& catalog, const std::vector<StreamAccount>& read);

  // What is to be said about it; "" for nothing. `urgent` tells a warning from news.
  struct Notice {
    std::string text;
    bool urgent = false;
  };
  Notice OnTrace(const TraceMessage& trace, const Instant& now);
  // Records of `stream` were read, and `read` says so. Needed only while watches_records().
  Notice OnRecords(uint32_t stream, const Instant& now);
  bool watches_records() const { return !limited_.empty() || kind_ == Kind::kStream; }

  // How many records all streams together will have, as far as the estimates can be believed: there
  // is one of every stream (or of the sync), and none has sent more than it expected.
  std::optional<uint64_t> expected_records() const;
  // Streams that are rate-limited now, and until when (monotonic) the source may be silent for it.
  std::size_t rate_limited_streams() const { return limited_.size(); }
  std::optional<absl::Duration> source_resumes_at() const;

  bool Knows(const StreamDescriptor& stream) const { return index_.Find(stream).has_value(); }
  const std::vector<Stream>& streams() const { return streams_; }
  Kind kind() const { return kind_; }
  // Of all streams together: what is known of them is summed. Empty without estimates.
  Estimate total() const;
  // With the rate limit that has not ended yet.
  absl::Duration RateLimitedFor(std::size_t stream, absl::Duration now) const;

 private:
  Notice OnStatus(uint32_t stream, const TraceMessage& trace, const Instant& now);
  Notice OnEstimate(const TraceMessage& trace);
  Notice BeginLimit(uint32_t stream, const TraceMessage& trace, const Instant& now);
  Notice EndLimit(uint32_t stream, const Instant& now);
  void SetResume(uint32_t stream, const TraceMessage& trace, const Instant& now);
  void Recount(uint32_t stream);
  Notice Say(std::string text, bool urgent);

  const ConfiguredCatalog& catalog_;
  const std::vector<StreamAccount>& read_;
  const StreamIndex index_;
  std::vector<Stream> streams_;
  std::set<std::pair<absl::Duration, uint32_t>> limited_;  // resumes_at, stream
  Kind kind_ = Kind::kNone;
  Estimate sync_;
  uint64_t expected_records_ = 0;  // of the streams that are known
  std::size_t known_ = 0;
  uint64_t notices_ = 0;
};

}  // namespace shunt
