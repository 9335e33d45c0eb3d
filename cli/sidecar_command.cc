#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/pod_ends.h"
#include "cli/settings_command.h"
#include "cli/sync_inputs.h"
#include "cli/sync_session.h"
#include "connectors/stream_connector.h"
#include "platform/strings.h"
#include "stages/exit_code.h"

namespace shunt {
namespace {

// The ends that somebody else started: only their streams are ours.
class StreamEnds final : public SessionEnds {
 public:
  StreamEnds(StreamEndpoint source_out, StreamEndpoint destination_in,
             std::optional<StreamEndpoint> destination_out)
      : source_out_(std::move(source_out)),
        destination_in_(std::move(destination_in)),
        destination_out_(std::move(destination_out)) {}

  std::string source_name() const override { return source_out_.ToString(); }
  std::string destination_name() const override { return destination_in_.ToString(); }
  bool starts_source() const override { return false; }

  void FindSpecs(SyncInputs*, Console& console, const std::function<bool()>&) override {
    if (destination_out_) return;
    console.Warn("without --destination-out no acknowledgement arrives: nothing is checkpointed");
  }

  // The connectors have their files already.
  absl::Status Prepare(const RunFiles&) override { return absl::OkStatus(); }

  absl::StatusOr<std::unique_ptr<Connector>> StartDestination() override {
    return Open({.output = destination_out_, .log = {}, .input = destination_in_});
  }
  absl::StatusOr<std::unique_ptr<Connector>> StartSource() override {
    return Open({.output = source_out_, .log = {}, .input = {}});
  }

 private:
  static absl::StatusOr<std::unique_ptr<Connector>> Open(const StreamEndpoints& endpoints) {
    absl::StatusOr<std::unique_ptr<StreamConnector>> connector = StreamConnector::Open(endpoints);
    if (!connector.ok()) return connector.status();
    return std::unique_ptr<Connector>(*std::move(connector));
  }

  const StreamEndpoint source_out_, destination_in_;
  const std::optional<StreamEndpoint> destination_out_;
};

int Usage(const absl::Status& status) { return UsageError("sidecar", S(status.message())); }

absl::StatusOr<StreamEndpoint> ParseEnd(absl::string_view flag, const std::string& text) {
  absl::StatusOr<StreamEndpoint> end = StreamEndpoint::Parse(text);
  if (end.ok()) return end;
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", end.status().message()));
}

absl::Status CheckPodSettings(const SyncSettings& settings) {
  if (settings.source_dir.empty() || settings.destination_dir.empty()) {
    return absl::InvalidArgumentError("--source-dir and --destination-dir go together");
  }
  const SyncSettings defaults;
  if (settings.source_out != defaults.source_out ||
      settings.destination_in != defaults.destination_in ||
      settings.destination_out != defaults.destination_out) {
    return absl::InvalidArgumentError(
        "the streams are those of --source-dir and --destination-dir: no --source-out, "
        "--destination-in or --destination-out beside them");
  }
  return absl::OkStatus();
}

int PodSidecar(SyncSettings settings) {
  if (absl::Status status = CheckPodSettings(settings); !status.ok()) return Usage(status);
  const absl::StatusOr<std::unique_ptr<PodDirectories>> directories =
      PodDirectories::Take(settings.source_dir, settings.destination_dir);
  Console console(ConsoleOptionsOf(settings));
  if (absl::IsAborted(directories.status())) {
    console.Say(S(directories.status().message()));
    return static_cast<int>(ExitCode::kFenced);
  }
  if (!directories.ok()) return Usage(directories.status());
  if (absl::Status status = (*directories)->Check(); !status.ok()) return Usage(status);
  (*directories)->FillIn(&settings);
  absl::StatusOr<SyncInputs> inputs = ReadSyncInputs(settings);
  if (!inputs.ok()) return Usage(inputs.status());
  (*directories)->Restore(settings, &*inputs);
  PodEnds ends(**directories, console);
  const int code = RunSession(settings, *std::move(inputs), ends, console);
  if (absl::Status status = (*directories)->Terminate(); !status.ok()) {
    console.Warn(absl::StrCat("the connectors were not told that the run is over: ",
                              A(S(status.message()))));
  }
  return code;
}

int Sidecar(const Arguments& arguments) {
  const absl::StatusOr<SyncSettings> settings = SettingsOf(kForSidecar, arguments);
  if (!settings.ok()) return Usage(settings.status());
  if (!settings->source_dir.empty() || !settings->destination_dir.empty()) {
    return PodSidecar(*settings);
  }
  if (absl::Status status = RequireForSidecar(*settings); !status.ok()) return Usage(status);
  const absl::StatusOr<StreamEndpoint> source_out = ParseEnd("source-out", settings->source_out);
  if (!source_out.ok()) return Usage(source_out.status());
  const absl::StatusOr<StreamEndpoint> destination_in =
      ParseEnd("destination-in", settings->destination_in);
  if (!destination_in.ok()) return Usage(destination_in.status());
  std::optional<StreamEndpoint> destination_out;
  if (!settings->destination_out.empty()) {
    absl::StatusOr<StreamEndpoint> end = ParseEnd("destination-out", settings->destination_out);
    if (!end.ok()) return Usage(end.status());
    destination_out = *std::move(end);
  }
  absl::StatusOr<SyncInputs> inputs = ReadSyncInputs(*settings);
  if (!inputs.ok()) return Usage(inputs.status());
  Console console(ConsoleOptionsOf(*settings));
  StreamEnds ends(*source_out, *destination_in, destination_out);
  return RunSession(*settings, *std::move(inputs), ends, console);
}

constexpr char kExample[] =
    "mkfifo acks\n"
    "my-source read --config s.json --catalog c.json \\\n"
    "  | shunt sidecar --connection github --catalog c.json --destination-out acks \\\n"
    "  | my-destination write --config d.json --catalog c.json > acks\n"
    "\n"
    "shunt sidecar --catalog c.json \\\n"
    "  --source-out /pipes/source --destination-in /pipes/in --destination-out unix:/run/acks\n"
    "\n"
    "shunt sidecar --connection github --source-dir /source --destination-dir /dest\n"
    "    In the place of the orchestrator in a pod of Airbyte's platform: each directory has the\n"
    "    FIFOs stdout and stderr (and stdin), connectorConfig.json, and, written by the\n"
    "    connector's wrapper, exitCode.txt; the source's has catalog.json and inputState.json.\n"
    "    shunt writes the store's newer config and checkpoint into them before it opens the\n"
    "    FIFOs, and makes TERMINATED in both when it ends.\n"
    "\n"
    "Flags win over environment variables (--memory-budget is SHUNT_MEMORY_BUDGET), and those\n"
    "over the connection file (memory_budget).";

}  // namespace

std::vector<Command> SidecarCommands() {
  return {{.path = "sidecar",
           .summary = "The same router between connectors that somebody else starts",
           .description = "It reads what the source prints, writes what the destination reads, and "
                          "checkpoints what the\n"
                          "destination acknowledges. Required: --catalog, or --source-dir.",
           .example = kExample,
           .positionals = {{"CONNECTION.yaml", "the flags below, as a file (YAML or .json)",
                            /*required=*/false}},
           .flags = FlagsOf(kForSidecar),
           .run = Sidecar}};
}

}  // namespace shunt
