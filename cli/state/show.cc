#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/state/access.h"
#include "cli/store_access.h"
#include "cli/table.h"
#include "cli/units.h"
#include "protocol/json_writer.h"
#include "protocol/state.h"

namespace shunt {
namespace {

constexpr std::size_t kBlobColumns = 60;

// The checkpoint, or with --past N one that was replaced.
absl::StatusOr<std::vector<StoredState>> ReadAsked(Store& store, const Arguments& arguments) {
  const std::string connection = arguments.Positional(0);
  const auto past = arguments.Flag("past");
  if (!past) return ReadKnownCheckpoint(store, connection);
  if (absl::Status known = CheckKnownConnection(store, connection); !known.ok()) return known;
  int64_t id = 0;
  if (!absl::SimpleAtoi(*past, &id)) {
    return absl::InvalidArgumentError("--past: expected a number of `shunt state history`");
  }
  return store.ReadPastCheckpoint(connection, id);
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
  if (connection.empty() && !arguments.Has("past")) {
    const absl::StatusOr<std::string> text = ShowAll(**store, arguments.Has("json"));
    return text.ok() ? PrintOut(*text) : CommandFailed(kName, text.status());
  }
  const absl::StatusOr<std::vector<StoredState>> states = ReadAsked(**store, arguments);
  if (!states.ok()) return CommandFailed(kName, states.status());
  return PrintOut(ShowOne(connection, *states, arguments.Has("json")));
}

// --- export ------------------------------------------------------------------------------------

int Export(const Arguments& arguments) {
  constexpr std::string_view kName = "state export";
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return CommandFailed(kName, store.status());
  const absl::StatusOr<std::vector<StoredState>> states = ReadAsked(**store, arguments);
  if (!states.ok()) return CommandFailed(kName, states.status());
  return PrintOut(absl::StrCat(FormatStateArray(*states), "\n"));
}

}  // namespace

std::vector<Command> StateCommands() {
  const PositionalSpec name = {"NAME", "the connection"};
  const FlagSpec past = {"past", "N", "the state that entry N of `shunt state history NAME` kept",
                         ""};
  return {
      {.path = "state",
       .summary = "Checkpoints of connections: where the next run of each starts",
       .example = "shunt state show\nshunt state export github > state.json",
       .positionals = {},
       .flags = {}},
      {.path = "state show",
       .summary = "Where each stream of a connection stands",
       .description = "Without NAME: all connections, a line each.",
       .example = "shunt state show github",
       .positionals = {{"NAME", "the connection", /*required=*/false}},
       .flags = {past, StoreFlag(), JsonFlag()},
       .run = Show},
      {.path = "state export",
       .summary = "Prints the state as a source takes it with --state (a JSON array)",
       .example = "shunt state export github > state.json",
       .positionals = {name},
       .flags = {past, StoreFlag()},
       .run = Export},
  };
}

}  // namespace shunt
