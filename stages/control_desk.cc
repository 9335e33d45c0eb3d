#include "stages/control_desk.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "platform/strings.h"

namespace shunt {
namespace {
constexpr std::size_t kAlertsMax = 100;
}

ControlDesk::ControlDesk(const ControlOptions& options, bool fail_on_rejected, const Lanes& lanes,
                         Masker& masker, Store& store, const UpdateSpill* spill, const Clock& clock,
                         RunState& run)
    : fail_on_rejected_(fail_on_rejected),
      inbox_(lanes.control),
      logs_(lanes.logs),
      faults_(lanes.faults),
      masker_(masker),
      spill_encrypts_(spill != nullptr && spill->encrypts()),
      run_(run),
      stage_(options, ControlDeps{*this, *this, store, clock, spill}) {}

absl::StatusOr<Step> ControlDesk::Run() {
  if (done_) return Step::kDone;
  absl::StatusOr<Step> step = stage_.Run();
  if (!step.ok() || *step != Step::kDone) return step;
  logs_.Close();
  faults_.Close();
  done_ = true;
  return Step::kDone;
}

bool ControlDesk::Next(ControlFact* fact) {
  if (!inbox_.Receive(fact)) return false;
  if (!fact->quarantine_only) ++account_.received;
  return true;
}

void ControlDesk::OnSecrets(Origin origin, const std::vector<std::string>& values) {
  masker_.AddRotated(origin, values);
}

void ControlDesk::OnLive(Origin origin, const std::vector<std::string>& values) {
  masker_.SetLive(origin, values);
}

void ControlDesk::OnIgnored(Origin origin) {
  bool& said = origin == Origin::kSource ? source_ignored_ : destination_ignored_;
  if (std::exchange(said, true)) return;
  Log(LogLevel::kWarn, absl::StrCat("the ", A(OriginName(origin)),
                                    " sent a CONTROL message that is no config update; it and "
                                    "others like it are counted, and ignored"));
}

void ControlDesk::OnVerdict(const ControlVerdict& verdict) {
  const std::string_view origin = OriginName(verdict.origin);
  switch (verdict.verdict) {
    case Verdict::kApplied:
      ++account_.applied;
      run_.config_updates_applied.Add(1);
      break;
    case Verdict::kSuperseded:
      ++account_.superseded;
      break;
    case Verdict::kDuplicate:
      ++account_.duplicate;
      break;
    case Verdict::kQuarantined:
      ++account_.quarantined;
      break;
    case Verdict::kPending:
      return;
  }
  (verdict.origin == Origin::kSource ? account_.source_generation
                                     : account_.destination_generation) = verdict.generation;
  std::string text = absl::StrCat("config update of the ", A(origin), " (line ", verdict.seq,
                                  "): ", A(VerdictName(verdict.verdict)), ", generation ",
                                  verdict.generation, ", keys ", absl::StrJoin(verdict.keys, ", "));
  if (!verdict.reason.empty()) absl::StrAppend(&text, ": ", verdict.reason);
  if (verdict.alert) {
    absl::StrAppend(&text,
                    verdict.verdict == Verdict::kQuarantined
                        ? " (it is kept as it came, and may hold a token that is nowhere else: see "
                        : " (it came later than the one that won, with another secret: see ",
                    "`shunt config history`)");
    if (account_.alerts.size() < kAlertsMax) account_.alerts.push_back(text);
  }
  Log(verdict.alert ? LogLevel::kWarn : LogLevel::kInfo, std::move(text));
}

void ControlDesk::OnRejected(Origin origin, std::string_view reason) {
  std::string text =
      absl::StrCat("the ", A(OriginName(origin)),
                   " emitted a config that was refused and is quarantined: ", A(reason));
  if (!fail_on_rejected_) {
    Log(LogLevel::kWarn, std::move(text));
    return;
  }
  Fault fault =
      MakeFault(ExitCode::kConfigRejected, Fault::Effect::kAbort, origin, std::move(text));
  faults_.Send(std::move(fault));
}

void ControlDesk::OnStoreTrouble(const absl::Status& status, const absl::Status& spilled) {
  Log(LogLevel::kWarn,
      absl::StrCat("the store does not take a config update; it is tried again: ", status.message(),
                   spilled.ok() ? "" : ". The update is only in memory: ", spilled.message()));
}

void ControlDesk::OnStoreFailed(const StoreFailure& failure) {
  std::string text = absl::StrCat(
      failure.updates, " config updates are not in the store: ", failure.status.message());
  if (!failure.files.empty()) {
    absl::StrAppend(&text, "; they are in ", absl::StrJoin(failure.files, ", "),
                    spill_encrypts_ ? " (encrypted" : " (NOT encrypted: it may hold secrets",
                    UpdateSpill::IsInMemory(failure.files.front())
                        ? "; in memory: gone when the machine restarts)"
                        : ")",
                    ", which the next run and `shunt config recover` bring back");
  }
  if (!failure.spilled.ok()) {
    absl::StrAppend(&text, "; updates are LOST, because there was no other place for them: ",
                    failure.spilled.message());
  }
  // At once: the end of the run may have to wait for the same store.
  Log(LogLevel::kError, text);
  faults_.Send(
      MakeFault(ExitCode::kStoreFailed, Fault::Effect::kAbort, Origin::kShunt, std::move(text)));
}

void ControlDesk::Log(LogLevel level, std::string text) {
  const std::size_t bytes = text.size();
  // A full log lane loses the notice; the journal has the update.
  if (!logs_.Send(LogFact{Origin::kShunt, level, std::move(text)}, bytes)) {
    run_.log_lines_lost.Add(1);
  }
}

}  // namespace shunt
