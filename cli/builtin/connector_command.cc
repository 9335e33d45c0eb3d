#include <algorithm>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/builtin/destination.h"
#include "cli/builtin/source.h"
#include "cli/commands.h"

namespace shunt {
namespace {

std::vector<FlagSpec> ConnectorFlags(bool source) {
  std::vector<FlagSpec> flags = {{"config", "FILE", "the connector's config (JSON)", ""},
                                 {"catalog", "FILE", "the ConfiguredAirbyteCatalog (JSON)", ""}};
  if (source) flags.push_back({"state", "FILE", "the state to resume from (JSON array)", ""});
  return flags;
}

// Empty when the call can be made.
std::string CallProblem(const ConnectorCall& call, std::initializer_list<std::string_view> verbs) {
  if (std::find(verbs.begin(), verbs.end(), call.verb) == verbs.end()) {
    return absl::StrCat("'", call.verb, "' is no verb of it; there are: ",
                        absl::StrJoin(std::vector<std::string>(verbs.begin(), verbs.end()), ", "));
  }
  if (call.verb != "spec" && call.config.empty()) return "--config is required";
  const bool moves_data = call.verb == "read" || call.verb == "write";
  if (moves_data && call.catalog.empty()) return "--catalog is required";
  return "";
}

ConnectorCall CallOf(const Arguments& arguments) {
  return {.verb = arguments.Positional(0),
          .config = arguments.Flag("config").value_or(""),
          .catalog = arguments.Flag("catalog").value_or(""),
          .state = arguments.Flag("state").value_or("")};
}

int RunSource(const Arguments& arguments) {
  const ConnectorCall call = CallOf(arguments);
  const std::string problem = CallProblem(call, {"spec", "check", "discover", "read"});
  if (!problem.empty()) return UsageError("connector source", problem);
  return RunBuiltinSource(call);
}

int RunDestination(const Arguments& arguments) {
  const ConnectorCall call = CallOf(arguments);
  const std::string problem = CallProblem(call, {"spec", "check", "write"});
  if (!problem.empty()) return UsageError("connector destination", problem);
  return RunBuiltinDestination(call);
}

}  // namespace

std::vector<Command> ConnectorCommands() {
  return {
      {.path = "connector",
       .summary = "The built-in Airbyte connectors, for trying shunt and for tests",
       .example = "shunt connector source spec",
       .positionals = {},
       .flags = {}},
      {.path = "connector source",
       .summary = "A source that makes up seeded rows and resumes from its state",
       .example = "echo '{\"records\": 1000, \"streams\": 2}' > source.json\n"
                  "shunt connector source discover --config source.json\n"
                  "shunt connector source read --config source.json --catalog catalog.json\n"
                  "shunt connector source spec    # every key of the config",
       .positionals = {{"VERB", "spec, check, discover or read"}},
       .flags = ConnectorFlags(true),
       .run = RunSource},
      {.path = "connector destination",
       .summary = "A destination that writes JSON lines per stream, or discards",
       .example = "echo '{\"path\": \"out\"}' > destination.json\n"
                  "shunt connector destination write --config destination.json "
                  "--catalog catalog.json < messages.jsonl",
       .positionals = {{"VERB", "spec, check or write"}},
       .flags = ConnectorFlags(false),
       .run = RunDestination},
  };
}

}  // namespace shunt
