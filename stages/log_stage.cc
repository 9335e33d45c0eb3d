#include "stages/log_stage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

constexpr int kFactsPerStep = 256;

}  // namespace

LogStage::LogStage(Connector& source, Connector& destination, LogLane& logs, const Masker& masker,
                   EventSink& events, const Clock& clock, RunState& run)
    : logs_(logs),
      masker_(masker),
      events_(events),
      clock_(clock),
      run_(run),
      stderrs_{Stderr{Origin::kSource, source, {}, false},
               Stderr{Origin::kDestination, destination, {}, false}} {}

Wait LogStage::wait() const {
  Wait wait;
  if (done_) return wait;
  if (!stderrs_[0].ended) wait.read_fd = stderrs_[0].connector.log_fd();
  if (!stderrs_[1].ended) wait.other_read_fd = stderrs_[1].connector.log_fd();
  if (!held_.empty()) {
    wait.at_most = std::max(held_.front().until - clock_.MonoNow(), absl::ZeroDuration());
  }
  return wait;
}

absl::StatusOr<Step> LogStage::Run() {
  if (done_) return Step::kDone;
  if (!std::exchange(begun_, true)) ReportNotLookedFor();
  bool busy = false;
  LogFact fact;
  for (int i = 0; i < kFactsPerStep && logs_.Receive(&fact); ++i) {
    if (fact.origin == Origin::kShunt) {
      ReportNotLookedFor();  // of the config update that this may be about
      Show(fact.origin, fact.level, fact.text);
    } else {
      Hold(std::move(fact));
    }
    busy = true;
  }
  logs_ended_ = logs_ended_ || logs_.closed();
  for (Stderr& side : stderrs_) busy |= ReadStderr(side);
  // When the senders of log lines have ended, so have those who learn secrets.
  busy |= ShowHeld(logs_ended_ && !busy);
  calm_ = !busy;
  if (busy) return Step::kBusy;
  if (!logs_ended_ || !stderrs_[0].ended || !stderrs_[1].ended) return Step::kIdle;
  ReportSuppressed();
  done_ = true;
  return Step::kDone;
}

bool LogStage::ReadStderr(Stderr& side) {
  if (side.ended) return false;
  char buffer[16 * 1024];
  const IoResult result = side.connector.ReadLog(buffer);
  if (result.state == IoState::kBytes) {
    OnStderr(side, {buffer, result.bytes});
    return true;
  }
  if (result.state == IoState::kBlocked && !run_.end_logs.Get()) return false;
  side.ended = true;
  if (!side.partial.empty()) Hold({side.origin, LogLevel::kError, std::move(side.partial)});
  return true;
}

void LogStage::OnStderr(Stderr& side, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room = kMaskedInputBytesMax - side.partial.size();
    side.partial.append(bytes.substr(0, std::min(end, room)));
    if (end == bytes.size()) return;
    Hold({side.origin, LogLevel::kError, std::move(side.partial)});
    side.partial.clear();
    bytes.remove_prefix(end + 1);
  }
}

void LogStage::Hold(LogFact fact) {
  // More would not be shown anyway.
  uint64_t& lines = held_lines_[static_cast<std::size_t>(fact.origin)];
  if (lines == kLogLinesPerSecond) {
    ++suppressed_;
    return;
  }
  ++lines;
  held_bytes_ += fact.text.size();
  held_.push_back({clock_.MonoNow() + kLogHold, std::move(fact)});
}

bool LogStage::ShowHeld(bool all) {
  bool shown = false;
  while (!held_.empty()) {
    Held& oldest = held_.front();
    const bool due = all || oldest.until <= clock_.MonoNow();
    if (!due && held_bytes_ <= kHeldBytesMax) break;
    Show(oldest.fact.origin, oldest.fact.level, oldest.fact.text);
    held_bytes_ -= oldest.fact.text.size();
    --held_lines_[static_cast<std::size_t>(oldest.fact.origin)];
    held_.pop_front();
    shown = true;
  }
  return shown;
}

// Masked before it is taken apart: a secret may have several lines.
void LogStage::Show(Origin origin, LogLevel level, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
  if (!Allow(origin, text.size())) return;
  const std::string masked = masker_.MaskLine(text);
  std::string_view rest = masked;
  for (bool first = true; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (!std::exchange(first, false) && !Allow(origin, 0)) continue;
    events_.Log(origin, level, EscapeForLog(line));
  }
}

bool LogStage::Allow(Origin origin, std::size_t bytes) {
  if (clock_.MonoNow() >= window_ends_) {
    ReportSuppressed();
    window_ends_ = clock_.MonoNow() + absl::Seconds(1);
    in_window_ = {};
  }
  if (origin == Origin::kShunt) return true;
  Shown& shown = in_window_[static_cast<std::size_t>(origin)];
  ++shown.lines;
  shown.bytes += std::min(bytes, kMaskedInputBytesMax);
  if (shown.lines <= kLogLinesPerSecond && shown.bytes <= kLogBytesPerSecond) return true;
  ++suppressed_;
  return false;
}

void LogStage::ReportSuppressed() {
  const uint64_t lost = run_.log_lines_lost.Get();
  const uint64_t unseen = suppressed_ + lost - lost_reported_;
  if (unseen == 0) return;
  suppressed_ = 0;
  lost_reported_ = lost;
  events_.Log(Origin::kShunt, LogLevel::kWarn,
              absl::StrCat(unseen, " log lines were not shown: they came faster than ",
                           kLogLinesPerSecond, " or ", kLogBytesPerSecond, " bytes a second"));
}

void LogStage::ReportNotLookedFor() {
  if (not_looked_for_said_) return;
  const std::size_t values = masker_.not_looked_for();
  if (values == 0) return;
  not_looked_for_said_ = true;
  events_.Log(Origin::kShunt, LogLevel::kInfo,
              absl::StrCat(values, " secret values are shorter than ", kMaskedValueBytesMin,
                           " bytes or common words: they are hidden where configs are shown, but "
                           "not looked for in other text"));
}

}  // namespace shunt
