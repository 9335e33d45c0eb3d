#include "stages/asides.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/control_message.h"
#include "protocol/json_cursor.h"
#include "protocol/payloads.h"
#include "stages/log_text.h"

namespace shunt {
namespace {

// A message that was cut because it is too long is told by its beginning, if at all.
std::optional<std::string> TypeOf(std::string_view line) {
  JsonCursor cursor(line);
  if (cursor.Next() != JsonCursor::Event::kObject) return std::nullopt;
  while (cursor.NextKey()) {
    const bool is_type = cursor.KeyIs("type");
    const std::optional<JsonSlice> value = cursor.Value();
    if (!is_type || !value) continue;
    if (std::optional<std::string> type = JsonString(*value)) return type;
  }
  return std::nullopt;
}

}  // namespace

Asides::Asides(Origin connector, const SecretGate& secrets, ControlLane& control, LogLane& logs,
               FaultLane& faults, const AnswerTypes& answers, RunState& run, LogLevel level)
    : connector_(connector),
      secrets_(secrets),
      control_(control),
      logs_(logs),
      faults_(faults),
      run_(run),
      level_(level),
      answers_(answers),
      traces_(connector) {}

bool Asides::OnControl(std::string_view line, uint64_t number, absl::Time received_at,
                       bool quarantine_only) {
  ControlFact fact;
  fact.origin = connector_;
  fact.seq = std::max(number, control_seq_ + 1);
  fact.received_at = received_at;
  fact.line.assign(line);
  fact.quarantine_only = quarantine_only;
  const uint64_t seq = fact.seq;
  secrets_.Learn(line);
  if (!control_.Send(std::move(fact), line.size())) return false;
  control_seq_ = seq;
  return true;
}

bool Asides::IsForControl(std::string_view line, bool frequent) {
  return (!frequent || MaySpeakOfConfig(line)) && SpeaksOfConfig(line);
}

void Asides::OnTrace(std::string_view line, uint64_t number, StreamProgress* progress,
                     const StreamProgress::Instant& now) {
  auto trace = ParseTrace(line);
  if (!trace.ok()) {
    if (++trace_warnings_ > kTraceWarningsMax) return;
    Warn(
        absl::StrCat(A(OriginName(connector_)), ": line ", number, ": ", trace.status().message()));
    return;
  }
  if (progress != nullptr) Tell(progress->OnTrace(*trace, now));
  for (std::string* text :
       {&trace->message, &trace->internal_message, &trace->stack_trace, &trace->analytics_type}) {
    if (!text->empty()) *text = secrets_.masker->MaskLine(*text);
  }
  const bool known = progress == nullptr || !trace->stream || progress->Knows(*trace->stream);
  std::optional<Fault> fault = traces_.Add(*trace, known);
  if (!fault) return;
  Log(connector_, LogLevel::kError, fault->failure.message);
  Raise(*std::move(fault));
}

// In a flood of log lines most are dropped, so that is decided before anything is done with one.
void Asides::OnLog(std::string_view line) {
  const std::optional<LogLevel> level = PeekLogLevel(line);
  if (level.value_or(LogLevel::kFatal) > level_) return;
  if (!Admit(level.value_or(LogLevel::kInfo), line.size(), 1)) return;
  auto log = ParseLog(line);
  if (!log.ok()) return;  // counted as a log line; without a message there is nothing to show
  if (ParseLogLevelName(log->level) > level_) return;
  std::string text = std::move(log->message);
  if (!log->stack_trace.empty()) absl::StrAppend(&text, "\n", log->stack_trace);
  Log(connector_, ParseLogLevelName(log->level), std::move(text));
}

void Asides::OnText(std::string_view text, uint64_t lines) {
  const LogLevel level = GuessLogLevel(text).value_or(LogLevel::kInfo);
  if (level > level_ || !Admit(level, text.size(), lines)) return;
  Log(connector_, level, std::string(text));
}

bool Asides::Admit(LogLevel level, std::size_t bytes, uint64_t lines) {
  if (throttle_.Admit(now_, level, bytes, lines)) return true;
  Counter& dropped = connector_ == Origin::kSource ? run_.source_log_lines_dropped
                                                   : run_.destination_log_lines_dropped;
  dropped.Add(lines);
  return false;
}

void Asides::OnOther(std::string_view line, uint64_t number) {
  const std::optional<std::string> type = TypeOf(line);
  if (!type) return;
  if (answer_.empty() && std::find(answers_.begin(), answers_.end(), *type) != answers_.end()) {
    answer_.assign(line.substr(0, line.find_last_not_of(" \t\r\n") + 1));
  }
  if (const std::string news = unknown_types_.Add(*type); !news.empty()) {
    Warn(absl::StrCat(A(OriginName(connector_)), ": line ", number, ": ", news));
  }
  if (*type != "CONNECTION_STATUS") return;
  const auto status = ParseConnectionStatus(line);
  if (!status.ok() || status->succeeded || std::exchange(check_failed_, true)) return;
  traces_.OnFailedCheck();
  const ExitCode code =
      connector_ == Origin::kSource ? ExitCode::kSourceFailed : ExitCode::kDestinationFailed;
  std::string text = status->message.empty() ? absl::StrCat("the ", A(OriginName(connector_)),
                                                            "'s connection check failed")
                                             : status->message;
  Fault fault = MakeFault(code, Fault::Effect::kVerdict, connector_, std::move(text));
  fault.failure.type = "config_error";
  Raise(std::move(fault));
}

void Asides::Tell(StreamProgress::Notice notice) {
  if (notice.text.empty()) return;
  Log(Origin::kShunt, notice.urgent ? LogLevel::kWarn : LogLevel::kInfo, std::move(notice.text));
}

void Asides::Raise(Fault fault) { faults_.Send(std::move(fault)); }

void Asides::Log(Origin origin, LogLevel level, std::string text) {
  if (text.size() > kMaskedInputBytesMax) text.resize(kMaskedInputBytesMax);  // no more is shown
  const std::size_t bytes = text.size();
  if (!logs_.Send(LogFact{origin, level, std::move(text)}, bytes)) run_.log_lines_lost.Add(1);
}

void Asides::Close() {
  control_.Close();
  logs_.Close();
  faults_.Close();
}

}  // namespace shunt
