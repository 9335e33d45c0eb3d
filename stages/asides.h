// Asides: what a connector says beside records, states and acknowledgements, and where it goes:
// config updates to the control lane, log lines and text to the log, errors and failed checks to
// the supervisor. One for each connector, used where its output is read in order.
//
// Threads: one. Bounds: a full control lane stops the caller in front of the update; a full log
// lane loses the line (RunState::log_lines_lost); one answer is kept. Texts of errors are masked
// before they are cut, so that no secret is cut in half and escapes the masker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "stages/control_fact.h"
#include "stages/event_sink.h"
#include "stages/fault.h"
#include "stages/run_state.h"
#include "stages/secret_gate.h"
#include "stages/trace_log.h"

namespace shunt {

// Types of messages ("CATALOG") of which the first is what the connector was started for.
using AnswerTypes = std::vector<std::string>;

class Asides {
 public:
  // `connector`: kSource or kDestination. `answers` outlives this.
  Asides(Origin connector, const SecretGate& secrets, ControlLane& control, LogLane& logs,
         FaultLane& faults, const AnswerTypes& answers, RunState& run);

  // A config update, or with `quarantine_only` a broken line that mentions one; `number` is its
  // line's. False when the control lane is full: nothing has happened then.
  bool OnControl(std::string_view line, uint64_t number, absl::Time received_at,
                 bool quarantine_only);
  void OnTrace(std::string_view line, uint64_t number);
  void OnLog(std::string_view line);
  void OnText(std::string_view text);
  void OnOther(std::string_view line);  // a failed connection check is a fault, once

  // A notice of our own.
  void Warn(std::string text) { Log(Origin::kShunt, LogLevel::kWarn, std::move(text)); }
  void Raise(Fault fault);
  // Nothing more will come.
  void Close();

  const TraceLog& traces() const { return traces_; }
  // The message that was asked for, unmasked; "" when none came.
  const std::string& answer() const { return answer_; }

 private:
  void Log(Origin origin, LogLevel level, std::string text);

  const Origin connector_;
  const SecretGate secrets_;
  ControlLane::Sender control_;
  LogLane::Sender logs_;
  FaultLane::Sender faults_;
  RunState& run_;
  uint64_t control_seq_ = 0;   // the last one given out
  bool check_failed_ = false;  // a CONNECTION_STATUS FAILED was reported
  const AnswerTypes& answers_;
  std::string answer_;
  TraceLog traces_;
};

}  // namespace shunt
