// LogStage: brings everything that is for people to the event sink: text and LOG lines of both
// connectors, their stderr, and our own notices. One line at a time, masked, control characters
// escaped. Of each connector a stretch of equal lines is shown once and counted; a line that quotes
// a record is shown by its length alone.
//
// What a connector says is held for kLogHold before it is masked: connectors log "refreshed token
// x" just before the config update that tells us what is secret (reliability 5.4). Our own notices
// are shown at once.
//
// It never waits and nothing waits for it: what is more than LogThrottle lets through is dropped
// (stderr here, the rest in Asides), and how much that was is said once a second. At most
// kHeldBytesMax are held; then the oldest lines are shown early.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "connectors/connector.h"
#include "platform/clock.h"
#include "secrets/masker.h"
#include "stages/event_sink.h"
#include "stages/log_throttle.h"
#include "stages/run_state.h"
#include "stages/stage.h"

namespace shunt {

inline constexpr absl::Duration kLogHold = absl::Milliseconds(500);
inline constexpr std::size_t kHeldBytesMax = std::size_t{256} << 10;
// While a line is repeated, this often it is said how often.
inline constexpr absl::Duration kRepeatsSaidEvery = absl::Seconds(5);

class LogStage final : public Stage {
 public:
  // Of stderr, what is milder than `level` is not shown.
  LogStage(Connector& source, Connector& destination, LogLane& logs, const Masker& masker,
           EventSink& events, const Clock& clock, RunState& run, LogLevel level = LogLevel::kTrace);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;
  bool calm() const override { return calm_; }

 private:
  struct Stderr {
    Origin origin;
    Connector& connector;
    std::string partial = {};  // a line begun, as far as it can matter
    bool ended = false;
    LogLevel level = LogLevel::kError;  // of the last line
    LogThrottle throttle = {};
    uint64_t dropped = 0;  // since it was last said
  };
  // What was shown last of a connector, on one way.
  struct Last {
    Origin origin;
    bool on_stderr;
    std::string text = {};
    LogLevel level = LogLevel::kInfo;
    uint64_t repeats = 0;                         // that were not said yet
    absl::Duration since = absl::ZeroDuration();  // when those began
  };
  struct Held {
    absl::Duration until;
    LogFact fact;
  };

  bool ReadStderr(Stderr& side);
  void OnStderr(Stderr& side, std::string_view bytes);
  void OnStderrLine(Stderr& side);
  void Hold(LogFact fact);
  // Shows what was held long enough, or does not fit; with `all`, everything.
  bool ShowHeld(bool all);
  void Show(const LogFact& fact);
  void ShowLine(const LogFact& fact, std::string_view line);
  void SayRepeats(Last& last);
  // Once a second, or with `all` now.
  void SayDropped(bool all);
  void SayDropped(uint64_t lines, absl::string_view of);
  void ReportNotLookedFor();

  LogLane::Receiver logs_;
  const Masker& masker_;
  EventSink& events_;
  const Clock& clock_;
  RunState& run_;
  const LogLevel level_;
  std::array<Stderr, 2> stderrs_;
  std::deque<Held> held_;  // in order of arrival
  std::size_t held_bytes_ = 0;
  std::array<Last, 4> last_ = {Last{Origin::kSource, false}, Last{Origin::kSource, true},
                               Last{Origin::kDestination, false}, Last{Origin::kDestination, true}};
  absl::Duration now_;
  std::optional<absl::Duration> dropped_since_;  // something was dropped and not said yet
  uint64_t source_dropped_said_ = 0;             // of RunState::source_log_lines_dropped
  uint64_t destination_dropped_said_ = 0;        // likewise
  uint64_t lost_said_ = 0;                       // of RunState::log_lines_lost
  bool logs_ended_ = false;
  bool begun_ = false;
  bool not_looked_for_said_ = false;
  bool done_ = false;
  bool calm_ = false;  // nothing happened in the last step
};

}  // namespace shunt
