// LogStage: brings everything that is for people to the event sink: text and LOG lines of both
// connectors, their stderr, and our own notices. One line at a time, masked, control characters
// escaped. Of each connector a stretch of equal lines is shown once and counted; a line that quotes
// a record is shown by its length alone.
//
// What a connector says is held for kLogHold before it is masked: connectors log "refreshed token
// x" just before the config update that tells us what is secret. Our own notices are shown at once.
//
// A line of stderr overtakes nothing of the same connector's output: after kLogHold it is held
// until all that the output had by then was looked through, so until the config update that a
// stalled destination keeps from being read (OutputMark; an output that is drained answers at
// once). What is on the output itself cannot overtake what stands before it.
//
// Nothing waits for it: what is more than LogThrottle lets through is dropped (stderr here, the
// rest in Asides), and how much that was is said once a second. At most kHeldBytesMax are held;
// then the oldest lines are shown early, or, when they would overtake, dropped and counted: stderr
// is left unread for kAnswerPatience before.
//
// The last of each stderr is kept for a report of how the connector ended (StderrTail).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "connectors/connector.h"
#include "lanes/waker.h"
#include "platform/clock.h"
#include "secrets/masker.h"
#include "stages/event_sink.h"
#include "stages/log_throttle.h"
#include "stages/run_state.h"
#include "stages/stage.h"
#include "stages/stderr_tail.h"

namespace shunt {

inline constexpr absl::Duration kLogHold = absl::Milliseconds(500);
inline constexpr std::size_t kHeldBytesMax = std::size_t{256} << 10;
// More than any pipe holds, and what is read at once: when so much was looked at since a moment,
// all that was there then was.
inline constexpr uint64_t kOutputInPipeMax = uint64_t{2} << 20;
inline constexpr absl::Duration kAnswerPatience = absl::Milliseconds(50);
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

  // Whoever reads a connector's output, to be woken for a question. Before the run begins.
  void add_reader_waker(Origin connector, Waker* waker) {
    (connector == Origin::kSource ? stderrs_[0] : stderrs_[1]).readers.push_back(waker);
  }
  // The last lines of a connector's stderr, masked. Once the run is over.
  std::string TailOf(Origin connector) const {
    return (connector == Origin::kSource ? stderrs_[0] : stderrs_[1]).tail.Show(masker_);
  }

 private:
  struct Held {
    absl::Duration until;
    uint64_t number;  // in the order of arrival
    LogFact fact;
  };
  // "Up to which line may you be shown?", asked of the reader of the output.
  struct Question {
    absl::Duration asked_at;
    uint64_t number;
    uint64_t looked_after;  // so many bytes looked at are an answer too
    absl::Duration covers;  // lines that are held until then
  };
  struct Stderr {
    Origin origin;
    Connector& connector;
    std::string partial = {};  // a line begun, as far as it can matter
    bool ended = false;
    LogLevel level = LogLevel::kError;  // of the last line
    LogThrottle throttle = {};
    uint64_t dropped = 0;        // since it was last said
    uint64_t overtaken = 0;      // likewise: would have overtaken too much
    std::deque<Held> held = {};  // in order of arrival
    std::optional<Question> question = {};
    absl::Duration free_until = -absl::InfiniteDuration();  // lines held until then may be shown
    std::vector<Waker*> readers = {};
    StderrTail::Keeper tail = {};
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

  bool ReadStderr(Stderr& side);
  void OnStderr(Stderr& side, std::string_view bytes);
  void OnStderrLine(Stderr& side);
  void Hold(LogFact fact);
  // Shows what was held long enough, or does not fit; with `all`, everything.
  bool ShowHeld(bool all);
  // The oldest line that may be shown, or null.
  std::deque<Held>* NextShown(bool all);
  // Too much is held: the oldest line goes. False when it waits for an answer.
  bool MakeRoom();
  void TakeAnswers();
  void Ask(Stderr& side, absl::Duration covers);
  OutputMark& MarkOf(const Stderr& side) const {
    return side.origin == Origin::kSource ? run_.source_output : run_.destination_output;
  }
  uint64_t OutputBytes(const Stderr& side) const {
    return (side.origin == Origin::kSource ? run_.source_bytes : run_.destination_bytes).value();
  }
  bool full() const { return held_bytes_ > kHeldBytesMax; }
  void PopHeld(std::deque<Held>* held);
  void Show(const LogFact& fact);
  void ShowLine(const LogFact& fact, std::string_view line);
  void SayRepeats(Last& last);
  // Once a second, or with `all` now.
  void SayDropped(bool all);
  void SayDropped(uint64_t lines, absl::string_view of, absl::string_view why = "");
  void ReportNotLookedFor();

  LogLane::Receiver logs_;
  const Masker& masker_;
  EventSink& events_;
  const Clock& clock_;
  RunState& run_;
  const LogLevel level_;
  std::array<Stderr, 2> stderrs_;
  std::deque<Held> held_;  // of what is not stderr's, in order of arrival
  std::size_t held_bytes_ = 0;
  uint64_t arrivals_ = 0;
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
