#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/settings_command.h"
#include "cli/sync_inputs.h"
#include "cli/sync_session.h"
#include "connectors/stream_connector.h"
#include "platform/strings.h"

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

int Sidecar(const Arguments& arguments) {
  const absl::StatusOr<SyncSettings> settings = SettingsOf(kForSidecar, arguments);
  if (!settings.ok()) return Usage(settings.status());
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
    "source read --config s.json --catalog c.json \\\n"
    "  | shunt sidecar --connection github --catalog c.json --destination-out acks \\\n"
    "  | destination write --config d.json --catalog c.json > acks\n"
    "\n"
    "shunt sidecar --catalog c.json \\\n"
    "  --source-out /pipes/source --destination-in /pipes/in --destination-out unix:/run/acks\n"
    "\n"
    "Flags win over environment variables (--memory-budget is SHUNT_MEMORY_BUDGET), and those\n"
    "over the connection file (memory_budget).";

}  // namespace

std::vector<Command> SidecarCommands() {
  return {{.path = "sidecar",
           .summary = "The same router between connectors that somebody else starts",
           .example = kExample,
           .positionals = {{"CONNECTION.yaml", "the flags below, as a file (YAML or .json)",
                            /*required=*/false}},
           .flags = FlagsOf(kForSidecar),
           .run = Sidecar}};
}

}  // namespace shunt
