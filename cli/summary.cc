#include "cli/summary.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/table.h"
#include "cli/units.h"
#include "platform/strings.h"
#include "secrets/masker.h"

namespace shunt {
namespace {

constexpr std::size_t kStreamRowsMax = 40;
constexpr std::size_t kFailuresMax = 10;

std::string NameOf(const StreamDescriptor& stream) {
  return stream.name_space ? absl::StrCat(*stream.name_space, ".", stream.name) : stream.name;
}

std::string StreamTable(const Report& report) {
  Table table({"STREAM", "STATUS", ">RECORDS", ">BYTES", ">COMMITTED", ">STATES"});
  const std::size_t shown = std::min(report.streams.size(), kStreamRowsMax);
  for (std::size_t i = 0; i < shown; ++i) {
    const StreamReport& stream = report.streams[i];
    table.AddRow({NameOf(stream.stream), stream.status, FormatCount(stream.records_forwarded),
                  FormatBytes(static_cast<double>(stream.bytes_read)),
                  FormatCount(stream.records_committed), FormatCount(stream.states_committed)});
  }
  std::string text = table.ToString();
  if (shown < report.streams.size()) {
    absl::StrAppend(&text, "... and ", report.streams.size() - shown, " more streams\n");
  }
  return text;
}

void AddCount(uint64_t count, absl::string_view what, std::vector<std::string>* parts) {
  if (count > 0) parts->push_back(absl::StrCat(FormatCount(count), " ", what));
}

// "1 applied, 2 superseded"; "" when there was none.
std::string UpdatesText(const Report& report) {
  std::vector<std::string> updates;
  AddCount(report.control.applied, "applied", &updates);
  AddCount(report.control.superseded, "superseded", &updates);
  AddCount(report.control.duplicate, "duplicate", &updates);
  AddCount(report.control.quarantined, "quarantined", &updates);
  return absl::StrJoin(updates, ", ");
}

std::string TotalsLine(const Report& report) {
  const StreamReport totals = report.Totals();
  std::vector<std::string> states = {
      absl::StrCat(FormatCount(report.states.read), " read"),
      absl::StrCat(FormatCount(report.states.committed), " committed")};
  AddCount(report.states.explained, "explained", &states);
  const std::string updates = UpdatesText(report);
  std::vector<std::string> parts = {absl::StrCat(FormatCount(totals.records_forwarded), " records"),
                                    FormatBytes(static_cast<double>(totals.bytes_read)),
                                    absl::StrCat("states ", absl::StrJoin(states, ", "))};
  if (!updates.empty()) {
    parts.push_back(absl::StrCat("config updates ", updates));
  }
  AddCount(report.records_dropped, "records of unknown streams dropped", &parts);
  AddCount(totals.records_rejected, "records rejected by the destination", &parts);
  AddCount(report.lines[LineKind::kMalformed], "malformed lines", &parts);
  parts.push_back(FormatElapsed(report.duration));
  return absl::StrCat(absl::StrJoin(parts, " · "), "\n");
}

// What a sync that failed has achieved, and where the next one goes on.
std::string SafetyLine(const Report& report) {
  const StreamReport totals = report.Totals();
  if (report.exit_code == 0 || !report.verb.empty() || totals.records_read == 0) return "";
  if (totals.records_committed == 0) {
    return absl::StrCat("none of ", FormatCount(totals.records_read),
                        " records is safe yet; the next run starts where this one did\n");
  }
  return absl::StrCat(FormatCount(totals.records_committed), " of ",
                      FormatCount(totals.records_read),
                      " records are safe; the next run resumes there\n");
}

std::string FailureLines(const Report& report) {
  std::string text;
  for (std::size_t i = 0; i < std::min(report.failures.size(), kFailuresMax); ++i) {
    const Failure& failure = report.failures[i];
    absl::StrAppend(
        &text, A(OriginName(failure.origin)), ": ", EscapeForLog(failure.message),
        failure.stream ? absl::StrCat(" (stream ", EscapeForLog(NameOf(*failure.stream)), ")") : "",
        "\n");
  }
  if (report.failures.size() > kFailuresMax) {
    absl::StrAppend(&text, "... and ", report.failures.size() - kFailuresMax,
                    " more failures, see the report\n");
  }
  for (const std::string& alert : report.control.alerts) {
    absl::StrAppend(&text, "ALERT: ", EscapeForLog(alert), "\n");
  }
  return text;
}

// JsonWriter's layout taken out: a line feed in its text is never inside of a string.
std::string OnOneLine(std::string_view document) {
  std::string line;
  bool skipping = false;
  for (const char c : document) {
    if (c == '\n') skipping = true;
    if (c != ' ' && c != '\n') skipping = false;
    if (!skipping) line.push_back(c);
  }
  return line;
}

}  // namespace

std::string EndedJson(const Report& report, bool final) {
  return absl::StrCat(R"({"type":")", final ? "ended" : "attempt_ended", R"(","status":")",
                      A(ExitCodeName(report.exit_code)), R"(","exit_code":)", report.exit_code,
                      R"(,"report":)", OnOneLine(report.ToJson()), "}");
}

std::string SummaryText(const Report& report) {
  std::string text;
  const bool moves_data = report.verb.empty() || report.verb == "read";
  const bool routed = report.source.lines > 0 || report.exit_code == 0;
  if (routed && moves_data) {
    absl::StrAppend(&text, "\n", StreamTable(report), TotalsLine(report), SafetyLine(report));
  }
  if (const std::string updates = UpdatesText(report); !moves_data && !updates.empty()) {
    absl::StrAppend(&text, "config updates ", updates, "\n");
  }
  text += FailureLines(report);
  if (report.attempts.size() > 1) {
    uint64_t committed = 0;
    for (const AttemptReport& attempt : report.attempts) committed += attempt.records_committed;
    absl::StrAppend(&text, report.attempts.size(), " attempts so far, which have committed ",
                    FormatCount(committed), " records together\n");
  }
  const std::string run =
      report.run_id.empty() ? "no run" : absl::StrCat("run ", report.run_id.substr(0, 12));
  if (report.exit_code == 0) {
    absl::StrAppend(&text, "ok: ", report.verb.empty() ? "" : report.verb + ", ", run, " of '",
                    EscapeForLog(report.connection), "'\n");
  } else {
    absl::StrAppend(&text, A(ExitCodeName(report.exit_code)), ": exit code ", report.exit_code,
                    ", ", run, " of '", EscapeForLog(report.connection), "'\n");
  }
  return text;
}

}  // namespace shunt
