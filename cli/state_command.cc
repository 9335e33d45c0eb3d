#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/store_access.h"
#include "cli/table.h"
#include "cli/units.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/strings.h"
#include "protocol/json_writer.h"
#include "protocol/state.h"

namespace shunt {
namespace {

constexpr std::size_t kStateFileBytesMax = std::size_t{256} << 20;
constexpr std::size_t kBlobColumns = 60;

// NotFound, naming what there is, when the store has never heard of the connection.
absl::Status CheckKnown(Store& store, const std::string& connection) {
  const absl::StatusOr<std::vector<std::string>> known = store.ListConnections();
  if (!known.ok()) return known.status();
  for (const std::string& name : *known) {
    if (name == connection) return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("no connection '", connection, "' in ", store.url(),
                   "; there are: ", known->empty() ? "none" : absl::StrJoin(*known, ", ")));
}

absl::StatusOr<std::vector<StoredState>> ReadKnown(Store& store, const std::string& connection) {
  absl::Status known = CheckKnown(store, connection);
  if (!known.ok()) return known;
  return store.ReadCheckpoint(connection);
}

std::string TypeOf(const std::vector<StoredState>& states) {
  return states.empty() ? "" : std::string(StateTypeName(states.front().type));
}

// --- show --------------------------------------------------------------------------------------

void WriteLane(const StoredState& state, JsonWriter* json) {
  json->BeginObject().Key("type").String(StateTypeName(state.type)).Key("stream");
  const bool has_stream = state.type == StateType::kStream;
  has_stream ? json->String(state.stream.name) : json->Null();
  json->Key("namespace");
  has_stream&& state.stream.name_space ? json->String(*state.stream.name_space) : json->Null();
  json->Key("state").Raw(state.blob).End();
}

std::string ShowOne(const std::string& connection, const std::vector<StoredState>& states,
                    bool as_json) {
  if (as_json) {
    JsonWriter json;
    json.BeginObject().Key("connection").String(connection).Key("lanes").BeginArray();
    for (const StoredState& state : states) WriteLane(state, &json);
    json.End().End();
    return json.text();
  }
  Table table({"TYPE", "STREAM", "NAMESPACE", "STATE"});
  for (const StoredState& state : states) {
    table.AddRow({std::string(StateTypeName(state.type)), state.stream.name,
                  state.stream.name_space.value_or(""), Shorten(state.blob, kBlobColumns)});
  }
  return states.empty() ? "no checkpoint yet: the next run starts from the beginning\n"
                        : table.ToString();
}

absl::StatusOr<std::string> ShowAll(Store& store, bool as_json) {
  const absl::StatusOr<std::vector<std::string>> connections = store.ListConnections();
  if (!connections.ok()) return connections.status();
  Table table({"CONNECTION", "TYPE", ">LANES", "LAST RUN", "STATUS"});
  JsonWriter json;
  json.BeginArray();
  for (const std::string& name : *connections) {
    const absl::StatusOr<std::vector<StoredState>> states = store.ReadCheckpoint(name);
    const absl::StatusOr<std::vector<RunRecord>> runs = store.ListRuns(name, 1);
    if (!states.ok()) return states.status();
    if (!runs.ok()) return runs.status();
    const bool ran = !runs->empty();
    const std::string type = TypeOf(*states);
    table.AddRow({name, type, absl::StrCat(states->size()),
                  ran ? FormatInstant(runs->front().started_at) : "",
                  ran ? runs->front().status : ""});
    json.BeginObject().Key("connection").String(name).Key("type");
    type.empty() ? json.Null() : json.String(type);
    json.Key("lanes").Uint(states->size()).Key("last_status");
    ran ? json.String(runs->front().status) : json.Null();
    json.End();
  }
  json.End();
  if (as_json) return json.text();
  return table.empty() ? absl::StrCat("no connection in ", store.url(), " yet\n")
                       : table.ToString();
}

int Show(const Arguments& arguments) {
  constexpr std::string_view kName = "state show";
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return CommandFailed(kName, store.status());
  const std::string connection = arguments.Positional(0);
  if (connection.empty()) {
    const absl::StatusOr<std::string> text = ShowAll(**store, arguments.Has("json"));
    return text.ok() ? PrintOut(*text) : CommandFailed(kName, text.status());
  }
  const absl::StatusOr<std::vector<StoredState>> states = ReadKnown(**store, connection);
  if (!states.ok()) return CommandFailed(kName, states.status());
  return PrintOut(ShowOne(connection, *states, arguments.Has("json")));
}

// --- export, import, reset ---------------------------------------------------------------------

int Export(const Arguments& arguments) {
  constexpr std::string_view kName = "state export";
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return CommandFailed(kName, store.status());
  const absl::StatusOr<std::vector<StoredState>> states =
      ReadKnown(**store, arguments.Positional(0));
  if (!states.ok()) return CommandFailed(kName, states.status());
  return PrintOut(absl::StrCat(FormatStateArray(*states), "\n"));
}

// A live run does not read what is put in the store behind its back.
absl::Status WarnOfLiveRun(Store& store, const std::string& connection) {
  const absl::StatusOr<std::vector<RunRecord>> runs = store.ListRuns(connection, 1);
  if (!runs.ok()) return runs.status();
  if (!runs->empty() && runs->front().status == "running") {
    Tell(absl::StrCat("shunt: warning: run ", runs->front().handle.run_id, " of '", connection,
                      "' is live; its next checkpoint comes on top of this change"));
  }
  return absl::OkStatus();
}

absl::Status Replace(Store& store, const std::string& connection,
                     const std::vector<StoredState>& states) {
  absl::Status status = WarnOfLiveRun(store, connection);
  if (!status.ok()) return status;
  return store.ReplaceCheckpoint(connection, SystemClock().WallNow(), states);
}

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
  const std::string connection = arguments.Positional(0);
  const absl::StatusOr<std::vector<StoredState>> states = ReadStateFile(arguments.Positional(1));
  if (!states.ok()) return CommandFailed(kName, states.status());
  const absl::StatusOr<std::string> url = StoreUrl(arguments);
  if (!url.ok()) return CommandFailed(kName, url.status());
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenStore(*url);
  if (!store.ok()) return CommandFailed(kName, store.status());
  absl::Status status = Replace(**store, connection, *states);
  if (!status.ok()) return CommandFailed(kName, status);
  Tell(absl::StrCat("imported ", states->size(), " ", TypeOf(*states), " states; the next run of '",
                    connection, "' starts there"));
  return 0;
}

int Reset(const Arguments& arguments) {
  constexpr std::string_view kName = "state reset";
  const std::string connection = arguments.Positional(0);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return CommandFailed(kName, store.status());
  const absl::StatusOr<std::vector<StoredState>> states = ReadKnown(**store, connection);
  if (!states.ok()) return CommandFailed(kName, states.status());
  absl::Status status = Replace(**store, connection, {});
  if (!status.ok()) return CommandFailed(kName, status);
  Tell(absl::StrCat("removed ", states->size(), " states; the next run of '", connection,
                    "' starts from the beginning"));
  return 0;
}

}  // namespace

std::vector<Command> StateCommands() {
  const PositionalSpec name = {"NAME", "the connection"};
  return {
      {.path = "state",
       .summary = "Checkpoints of connections: show, export, import, reset",
       .example = "shunt state show\nshunt state export github > state.json",
       .positionals = {},
       .flags = {}},
      {.path = "state show",
       .summary = "Where each stream of a connection stands; without NAME: all connections",
       .example = "shunt state show github",
       .positionals = {{"NAME", "the connection", /*required=*/false}},
       .flags = {StoreFlag(), JsonFlag()},
       .run = Show},
      {.path = "state export",
       .summary = "Prints the state as a source takes it with --state (a JSON array)",
       .example = "shunt state export github > state.json",
       .positionals = {name},
       .flags = {StoreFlag()},
       .run = Export},
      {.path = "state import",
       .summary = "Replaces the state: an exported array, STATE lines, or a legacy object",
       .example = "shunt state import github state.json",
       .positionals = {name, {"FILE", "the state; - is stdin"}},
       .flags = {StoreFlag()},
       .run = Import},
      {.path = "state reset",
       .summary = "Removes the state: the next run starts from the beginning",
       .example = "shunt state export github > backup.json && shunt state reset github",
       .positionals = {name},
       .flags = {StoreFlag()},
       .run = Reset},
  };
}

}  // namespace shunt
