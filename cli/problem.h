// Why a run cannot go on, for the steps of a session. Plain values.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "stages/fault.h"

namespace shunt {

// Empty: it can.
using Problem = std::optional<Fault>;

inline Problem Fail(ExitCode code, Origin origin, absl::string_view message) {
  return MakeFault(code, Fault::Effect::kAbort, origin, std::string(message));
}

// What an answer of the store means for a run.
inline Problem StoreProblem(const absl::Status& status) {
  if (status.ok()) return std::nullopt;
  const bool fenced = absl::IsAborted(status) || absl::IsFailedPrecondition(status);
  return Fail(fenced ? ExitCode::kFenced : ExitCode::kStoreFailed, Origin::kShunt,
              status.message());
}

}  // namespace shunt
