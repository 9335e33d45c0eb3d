#include "stages/log_stage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

constexpr int kFactsPerStep = 256;
constexpr std::size_t kStderrLineBytesMax = 64 * 1024;

}  // namespace

LogStage::LogStage(Connector& source, Connector& destination, LogLane& logs, const Masker& masker,
                   EventSink& events, const Clock& clock, RunState& run)
    : logs_(logs),
      masker_(masker),
      events_(events),
      clock_(clock),
      run_(run),
      stderrs_{Stderr{Origin::kSource, source, {}, false, false},
               Stderr{Origin::kDestination, destination, {}, false, false}} {}

Wait LogStage::wait() const {
  Wait wait;
  if (done_) return wait;
  if (!stderrs_[0].ended) wait.read_fd = stderrs_[0].connector.log_fd();
  if (!stderrs_[1].ended) wait.other_read_fd = stderrs_[1].connector.log_fd();
  return wait;
}

absl::StatusOr<Step> LogStage::Run() {
  if (done_) return Step::kDone;
  bool busy = false;
  LogFact fact;
  for (int i = 0; i < kFactsPerStep && logs_.Receive(&fact); ++i) {
    Emit(fact.origin, fact.level, fact.text);
    busy = true;
  }
  logs_ended_ = logs_ended_ || logs_.closed();
  for (Stderr& side : stderrs_) busy |= ReadStderr(side);
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
  if (!side.partial.empty()) Emit(side.origin, LogLevel::kError, side.partial);
  return true;
}

void LogStage::OnStderr(Stderr& side, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room = kStderrLineBytesMax - side.partial.size();
    if (!side.cut) side.partial.append(bytes.substr(0, std::min(end, room)));
    side.cut = side.cut || end > room;
    if (end == bytes.size()) return;
    Emit(side.origin, LogLevel::kError, side.partial);
    side.partial.clear();
    side.cut = false;
    bytes.remove_prefix(end + 1);
  }
}

void LogStage::Emit(Origin origin, LogLevel level, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (!Allow(origin)) continue;
    events_.Log(origin, level, EscapeForLog(masker_.MaskLine(line)));
  }
}

bool LogStage::Allow(Origin origin) {
  if (clock_.MonoNow() >= window_ends_) {
    ReportSuppressed();
    window_ends_ = clock_.MonoNow() + absl::Seconds(1);
    in_window_ = {};
  }
  if (origin == Origin::kShunt) return true;
  if (++in_window_[static_cast<std::size_t>(origin)] <= kLogLinesPerSecond) return true;
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
                           kLogLinesPerSecond, " a second"));
}

}  // namespace shunt
