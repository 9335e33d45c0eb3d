// Asides: what a connector says beside records, states and acknowledgements, and where it goes:
// config updates to the control lane, log lines and text to the log, errors and failed checks to
// the supervisor. One for each connector, used where its output is read in order.
//
// Threads: one. Bounds: a full control lane stops the caller in front of the update; a full log
// lane loses the line (RunState::log_lines_lost); one answer is kept; kTraceWarningsMax broken
// TRACE messages are warned about. Texts of errors are masked before they are cut, so that no
// secret is cut in half and escapes the masker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "stages/control_fact.h"
#include "stages/event_sink.h"
#include "stages/fault.h"
#include "stages/log_throttle.h"
#include "stages/run_state.h"
#include "stages/secret_gate.h"
#include "stages/stream_progress.h"
#include "stages/trace_log.h"
#include "stages/unknown_types.h"

namespace shunt {

// Types of messages ("CATALOG") of which the first is what the connector was started for.
using AnswerTypes = std::vector<std::string>;

inline constexpr uint64_t kTraceWarningsMax = 10;

class Asides {
 public:
  // `connector`: kSource or kDestination. `answers` outlives this.
  Asides(Origin connector, const SecretGate& secrets, ControlLane& control, LogLane& logs,
         FaultLane& faults, const AnswerTypes& answers, RunState& run,
         LogLevel level = LogLevel::kTrace);

  // The monotonic time at which the lines that follow were read.
  void SetTime(absl::Duration now) { now_ = now; }

  // A config update, or with `quarantine_only` a broken line that mentions one; `number` is its
  // line's. False when the control lane is full: nothing has happened then.
  bool OnControl(std::string_view line, uint64_t number, absl::Time received_at,
                 bool quarantine_only);
  // Whether another message than a CONTROL has to do with a connector's config all the same, and
  // goes to OnControl in place of where its type says. `frequent`: of a type that comes in floods,
  // and is looked at no longer than that takes.
  static bool IsForControl(std::string_view line, bool frequent);
  // `progress` is told of it as well, unless it is null.
  void OnTrace(std::string_view line, uint64_t number, StreamProgress* progress = nullptr,
               const StreamProgress::Instant& now = {});
  // Log lines milder than `level`, or more than LogThrottle lets through, go nowhere.
  void OnLog(std::string_view line);
  void OnText(std::string_view text, uint64_t lines = 1);
  // A failed connection check is a fault, once; an unknown type is named, once.
  void OnOther(std::string_view line, uint64_t number);

  // A notice of our own.
  void Warn(std::string text) { Log(Origin::kShunt, LogLevel::kWarn, std::move(text)); }
  void Tell(StreamProgress::Notice notice);
  void Raise(Fault fault);
  // Nothing more will come.
  void Close();

  const TraceLog& traces() const { return traces_; }
  const UnknownTypes& unknown_types() const { return unknown_types_; }
  // The message that was asked for, unmasked; "" when none came.
  const std::string& answer() const { return answer_; }

 private:
  void Log(Origin origin, LogLevel level, std::string text);
  bool Admit(LogLevel level, std::size_t bytes, uint64_t lines);

  const Origin connector_;
  const SecretGate secrets_;
  ControlLane::Sender control_;
  LogLane::Sender logs_;
  FaultLane::Sender faults_;
  RunState& run_;
  const LogLevel level_;
  LogThrottle throttle_;
  absl::Duration now_ = absl::ZeroDuration();
  uint64_t control_seq_ = 0;  // the last one given out
  uint64_t trace_warnings_ = 0;
  bool check_failed_ = false;  // a CONNECTION_STATUS FAILED was reported
  const AnswerTypes& answers_;
  std::string answer_;
  TraceLog traces_;
  UnknownTypes unknown_types_;
};

}  // namespace shunt
