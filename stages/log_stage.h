// LogStage: brings everything that is for people to the event sink: text and LOG lines of both
// connectors, their stderr, and our own notices. One line at a time, masked, control characters
// escaped, at most kLogLinesPerSecond of each connector.
//
// It never waits and nothing waits for it: what does not fit is dropped, and how much that was is
// said once a second.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "connectors/connector.h"
#include "platform/clock.h"
#include "secrets/masker.h"
#include "stages/event_sink.h"
#include "stages/run_state.h"
#include "stages/stage.h"

namespace shunt {

inline constexpr uint64_t kLogLinesPerSecond = 1000;

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
    std::string partial;  // a line begun
    bool cut = false;     // the line begun was too long; its rest is dropped
    bool ended = false;
  };

  bool ReadStderr(Stderr& side);
  void OnStderr(Stderr& side, std::string_view bytes);
  void Emit(Origin origin, LogLevel level, std::string_view text);
  bool Allow(Origin origin);
  void ReportSuppressed();

  LogLane::Receiver logs_;
  const Masker& masker_;
  EventSink& events_;
  const Clock& clock_;
  RunState& run_;
  std::array<Stderr, 2> stderrs_;
  absl::Duration window_ends_ = absl::ZeroDuration();
  std::array<uint64_t, 3> in_window_ = {};
  uint64_t suppressed_ = 0;     // since it was last reported
  uint64_t lost_reported_ = 0;  // of RunState::log_lines_lost
  bool logs_ended_ = false;
  bool done_ = false;
  bool calm_ = false;  // nothing happened in the last step
};

}  // namespace shunt
