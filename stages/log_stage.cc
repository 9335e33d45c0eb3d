#include "stages/log_stage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "stages/log_text.h"

namespace shunt {
namespace {

constexpr int kFactsPerStep = 256;
constexpr std::size_t kStderrBytesPerRead = std::size_t{64} << 10;  // as much as a pipe holds
constexpr absl::Duration kDroppedSaidEvery = absl::Seconds(1);
// How soon an answer is looked for again.
constexpr absl::Duration kAnswerEvery = absl::Milliseconds(20);
constexpr absl::Duration kLateAnswerEvery = absl::Milliseconds(200);
constexpr absl::Duration kLate = absl::Seconds(2);

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

LogStage::LogStage(Connector& source, Connector& destination, LogLane& logs, const Masker& masker,
                   EventSink& events, const Clock& clock, RunState& run, LogLevel level)
    : logs_(logs),
      masker_(masker),
      events_(events),
      clock_(clock),
      run_(run),
      level_(level),
      stderrs_{Stderr{Origin::kSource, source}, Stderr{Origin::kDestination, destination}} {}

Wait LogStage::wait() const {
  Wait wait;
  if (done_) return wait;
  if (!stderrs_[0].ended && !full()) wait.read_fd = stderrs_[0].connector.log_fd();
  if (!stderrs_[1].ended && !full()) wait.other_read_fd = stderrs_[1].connector.log_fd();
  absl::Duration next = absl::InfiniteDuration();
  if (!held_.empty()) next = held_.front().until;
  for (const Stderr& side : stderrs_) {
    if (side.held.empty()) continue;
    if (!side.question) {
      next = std::min(next, side.held.front().until);
    } else {
      const bool late = now_ - side.question->asked_at > kLate;
      next = std::min(next, now_ + (late ? kLateAnswerEvery : kAnswerEvery));
    }
  }
  if (dropped_since_) next = std::min(next, *dropped_since_ + kDroppedSaidEvery);
  for (const Last& last : last_) {
    if (last.repeats > 0) next = std::min(next, last.since + kRepeatsSaidEvery);
  }
  if (next < absl::InfiniteDuration()) {
    wait.at_most = std::max(next - clock_.MonoNow(), absl::ZeroDuration());
  }
  return wait;
}

absl::StatusOr<Step> LogStage::Run() {
  if (done_) return Step::kDone;
  if (!std::exchange(begun_, true)) ReportNotLookedFor();
  now_ = clock_.MonoNow();
  bool busy = false;
  LogFact fact;
  TakeAnswers();
  for (int i = 0; i < kFactsPerStep && !full() && logs_.Receive(&fact); ++i) {
    if (fact.origin == Origin::kShunt) {
      ReportNotLookedFor();  // of the config update that this may be about
      Show(fact);
    } else {
      Hold(std::move(fact));
    }
    busy = true;
  }
  logs_ended_ = logs_ended_ || logs_.closed();
  for (Stderr& side : stderrs_) busy |= !full() && ReadStderr(side);
  // When the senders of log lines have ended, so have those who learn secrets.
  busy |= ShowHeld(logs_ended_ && !busy);
  for (Last& last : last_) {
    if (last.repeats > 0 && now_ - last.since >= kRepeatsSaidEvery) SayRepeats(last);
  }
  SayDropped(/*all=*/false);
  calm_ = !busy;
  if (busy) return Step::kBusy;
  if (!logs_ended_ || !stderrs_[0].ended || !stderrs_[1].ended) return Step::kIdle;
  for (Last& last : last_) SayRepeats(last);
  SayDropped(/*all=*/true);
  done_ = true;
  return Step::kDone;
}

bool LogStage::ReadStderr(Stderr& side) {
  if (side.ended) return false;
  char buffer[kStderrBytesPerRead];
  const IoResult result = side.connector.ReadLog(buffer);
  if (result.state == IoState::kBytes) {
    side.tail.Add({buffer, result.bytes});
    OnStderr(side, {buffer, result.bytes});
    return true;
  }
  if (result.state == IoState::kBlocked && !run_.end_logs.Get()) return false;
  side.ended = true;
  OnStderrLine(side);
  return true;
}

void LogStage::OnStderr(Stderr& side, std::string_view bytes) {
  // In a flood that is dropped, lines are only counted.
  if (const std::size_t last = bytes.rfind('\n');
      last != std::string_view::npos && side.throttle.exhausted(now_)) {
    side.dropped += static_cast<uint64_t>(
        std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(last) + 1, '\n'));
    side.partial.clear();
    bytes.remove_prefix(last + 1);
  }
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room = kMaskedInputBytesMax - side.partial.size();
    side.partial.append(bytes.substr(0, std::min(end, room)));
    if (end == bytes.size()) return;
    OnStderrLine(side);
    bytes.remove_prefix(end + 1);
  }
}

// The platform takes everything on stderr for an error; so do we, unless it says what it is.
void LogStage::OnStderrLine(Stderr& side) {
  std::string line = std::exchange(side.partial, {});
  if (IsBlank(line)) return;
  if (!IsContinuation(line)) side.level = GuessLogLevel(line).value_or(LogLevel::kError);
  if (side.level > level_) return;
  if (side.throttle.Admit(now_, side.level, line.size())) {
    Hold({side.origin, side.level, std::move(line), /*on_stderr=*/true});
  } else {
    ++side.dropped;
  }
}

void LogStage::Hold(LogFact fact) {
  held_bytes_ += fact.text.size();
  std::deque<Held>& held = !fact.on_stderr                  ? held_
                           : fact.origin == Origin::kSource ? stderrs_[0].held
                                                            : stderrs_[1].held;
  held.push_back({now_ + kLogHold, ++arrivals_, std::move(fact)});
}

void LogStage::PopHeld(std::deque<Held>* held) {
  held_bytes_ -= held->front().fact.text.size();
  held->pop_front();
}

bool LogStage::ShowHeld(bool all) {
  bool shown = false;
  while (true) {
    if (std::deque<Held>* const next = NextShown(all)) {
      Show(next->front().fact);
      PopHeld(next);
    } else if (!full() || !MakeRoom()) {
      break;
    }
    shown = true;
  }
  for (Stderr& side : stderrs_) {
    if (side.held.empty() || side.held.front().until > now_ || side.question) continue;
    Ask(side, now_);
    shown = true;  // the reader may be of this thread
  }
  return shown;
}

std::deque<LogStage::Held>* LogStage::NextShown(bool all) {
  std::deque<Held>* next = nullptr;
  const auto consider = [&](std::deque<Held>& held, absl::Duration free_until) {
    if (held.empty() || (!all && (held.front().until > now_ || held.front().until > free_until))) {
      return;
    }
    if (next == nullptr || held.front().number < next->front().number) next = &held;
  };
  consider(held_, absl::InfiniteDuration());
  for (Stderr& side : stderrs_) consider(side.held, side.free_until);
  return next;
}

bool LogStage::MakeRoom() {
  std::deque<Held>* oldest = held_.empty() ? nullptr : &held_;
  Stderr* of = nullptr;
  for (Stderr& side : stderrs_) {
    if (side.held.empty()) continue;
    if (oldest != nullptr && oldest->front().number < side.held.front().number) continue;
    oldest = &side.held;
    of = &side;
  }
  if (of == nullptr || oldest->front().until <= of->free_until) {
    Show(oldest->front().fact);
  } else if (!of->question) {
    Ask(*of, oldest->back().until);
    return false;
  } else if (now_ - of->question->asked_at < kAnswerPatience) {
    return false;
  } else {
    ++of->overtaken;
  }
  PopHeld(oldest);
  return true;
}

void LogStage::Ask(Stderr& side, absl::Duration covers) {
  OutputMark& mark = MarkOf(side);
  const uint64_t number = mark.asked.Get() + 1;
  side.question = {.asked_at = now_,
                   .number = number,
                   .looked_after = OutputBytes(side) + kOutputInPipeMax,
                   .covers = covers};
  mark.asked.Set(number);
  for (Waker* waker : side.readers) waker->Wake();
}

void LogStage::TakeAnswers() {
  for (Stderr& side : stderrs_) {
    if (!side.question) continue;
    const OutputMark& mark = MarkOf(side);
    const bool answered = mark.answered.Get() >= side.question->number;
    const uint64_t wanted = answered ? mark.drained.Get() : side.question->looked_after;
    if (mark.looked.Get() < wanted) continue;
    side.free_until = std::max(side.free_until, side.question->covers);
    side.question.reset();
  }
}

// Masked before it is taken apart: a secret may have several lines.
void LogStage::Show(const LogFact& fact) {
  if (IsBlank(fact.text)) return;
  if (fact.origin != Origin::kShunt && QuotesRecord(fact.text)) {
    const std::size_t bytes = fact.text.find_last_not_of("\r\n") + 1;
    return ShowLine(fact, absl::StrCat("[", bytes, " bytes that quote a record are not shown]"));
  }
  const std::string masked = masker_.MaskLine(fact.text);
  std::string_view rest = masked;
  for (std::size_t shown = 0; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (IsBlank(line)) continue;
    if (++shown > kLinesOfMessageMax) {
      return ShowLine(fact, "[the rest of this message is not shown]");
    }
    ShowLine(fact, EscapeForLog(line));
  }
}

void LogStage::ShowLine(const LogFact& fact, std::string_view line) {
  const auto last = std::find_if(last_.begin(), last_.end(), [&fact](const Last& shown) {
    return shown.origin == fact.origin && shown.on_stderr == fact.on_stderr;
  });
  if (last == last_.end()) return events_.Log(fact.origin, fact.level, line);  // our own
  if (last->text == line && last->level == fact.level) {
    if (last->repeats++ == 0) last->since = now_;
    return;
  }
  SayRepeats(*last);
  last->text.assign(line);
  last->level = fact.level;
  events_.Log(fact.origin, fact.level, line);
}

void LogStage::SayRepeats(Last& last) {
  const uint64_t repeats = std::exchange(last.repeats, 0);
  if (repeats == 0) return;
  events_.Log(last.origin, last.level,
              repeats == 1 ? last.text
                           : absl::StrCat("last line ", last.on_stderr ? "of stderr " : "",
                                          "repeated ", repeats, " times"));
}

void LogStage::SayDropped(bool all) {
  const uint64_t source = run_.source_log_lines_dropped.value();
  const uint64_t destination = run_.destination_log_lines_dropped.value();
  const uint64_t lost = run_.log_lines_lost.Get();
  const bool any =
      stderrs_[0].dropped + stderrs_[1].dropped + stderrs_[0].overtaken + stderrs_[1].overtaken >
          0 ||
      source != source_dropped_said_ || destination != destination_dropped_said_ ||
      lost != lost_said_;
  if (!any) return;
  if (!dropped_since_) dropped_since_ = now_;
  if (!all && now_ - *dropped_since_ < kDroppedSaidEvery) return;
  dropped_since_.reset();
  SayDropped(source - std::exchange(source_dropped_said_, source), "the source's log");
  SayDropped(destination - std::exchange(destination_dropped_said_, destination),
             "the destination's log");
  SayDropped(std::exchange(stderrs_[0].dropped, 0), "the source's stderr");
  SayDropped(std::exchange(stderrs_[1].dropped, 0), "the destination's stderr");
  constexpr absl::string_view kOvertaken =
      "what stands before them in its output could not be read for so long";
  SayDropped(std::exchange(stderrs_[0].overtaken, 0), "the source's stderr", kOvertaken);
  SayDropped(std::exchange(stderrs_[1].overtaken, 0), "the destination's stderr", kOvertaken);
  SayDropped(lost - std::exchange(lost_said_, lost), "all logs together");
}

void LogStage::SayDropped(uint64_t lines, absl::string_view of, absl::string_view why) {
  if (lines == 0) return;
  const std::string rate = absl::StrCat("over ", kLogLinesPerSecond, " lines or ",
                                        kLogBytesPerSecond >> 20, " MiB a second");
  events_.Log(Origin::kShunt, LogLevel::kWarn,
              absl::StrCat(lines, lines == 1 ? " more line of " : " more lines of ", of,
                           lines == 1 ? " was" : " were",
                           " dropped: ", why.empty() ? absl::string_view(rate) : why));
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
