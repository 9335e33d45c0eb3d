#include <utility>

#include "cli/commands.h"
#include "cli/process_ends.h"
#include "cli/settings_command.h"
#include "cli/sync_inputs.h"
#include "cli/sync_run.h"
#include "cli/sync_session.h"
#include "platform/strings.h"

namespace shunt {
namespace {

int Usage(const absl::Status& status) { return UsageError("sync", S(status.message())); }

int Sync(const Arguments& arguments) {
  const absl::StatusOr<SyncSettings> settings = SettingsOf(kForSync, arguments);
  if (!settings.ok()) return Usage(settings.status());
  return RunSync(*settings);
}

constexpr char kExample[] =
    "shunt sync --source 'node github/main.js' --source-config github.json \\\n"
    "           --destination 'python3 -m warehouse' --destination-config warehouse.json \\\n"
    "           --catalog configured_catalog.json --connection github\n"
    "\n"
    "shunt sync github.yaml           # the same from a connection file:\n"
    "    source: node github/main.js\n"
    "    source_config: github.json   # paths are relative to the file\n"
    "    destination: python3 -m warehouse\n"
    "    destination_config: warehouse.json\n"
    "    catalog: configured_catalog.json\n"
    "\n"
    "Every flag is also a key of the file (memory_budget) and a variable (SHUNT_MEMORY_BUDGET);\n"
    "flags win, then variables, then the file. Only the file may hold maps of variables for the\n"
    "connectors: source_env, destination_env.";

}  // namespace

int RunSync(const SyncSettings& settings) {
  if (absl::Status status = RequireForSync(settings); !status.ok()) return Usage(status);
  absl::StatusOr<SyncInputs> inputs = ReadSyncInputs(settings);
  if (!inputs.ok()) return Usage(inputs.status());
  Console console(ConsoleOptionsOf(settings));
  ProcessEnds ends(settings, {EndRole::kRead, EndRole::kWrite});
  return RunSession(settings, *std::move(inputs), ends, console);
}

std::vector<Command> SyncCommands() {
  return {
      {.path = "sync",
       .summary = "Starts a source and a destination and moves the data between them",
       .description =
           "It asks both for their specs, gives them the newest stored config and state, forwards "
           "records,\n"
           "checkpoints states once the destination has acknowledged them, and keeps config "
           "updates.\n"
           "Required: --source, --source-config, --destination, --destination-config, --catalog.",
       .example = kExample,
       .positionals = {{"CONNECTION.yaml", "the flags below, as a file (YAML or .json)",
                        /*required=*/false}},
       .flags = FlagsOf(kForSync),
       .run = Sync}};
}

}  // namespace shunt
