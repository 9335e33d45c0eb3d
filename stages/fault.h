// Fault: something that decides how a run ends. Any stage may raise one; the first decides the exit
// code, all are listed in the report. Plain values.
#pragma once

#include <optional>
#include <string>

#include "lanes/lane.h"
#include "protocol/message.h"
#include "stages/exit_code.h"

namespace shunt {

// One entry of the report's `failures`.
struct Failure {
  Origin origin = Origin::kShunt;
  std::string type = "system_error";  // system_error, config_error, transient_error
  std::string message, internal_message, stack_trace;
  std::optional<StreamDescriptor> stream = {};
  bool remark = false;  // says what else there is to know; no cause of how the run ended
};

struct Fault {
  enum class Effect : uint8_t {
    kVerdict,  // decides the exit code; routing goes on
    kAbort,    // decides the exit code and ends the run
    kListed,   // listed in the report only: an earlier fault of the same cause decided
  };
  int exit_code = 0;
  Effect effect = Effect::kVerdict;
  // It is about how the connector of the failure ended or hangs: the last of its stderr tells more.
  bool wants_stderr = false;
  // Said by the source after the destination had brought the run down: a broken pipe, a signal
  // that it took badly. Listed behind the causes.
  bool consequence = false;
  Failure failure;
};

// internal_message of the fault that a closed pipe raises: a consequence of something else.
inline constexpr char kBrokenPipe[] = "Broken pipe";

// A fault of our own making or finding: `message` names the connector and what to do.
inline Fault MakeFault(ExitCode code, Fault::Effect effect, Origin origin, std::string message) {
  Fault fault;
  fault.exit_code = static_cast<int>(code);
  fault.effect = effect;
  fault.failure.origin = origin;
  fault.failure.message = std::move(message);
  return fault;
}

using FaultLane = Lane<Fault>;

}  // namespace shunt
