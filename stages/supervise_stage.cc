#include "stages/supervise_stage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// How often it looks whether a deadline has passed: those of a run that goes on, which are hours
// unless somebody asked for less, and the short ones of an end.
constexpr absl::Duration kTickMax = absl::Seconds(1);
constexpr absl::Duration kTickMin = absl::Milliseconds(100);

absl::Duration TickFor(absl::Duration timeout) {
  if (timeout == absl::ZeroDuration()) return kTickMax;
  return std::clamp(timeout / 10, kTickMin, kTickMax);
}

void Publish(absl::Duration total, Counter* milliseconds) {
  milliseconds->Add(static_cast<uint64_t>(absl::ToInt64Milliseconds(total)) -
                    milliseconds->value());
}

std::string Describe(const ExitStatus& exit) {
  if (!exit.detail.empty()) return exit.detail;
  if (exit.signal) return absl::StrCat("was ended by signal ", *exit.signal);
  return absl::StrCat("exited with code ", exit.code.value_or(0));
}

constexpr const char* kAcksAreMissing =
    ": it acknowledges no state, and those that wait take all the room that they may have on disk; "
    "if it acknowledges only at its end, it needs more (--spill-max, --spill-dir)";

}  // namespace

SuperviseStage::SuperviseStage(Connector& source, Connector& destination, const Options& options,
                               ForwardStage& forward, FaultLane& faults, LogLane& logs,
                               const Clock& clock, RunState& run)
    : source_(source),
      destination_(destination),
      options_(options),
      tick_(std::min({TickFor(options.source_timeout), TickFor(options.destination_timeout),
                      TickFor(options.open_timeout)})),
      forward_(forward),
      faults_(faults),
      logs_(logs),
      clock_(clock),
      run_(run),
      now_(clock.MonoNow()),
      started_at_(now_),
      measured_at_(now_) {
  source_silent_.Touch(now_);
}

Wait SuperviseStage::wait() const {
  if (done_) return {};
  const bool at_end = aborting_ || run_.source_ended.Get() || account_.source_exit ||
                      account_.destination_exit ||
                      (destination_.has_output() && run_.destination_ended.Get());
  Wait wait{.at_most = at_end ? kTickMin : tick_};
  if (!account_.source_exit) wait.read_fd = source_.exit_fd();
  if (!account_.destination_exit) wait.other_read_fd = destination_.exit_fd();
  return wait;
}

absl::StatusOr<Step> SuperviseStage::Run() {
  if (done_) return Step::kDone;
  now_ = clock_.MonoNow();
  MeasureBlocking();
  OnStop();
  WatchSource();
  WatchDestination();
  WatchSilence();
  WatchOpening();
  DecideTrailer();
  const bool busy = TakeFaults();
  if (!Over()) return busy ? Step::kBusy : Step::kIdle;
  run_.end_logs.Set(true);
  logs_.Close();
  done_ = true;
  return Step::kDone;
}

bool SuperviseStage::TakeFaults() {
  bool any = false;
  Fault fault;
  while (faults_.Receive(&fault)) {
    Add(std::move(fault));
    any = true;
  }
  return any;
}

void SuperviseStage::Add(Fault fault) {
  const bool abort = fault.effect == Fault::Effect::kAbort;
  if (abort && !abort_origin_) abort_origin_ = fault.failure.origin;
  fault.consequence =
      aborting_ && abort_origin_ == Origin::kDestination && fault.failure.origin == Origin::kSource;
  if (fault.exit_code == static_cast<int>(ExitCode::kTimeout)) SayTimeout(fault);
  Keep(std::move(fault));
  if (abort) Abort();
}

void SuperviseStage::AddWithStderr(Fault fault) {
  fault.wants_stderr = true;
  Add(std::move(fault));
}

// At the moment it passes: what follows takes its time, and the summary comes at the end.
void SuperviseStage::SayTimeout(const Fault& fault) {
  const bool abort = fault.effect == Fault::Effect::kAbort;
  std::string text = absl::StrCat(fault.failure.message, abort ? ": ending the run" : "");
  const std::size_t bytes = text.size();
  if (!logs_.Send(LogFact{Origin::kShunt, LogLevel::kError, std::move(text)}, bytes)) {
    run_.log_lines_lost.Add(1);
  }
}

// Of a flood only the first are listed, and in any case what decides.
void SuperviseStage::Keep(Fault fault) {
  const bool decides = fault.effect != Fault::Effect::kListed && !std::exchange(decided_, true);
  const bool first_abort = fault.effect == Fault::Effect::kAbort && !aborting_;
  if (account_.faults.size() < kFaultsKept || decides || first_abort) {
    account_.faults.push_back(std::move(fault));
  } else if (!std::exchange(faults_left_out_, true)) {
    account_.faults.push_back(MakeFault(ExitCode::kOk, Fault::Effect::kListed, Origin::kShunt,
                                        "there were more failures, which are not listed"));
  }
}

void SuperviseStage::Abort() {
  if (std::exchange(aborting_, true)) return;
  run_.discard.Set(true);
  aborted_.Start(now_);
  // Who has not come by now is not waited for.
  if (!source_.Unopened().empty()) run_.end_source.Set(true);
  source_.Terminate();
  if (destination_.Unopened().empty()) return;
  destination_.Terminate();
  destination_terminated_.Start(now_);
  run_.end_writing.Set(true);
  run_.end_destination.Set(true);
}

void SuperviseStage::OnStop() {
  const int stops = run_.stop_count.Get();
  if (stops == 0) return;
  if (stops_seen_ == 0) {
    const int signal = run_.stop_signal.Get();
    Fault fault;
    fault.exit_code = 128 + signal;
    fault.effect = Fault::Effect::kAbort;
    fault.failure.message = absl::StrCat("stopped by signal ", signal);
    Add(std::move(fault));
  } else if (stops > 1 && stops_seen_ == 1) {
    second_stop_.Start(now_);
    source_.Kill();
  }
  stops_seen_ = stops_seen_ == 0 ? 1 : std::min(stops, 2);
}

void SuperviseStage::WatchSource() {
  if (!account_.source_exit) account_.source_exit = source_.Exit();
  const bool exited = account_.source_exit.has_value();
  const bool ended = run_.source_ended.Get();
  if (aborting_ && !ended) {
    if (aborted_.Passed(now_, DrainTime())) {
      source_.Kill();
      source_terminated_.Start(now_);
    }
    if (source_terminated_.Passed(now_, kKillGrace)) run_.end_source.Set(true);
  }
  if (ended && !exited) {
    source_lingers_.Start(now_);
    if (source_lingers_.Passed(now_, SourceGrace())) OnSourceLingers();
    if (source_lingers_.Passed(now_, SourceGrace() + kKillGrace)) source_.Kill();
  }
  if (exited && !ended) {
    // What it left in the pipe is read at the destination's pace; only silence counts.
    const uint64_t bytes = run_.source_bytes.value();
    const bool silent = run_.source_waiting.Get() && bytes == source_bytes_left_seen_;
    source_bytes_left_seen_ = bytes;
    if (silent) {
      source_open_.Start(now_);
    } else {
      source_open_.Touch(now_);
    }
    if (source_open_.Passed(now_, kOutputGrace)) {
      source_.Kill();  // whoever of its group holds the pipe
      run_.end_source.Set(true);
    }
  }
  if (exited && ended && !account_.source_done_at) account_.source_done_at = now_;
}

// A stop has a deadline of its own (G37).
absl::Duration SuperviseStage::DrainTime() const {
  return stops_seen_ > 0 ? std::min(options_.abort_drain, kStopGrace) : options_.abort_drain;
}

absl::Duration SuperviseStage::SourceGrace() const {
  if (aborting_) return kKillGrace;
  if (options_.source_timeout == absl::ZeroDuration()) return kExitGrace;
  return std::min(kExitGrace, options_.source_timeout);
}

// Nobody knows what its exit would have said, so there is no evidence that it was done.
void SuperviseStage::OnSourceLingers() {
  source_.Terminate();
  if (aborting_ || std::exchange(source_linger_reported_, true)) return;
  AddWithStderr(MakeFault(ExitCode::kTimeout, Fault::Effect::kVerdict, Origin::kSource,
                          absl::StrCat("the source closed its output but did not exit within ",
                                       absl::FormatDuration(SourceGrace()))));
}

// Everything the source said is in the fault lane by now, so its own error comes first.
void SuperviseStage::ReportSourceExit() {
  if (std::exchange(source_exit_reported_, true)) return;
  const ExitStatus& exit = *account_.source_exit;
  if (exit.clean() || exit.killed_by_us) return;
  AddWithStderr(MakeFault(ExitCode::kSourceFailed, Fault::Effect::kVerdict, Origin::kSource,
                          absl::StrCat("the source ", Describe(exit))));
}

void SuperviseStage::DecideTrailer() {
  if (trailer_decided_ || !run_.forwarded_all.Get()) return;
  TakeFaults();
  // A source that cannot exit (ours is the end of a pipe) must not keep an abort waiting.
  const bool hopeless = source_lingers_.Passed(now_, SourceGrace() + 2 * kKillGrace);
  if (!account_.source_exit && !hopeless && !(aborting_ && run_.source_ended.Get())) return;
  if (account_.source_exit) ReportSourceExit();
  const bool healthy =
      std::none_of(account_.faults.begin(), account_.faults.end(),
                   [](const Fault& f) { return f.effect == Fault::Effect::kAbort; });
  const bool source_ok = account_.source_exit && account_.source_exit->clean() && !aborting_;
  trailer_decided_ = true;
  forward_.Decide(healthy && source_ok ? Trailer::kSourceComplete : Trailer::kSourceIncomplete);
}

void SuperviseStage::WatchDestination() {
  if (!account_.destination_exit) account_.destination_exit = destination_.Exit();
  const bool exited = account_.destination_exit.has_value();
  const bool ended = run_.destination_ended.Get();
  if (exited && !ended) {
    const uint64_t bytes = run_.destination_bytes.value();
    if (bytes == destination_bytes_left_seen_) {
      destination_open_.Start(now_);
    } else {
      destination_open_.Touch(now_);
    }
    destination_bytes_left_seen_ = bytes;
    if (destination_open_.Passed(now_, kOutputGrace)) {
      destination_.Kill();
      run_.end_destination.Set(true);
    }
  }
  if (exited && ended) ReportDestinationExit();
  if (ended && !exited && run_.input_closed.Get()) {
    destination_lingers_.Start(now_);
    if (destination_lingers_.Passed(now_, DestinationGrace())) OnDestinationLingers();
  }
  if (second_stop_.Passed(now_, kSecondStopGrace / 2)) {
    destination_.Kill();
    run_.end_writing.Set(true);
    run_.end_destination.Set(true);
    run_.end_source.Set(true);
  } else if (aborting_ && !(exited && ended)) {
    // One that was given its time already gets none to take what is left.
    const absl::Duration grace =
        destination_stuck_reported_ ? absl::ZeroDuration() : DrainTime() + kStopGrace;
    if (aborted_.Passed(now_, grace)) EndDestination(kKillGrace);
  }
  if (exited && ended && !account_.destination_done_at) account_.destination_done_at = now_;
}

void SuperviseStage::OnDestinationLingers() {
  EndDestination(kKillGrace);
  if (aborting_ || std::exchange(destination_linger_reported_, true)) return;
  AddWithStderr(MakeFault(ExitCode::kTimeout, Fault::Effect::kVerdict, Origin::kDestination,
                          absl::StrCat("the destination closed its output but did not exit within ",
                                       absl::FormatDuration(DestinationGrace()))));
}

absl::Duration SuperviseStage::DestinationGrace() const {
  if (options_.destination_timeout == absl::ZeroDuration()) return kExitGrace;
  return std::min(kExitGrace, options_.destination_timeout);
}

void SuperviseStage::EndDestination(absl::Duration grace) {
  destination_terminated_.Start(now_);
  destination_.Terminate();
  if (!destination_terminated_.Passed(now_, std::max(grace, kKillGrace))) return;
  destination_.Kill();
  run_.end_writing.Set(true);
  run_.end_destination.Set(true);
}

void SuperviseStage::ReportDestinationExit() {
  if (destination_exit_reported_) return;
  TakeFaults();  // its own error first
  const ExitStatus& exit = *account_.destination_exit;
  const bool early = !run_.input_closed.Get() && (exit.code || exit.signal || exit.lost);
  const bool well = exit.clean() && !early && !exit.killed_by_us;
  if (well && LeftInputUnread()) return;
  destination_exit_reported_ = true;
  if (exit.killed_by_us || well) return;
  std::string text = absl::StrCat("the destination ", Describe(exit));
  if (early) absl::StrAppend(&text, " before its input ended");
  AddWithStderr(MakeFault(ExitCode::kDestinationFailed,
                          early ? Fault::Effect::kAbort : Fault::Effect::kVerdict,
                          Origin::kDestination, std::move(text)));
}

// Its success says nothing of what it never saw. Somebody whom it left behind may still be reading:
// as long as that goes on it is waited for. True: there is something, whether it was reported or is
// waited for.
bool SuperviseStage::LeftInputUnread() {
  if (aborting_ || run_.destination_broken.Get()) return false;
  const UnreadInput::Found unread = destination_.Unread();
  if (!unread.any) return false;
  if (unread.bytes != unread_bytes_seen_) unread_.Touch(now_);
  unread_bytes_seen_ = unread.bytes;
  unread_.Start(now_);
  if (unread.may_be_read && !unread_.Passed(now_, kReadGrace)) return true;
  destination_exit_reported_ = true;
  const std::string what =
      unread.bytes > 0 ? absl::StrCat(unread.bytes, " bytes") : std::string("a part");
  Add(MakeFault(ExitCode::kDestinationFailed, Fault::Effect::kVerdict, Origin::kDestination,
                absl::StrCat("the destination ended well, but left ", what,
                             " of its input unread: it does not have all records")));
  return true;
}

// Any message is life, but not the bytes of a line that never ends; time in
// which we did not read is not the source's, nor is the time for which it waits for a rate limit to
// end, when it said how long that takes (24 h at most).
void SuperviseStage::WatchSilence() {
  const uint64_t line_ends = run_.source_line_ends.value();
  if (line_ends != source_line_ends_seen_ || run_.source_held.Get()) {
    source_line_ends_seen_ = line_ends;
    source_silent_.Touch(now_);
  }
  const absl::Duration resumes = absl::Milliseconds(run_.source_resumes_ms.Get());
  if (resumes > now_) source_silent_.Touch(resumes);
  const bool source_timeout = options_.source_timeout > absl::ZeroDuration() && !aborting_ &&
                              !run_.source_ended.Get() &&
                              source_silent_.Passed(now_, options_.source_timeout);
  if (source_timeout) {
    AddWithStderr(MakeFault(
        ExitCode::kTimeout, Fault::Effect::kAbort, Origin::kSource,
        absl::StrCat("the source was silent for ", absl::FormatDuration(options_.source_timeout),
                     " (--source-timeout)")));
  }
  // Where states have no more room on disk, only acknowledgements help.
  const bool spill_full = run_.spill_full.Get();
  const uint64_t progress = spill_full
                                ? run_.states_acked.value()
                                : run_.forwarded_bytes.value() + run_.destination_bytes.value();
  const bool waits = spill_full || run_.write_blocked.Get() ||
                     (run_.input_closed.Get() && !run_.destination_ended.Get());
  if (!waits || progress != destination_progress_seen_) {
    destination_progress_seen_ = progress;
    destination_stuck_.Touch(now_);
  }
  if (options_.destination_timeout > absl::ZeroDuration() && !aborting_ &&
      destination_stuck_.Passed(now_, options_.destination_timeout)) {
    destination_stuck_reported_ = true;
    AddWithStderr(
        MakeFault(ExitCode::kTimeout, Fault::Effect::kAbort, Origin::kDestination,
                  absl::StrCat("the destination made no progress for ",
                               absl::FormatDuration(options_.destination_timeout),
                               spill_full ? kAcksAreMissing : "", " (--destination-timeout)")));
  }
}

// A connector whose streams nobody opens is not silent, it is not there (F98).
void SuperviseStage::WatchOpening() {
  if (opening_checked_ || aborting_ || options_.open_timeout == absl::ZeroDuration() ||
      now_ - started_at_ < options_.open_timeout) {
    return;
  }
  opening_checked_ = true;
  const std::string source = source_.Unopened();
  const std::string destination = destination_.Unopened();
  const auto report = [this](Origin origin, const std::string& unopened) {
    if (unopened.empty()) return;
    Add(MakeFault(ExitCode::kTimeout, Fault::Effect::kAbort, origin,
                  absl::StrCat("nobody opened ", unopened, " within ",
                               absl::FormatDuration(options_.open_timeout), " (--open-timeout)")));
  };
  report(Origin::kSource, source);
  report(Origin::kDestination, destination);
}

void SuperviseStage::MeasureBlocking() {
  const absl::Duration passed = now_ - measured_at_;
  measured_at_ = now_;
  const bool at_its_end = run_.input_closed.Get() && !run_.destination_ended.Get();
  if (run_.write_blocked.Get() || at_its_end) {
    account_.blocked_on_destination += passed;
  } else if (run_.source_waiting.Get()) {
    account_.blocked_on_source += passed;
  }
  Publish(account_.blocked_on_source, &run_.blocked_on_source_ms);
  Publish(account_.blocked_on_destination, &run_.blocked_on_destination_ms);
}

// Every stage has closed its fault lane, so every stage is done, and both connectors are gone.
bool SuperviseStage::Over() {
  if (!faults_.closed()) return false;
  // What cannot be waited for (an end without a process) has been given its time.
  const bool source_gone =
      account_.source_exit || source_lingers_.Passed(now_, SourceGrace() + 2 * kKillGrace);
  const bool destination_gone = (account_.destination_exit && destination_exit_reported_) ||
                                destination_terminated_.Passed(now_, 2 * kKillGrace);
  return source_gone && destination_gone;
}

}  // namespace shunt
