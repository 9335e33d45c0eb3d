#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/store_access.h"
#include "cli/table.h"
#include "cli/units.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/json_writer.h"

namespace shunt {
namespace {

constexpr std::size_t kShortIdBytes = 12;
constexpr int kRunsDefault = 20;

// A number somewhere in a stored report, for the listing.
std::optional<int64_t> ReportNumber(const RunRecord& run, std::string_view object,
                                    std::string_view key) {
  std::optional<JsonSlice> at = ParseJson(run.report_json);
  if (at && !object.empty()) at = JsonFind(*at, object);
  if (at) at = JsonFind(*at, key);
  return at ? JsonInt64(*at) : std::nullopt;
}

// The status, and what the run was when it was no sync.
std::string StatusCell(const RunRecord& run) {
  const std::optional<JsonSlice> report = ParseJson(run.report_json);
  const auto verb = report ? JsonFind(*report, "verb") : std::nullopt;
  const auto name = verb ? JsonString(*verb) : std::nullopt;
  return name ? absl::StrCat(run.status, " (", *name, ")") : run.status;
}

std::string CountCell(std::optional<int64_t> count) {
  return count && *count >= 0 ? FormatCount(static_cast<uint64_t>(*count)) : "";
}

std::string RunsTable(const std::vector<RunRecord>& runs) {
  Table table(
      {"RUN", "CONNECTION", "STARTED", ">TOOK", "STATUS", ">RECORDS", ">COMMITTED", ">STATES"});
  for (const RunRecord& run : runs) {
    table.AddRow({run.handle.run_id.substr(0, kShortIdBytes), run.handle.connection,
                  FormatInstant(run.started_at),
                  run.finished_at ? FormatElapsed(*run.finished_at - run.started_at) : "",
                  StatusCell(run), CountCell(ReportNumber(run, "totals", "records_read")),
                  CountCell(ReportNumber(run, "totals", "records_committed")),
                  CountCell(ReportNumber(run, "states", "committed"))});
  }
  return table.empty() ? "no run yet\n" : table.ToString();
}

void WriteRun(const RunRecord& run, JsonWriter* json) {
  json->BeginObject().Key("run_id").String(run.handle.run_id);
  json->Key("connection").String(run.handle.connection).Key("epoch").Int(run.handle.epoch);
  json->Key("status").String(run.status).Key("exit_code");
  const std::optional<int64_t> exit_code = ReportNumber(run, "", "exit_code");
  exit_code ? json->Int(*exit_code) : json->Null();
  json->Key("started_at").String(FormatInstantUtc(run.started_at)).Key("finished_at");
  run.finished_at ? json->String(FormatInstantUtc(*run.finished_at)) : json->Null();
  json->End();
}

int List(const Arguments& arguments) {
  constexpr std::string_view kName = "runs";
  int limit = kRunsDefault;
  if (const auto text = arguments.Flag("limit")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (error != std::errc() || end != text->data() + text->size() || limit <= 0) {
      return UsageError(kName, "--limit: expected a number above 0");
    }
  }
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return CommandFailed(kName, store.status());
  const absl::StatusOr<std::vector<RunRecord>> runs =
      (*store)->ListRuns(arguments.Flag("connection").value_or(""), limit);
  if (!runs.ok()) return CommandFailed(kName, runs.status());
  if (!arguments.Has("json")) return PrintOut(RunsTable(*runs));
  JsonWriter json;
  json.BeginArray();
  for (const RunRecord& run : *runs) WriteRun(run, &json);
  json.End();
  return PrintOut(json.text());
}

int Show(const Arguments& arguments) {
  constexpr std::string_view kName = "runs show";
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return CommandFailed(kName, store.status());
  const absl::StatusOr<RunRecord> run = (*store)->FindRun(arguments.Positional(0));
  if (!run.ok()) return CommandFailed(kName, run.status());
  if (!run->report_json.empty()) return PrintOut(IndentJson(run->report_json));
  JsonWriter json;  // no report yet, or none ever: what is known
  WriteRun(*run, &json);
  return PrintOut(json.text());
}

}  // namespace

std::vector<Command> RunsCommands() {
  return {
      {.path = "runs",
       .summary = "Past and live runs with their verdicts, newest first",
       .example = "shunt runs --connection github --limit 5\nshunt runs show 4f1c",
       .positionals = {},
       .flags = {{"connection", "NAME", "only runs of this connection", ""},
                 {"limit", "N", "at most so many (default: 20)", ""},
                 StoreFlag(),
                 JsonFlag()},
       .run = List},
      {.path = "runs show",
       .summary = "Prints the report of a run (JSON)",
       .example = "shunt runs show 4f1c2a",
       .positionals = {{"ID", "the run's id, or its first characters"}},
       .flags = {StoreFlag(), JsonFlag()},
       .run = Show},
  };
}

}  // namespace shunt
