// `shunt state import`, `reset`, `rollback` and `history`: another checkpoint in the place of a
// connection's, and the way back.
//
// Each change is a run of its own (`shunt runs` shows it): it takes the connection, so that no live
// run commits on top of it. Import and reset do what they were asked for at once, also while a sync
// runs, which then ends with 10; a rollback waits for --take-over.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/state/access.h"
#include "cli/store_access.h"
#include "cli/table.h"
#include "cli/units.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/files.h"
#include "platform/strings.h"
#include "protocol/json_writer.h"
#include "protocol/state.h"
#include "router/report.h"
#include "stages/exit_code.h"

namespace shunt {
namespace {

constexpr std::size_t kStateFileBytesMax = std::size_t{256} << 20;
constexpr absl::string_view kBefore = "before:";
constexpr std::size_t kShortIdBytes = 12;

// What is put in the place of a checkpoint.
struct Change {
  std::string cause;  // import, reset, rollback
  std::string connection;
  std::vector<StoredState> states;
  bool take_over = true;
};

absl::Status TellOfLiveRun(Store& store, const Change& change) {
  const absl::StatusOr<std::vector<RunRecord>> runs = store.ListRuns(change.connection, 1);
  if (!runs.ok()) return runs.status();
  if (change.take_over && !runs->empty() && runs->front().status == "running") {
    Tell(absl::StrCat("shunt: warning: run ", runs->front().handle.run_id, " of '",
                      change.connection, "' is live; it loses the connection and ends with ",
                      static_cast<int>(ExitCode::kFenced)));
  }
  return absl::OkStatus();
}

absl::Status Apply(Store& store, const Change& change) {
  if (absl::Status status = TellOfLiveRun(store, change); !status.ok()) return status;
  Report report;
  report.verb = "state " + change.cause;
  report.connection = change.connection;
  report.run_id = SystemEntropy().HexId();
  report.started_at = SystemClock().WallNow();
  const absl::StatusOr<RunHandle> run =
      store.BeginRun(change.connection, report.run_id, report.started_at, change.take_over);
  if (!run.ok()) return run.status();
  const absl::Status replaced = store.ReplaceCheckpoint({.connection = change.connection,
                                                         .now = SystemClock().WallNow(),
                                                         .cause = change.cause,
                                                         .run = *run},
                                                        change.states);
  report.finished_at = SystemClock().WallNow();
  report.duration = report.finished_at - report.started_at;
  if (!replaced.ok()) {
    const bool fenced = absl::IsFailedPrecondition(replaced);
    report.exit_code = static_cast<int>(fenced ? ExitCode::kFenced : ExitCode::kStoreFailed);
  }
  const absl::Status ended =
      store.EndRun(*run, report.finished_at, ExitCodeName(report.exit_code), report.ToJson());
  return replaced.ok() ? ended : replaced;
}

int Failed(std::string_view command, const absl::Status& status) {
  if (!absl::IsAborted(status) && !absl::IsFailedPrecondition(status)) {
    return CommandFailed(command, status);
  }
  const bool can_take_over = absl::EndsWith(status.message(), "or take over");
  UsageError(command, absl::StrCat(status.message(), can_take_over ? " (--take-over)" : ""));
  return static_cast<int>(ExitCode::kFenced);
}

std::string Described(const std::vector<StoredState>& states) {
  const absl::string_view type = states.empty() ? "" : A(StateTypeName(states.front().type));
  return absl::StrCat(states.size(), " ", type, type.empty() ? "" : " ", "states");
}

std::string StartOf(const std::vector<StoredState>& states, const std::string& connection) {
  return absl::StrCat("the next run of '", connection, "' starts ",
                      states.empty() ? "from the beginning" : "there");
}

// --- import, reset -----------------------------------------------------------------------------

absl::StatusOr<std::vector<StoredState>> ReadStateFile(const std::string& path) {
  const absl::StatusOr<std::string> text =
      ReadFile(path == "-" ? "/dev/stdin" : path, kStateFileBytesMax);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  absl::StatusOr<std::vector<StoredState>> states = ParseStateFile(*text);
  if (states.ok()) return states;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", states.status().message()));
}

int Import(const Arguments& arguments) {
  constexpr std::string_view kName = "state import";
  Change change{.cause = "import", .connection = arguments.Positional(0), .states = {}};
  absl::StatusOr<std::vector<StoredState>> states = ReadStateFile(arguments.Positional(1));
  if (!states.ok()) return Failed(kName, states.status());
  change.states = *std::move(states);
  const absl::StatusOr<std::string> url = StoreUrl(arguments);
  if (!url.ok()) return Failed(kName, url.status());
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenStore(*url);
  if (!store.ok()) return Failed(kName, store.status());
  if (absl::Status status = Apply(**store, change); !status.ok()) return Failed(kName, status);
  Tell(absl::StrCat("imported ", Described(change.states), "; ",
                    StartOf(change.states, change.connection)));
  return 0;
}

int Reset(const Arguments& arguments) {
  constexpr std::string_view kName = "state reset";
  const Change change{.cause = "reset", .connection = arguments.Positional(0), .states = {}};
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return Failed(kName, store.status());
  const absl::StatusOr<std::vector<StoredState>> states =
      ReadKnownCheckpoint(**store, change.connection);
  if (!states.ok()) return Failed(kName, states.status());
  if (absl::Status status = Apply(**store, change); !status.ok()) return Failed(kName, status);
  Tell(absl::StrCat("removed ", states->size(), " states; ", StartOf({}, change.connection),
                    "; `shunt state rollback` brings them back"));
  return 0;
}

// --- history, rollback -------------------------------------------------------------------------

void WritePast(const PastCheckpoint& past, JsonWriter* json) {
  json->BeginObject().Key("id").Int(past.id);
  json->Key("replaced_at").String(FormatInstantUtc(past.replaced_at));
  json->Key("cause").String(past.cause).Key("run_id");
  past.run_id.empty() ? json->Null() : json->String(past.run_id);
  json->Key("type");
  past.type ? json->String(StateTypeName(*past.type)) : json->Null();
  json->Key("lanes").Int(past.lanes).Key("bytes").Int(past.bytes);
  json->Key("kept").Bool(past.kept).End();
}

std::string PastTable(const std::vector<PastCheckpoint>& list) {
  Table table({">ENTRY", "REPLACED", "BY", "RUN", "TYPE", ">LANES", ">BYTES", "KEPT"});
  for (const PastCheckpoint& past : list) {
    table.AddRow({absl::StrCat(past.id), FormatInstant(past.replaced_at), past.cause,
                  past.run_id.substr(0, kShortIdBytes),
                  past.type ? std::string(StateTypeName(*past.type)) : "", absl::StrCat(past.lanes),
                  FormatBytes(static_cast<double>(past.bytes)), past.kept ? "yes" : "no, too big"});
  }
  return table.empty() ? "no past yet: nothing has replaced a checkpoint\n" : table.ToString();
}

int History(const Arguments& arguments) {
  constexpr std::string_view kName = "state history";
  const std::string connection = arguments.Positional(0);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return Failed(kName, store.status());
  if (absl::Status known = CheckKnownConnection(**store, connection); !known.ok()) {
    return Failed(kName, known);
  }
  const absl::StatusOr<std::vector<PastCheckpoint>> list =
      (*store)->ListPastCheckpoints(connection);
  if (!list.ok()) return Failed(kName, list.status());
  if (!arguments.Has("json")) return PrintOut(PastTable(*list));
  JsonWriter json;
  json.BeginArray();
  for (const PastCheckpoint& past : *list) WritePast(past, &json);
  json.End();
  return PrintOut(json.text());
}

// The entry that --to means: its number, or before:RUN for the one that this run replaced.
absl::StatusOr<int64_t> FindEntry(const std::vector<PastCheckpoint>& list, absl::string_view to) {
  const bool by_run = absl::StartsWith(to, kBefore);
  const absl::string_view prefix = by_run ? to.substr(kBefore.size()) : "";
  int64_t id = 0;
  if (by_run ? prefix.empty() : !absl::SimpleAtoi(to, &id)) {
    return absl::InvalidArgumentError(
        "--to: expected an ENTRY of `shunt state history`, or before:RUN");
  }
  std::optional<int64_t> found;
  for (const PastCheckpoint& past : list) {
    if (by_run ? !absl::StartsWith(past.run_id, prefix) : past.id != id) continue;
    if (found) return absl::InvalidArgumentError("--to: several runs begin so; give more of it");
    found = past.id;
  }
  if (found) return *found;
  return absl::NotFoundError(
      absl::StrCat("--to ", to, ": there is no such entry; see `shunt state history`"));
}

int Rollback(const Arguments& arguments) {
  constexpr std::string_view kName = "state rollback";
  Change change{.cause = "rollback",
                .connection = arguments.Positional(0),
                .states = {},
                .take_over = arguments.Has("take-over")};
  const auto to = arguments.Flag("to");
  if (!to) return UsageError(kName, "--to is required: an ENTRY of `shunt state history`");
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return Failed(kName, store.status());
  if (absl::Status known = CheckKnownConnection(**store, change.connection); !known.ok()) {
    return Failed(kName, known);
  }
  const absl::StatusOr<std::vector<PastCheckpoint>> list =
      (*store)->ListPastCheckpoints(change.connection);
  if (!list.ok()) return Failed(kName, list.status());
  const absl::StatusOr<int64_t> entry = FindEntry(*list, *to);
  if (!entry.ok()) return Failed(kName, entry.status());
  absl::StatusOr<std::vector<StoredState>> states =
      (*store)->ReadPastCheckpoint(change.connection, *entry);
  if (!states.ok()) return Failed(kName, states.status());
  change.states = *std::move(states);
  if (absl::Status status = Apply(**store, change); !status.ok()) return Failed(kName, status);
  Tell(absl::StrCat("back to entry ", *entry, ", ", Described(change.states), "; ",
                    StartOf(change.states, change.connection),
                    "; what was there is the newest entry of the history"));
  return 0;
}

}  // namespace

std::vector<Command> StateChangeCommands() {
  const PositionalSpec name = {"NAME", "the connection"};
  return {
      {.path = "state import",
       .summary = "Replaces the state by the one in a file",
       .description = "Says what a source takes: an array as `shunt state export` prints it, STATE "
                      "lines, or a\n"
                      "legacy object. A live run of the connection loses it and ends with 10.",
       .example = "shunt state import github state.json",
       .positionals = {name, {"FILE", "the state; - is stdin"}},
       .flags = {StoreFlag()},
       .run = Import},
      {.path = "state reset",
       .summary = "Removes the state: the next run starts from the beginning",
       .description =
           "A live run of the connection loses it and ends with 10. What was there stays in\n"
           "`shunt state history`.",
       .example = "shunt state reset github",
       .positionals = {name},
       .flags = {StoreFlag()},
       .run = Reset},
      {.path = "state history",
       .summary = "What the checkpoint was before each run, import, reset and rollback",
       .description = "A run leaves an entry with its first commit: the checkpoint that it found. "
                      "Kept are the\n"
                      "newest 20 of a connection, and up to 32 MiB of states.",
       .example = "shunt state history github\n"
                  "shunt state show github --past 7      # what an entry has kept",
       .positionals = {name},
       .flags = {StoreFlag(), JsonFlag()},
       .run = History},
      {.path = "state rollback",
       .summary = "Makes a past checkpoint the current one",
       .description =
           "The destination keeps what it was sent since then; the source sends it again.",
       .example = "shunt state rollback github --to 7\n"
                  "shunt state rollback github --to before:4f1c2a      # undoes that run",
       .positionals = {name},
       .flags = {{"to", "ENTRY|before:RUN",
                  "a number of `shunt state history`, or the entry that a run (its id,\n"
                  "or the first characters of it) has left",
                  ""},
                 {"take-over", "",
                  "also when a live run holds the connection, which then ends with 10\n"
                  "(default: refuse, exit code 10)",
                  ""},
                 StoreFlag()},
       .run = Rollback},
  };
}

}  // namespace shunt
