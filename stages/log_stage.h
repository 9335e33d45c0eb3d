// LogStage: brings everything that is for people to the event sink: text and LOG lines of both
// connectors, their stderr, and our own notices. One line at a time, masked, control characters
// escaped, at most kLogLinesPerSecond and kLogBytesPerSecond of each connector.
//
// What a connector says is held for kLogHold before it is masked: connectors log "refreshed token
// x" just before the config update that tells us what is secret (reliability 5.4). Our own notices
// are shown at once.
//
// It never waits and nothing waits for it: what does not fit is dropped, and how much that was is
// said once a second. At most kHeldBytesMax are held; then the oldest lines are shown early.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/time/time.h"
#include "connectors/connector.h"
#include "platform/clock.h"
#include "secrets/masker.h"
#include "stages/event_sink.h"
#include "stages/run_state.h"
#include "stages/stage.h"

namespace shunt {

inline constexpr uint64_t kLogLinesPerSecond = 1000;
inline constexpr uint64_t kLogBytesPerSecond = uint64_t{1} << 20;
inline constexpr absl::Duration kLogHold = absl::Milliseconds(500);
inline constexpr std::size_t kHeldBytesMax = std::size_t{256} << 10;

class LogStage final : public Stage {
 public:
  LogStage(Connector& source, Connector& destination, LogLane& logs, const Masker& masker,
           EventSink& events, const Clock& clock, RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;
  bool calm() const override { return calm_; }

 private:
  struct Stderr {
    Origin origin;
    Connector& connector;
    std::string partial;  // a line begun, as far as it can matter
    bool ended = false;
  };
  struct Held {
    absl::Duration until;
    LogFact fact;
  };

  bool ReadStderr(Stderr& side);
  void OnStderr(Stderr& side, std::string_view bytes);
  void Hold(LogFact fact);
  // Shows what was held long enough, or does not fit; with `all`, everything.
  bool ShowHeld(bool all);
  void Show(Origin origin, LogLevel level, std::string_view text);
  // Counts a line of so many bytes.
  bool Allow(Origin origin, std::size_t bytes);
  void ReportSuppressed();
  void ReportNotLookedFor();

  LogLane::Receiver logs_;
  const Masker& masker_;
  EventSink& events_;
  const Clock& clock_;
  RunState& run_;
  std::array<Stderr, 2> stderrs_;
  std::deque<Held> held_;  // in order of arrival
  std::size_t held_bytes_ = 0;
  std::array<uint64_t, 3> held_lines_ = {};  // by origin
  absl::Duration window_ends_ = absl::ZeroDuration();
  struct Shown {
    uint64_t lines = 0;
    uint64_t bytes = 0;
  };
  std::array<Shown, 3> in_window_ = {};  // by origin
  uint64_t suppressed_ = 0;              // since it was last reported
  uint64_t lost_reported_ = 0;           // of RunState::log_lines_lost
  bool logs_ended_ = false;
  bool begun_ = false;
  bool not_looked_for_said_ = false;
  bool done_ = false;
  bool calm_ = false;  // nothing happened in the last step
};

}  // namespace shunt
