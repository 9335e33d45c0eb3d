// shunt spec, check, discover, read: one verb of one connector. All but `spec` are a run of the
// same router as a sync's, with nobody at the other end, so that a token that the connector rotates
// is journaled, validated and stored by the same stages, whatever the verb itself comes to.
#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/configured_catalog.h"
#include "cli/process_ends.h"
#include "cli/settings_command.h"
#include "cli/signals.h"
#include "cli/spec_file.h"
#include "cli/spec_probe.h"
#include "cli/store_access.h"
#include "cli/sync_inputs.h"
#include "cli/sync_session.h"
#include "connectors/process_connector.h"
#include "platform/environment.h"
#include "platform/posix_words.h"
#include "platform/strings.h"
#include "platform/user.h"
#include "protocol/json_cursor.h"
#include "protocol/payloads.h"
#include "secrets/command_secrets.h"
#include "secrets/masker.h"
#include "secrets/secret_values.h"
#include "stages/exit_code.h"
#include "stages/fault.h"

namespace shunt {
namespace {

int Usage(std::string_view verb, const absl::Status& status) {
  return UsageError(verb, S(status.message()));
}

// The object that `message` carries under one of `keys`; empty when it has none.
std::string PayloadOf(const std::string& message, std::initializer_list<std::string_view> keys) {
  const std::optional<JsonSlice> object = ParseJson(message);
  for (const std::string_view key : keys) {
    const auto payload = object ? JsonFind(*object, key) : std::nullopt;
    if (payload && payload->is_object()) return std::string(payload->text);
  }
  return "";
}

// The ends of a verb: judges what the connectors answered.
class VerbEnds final : public ProcessEnds {
 public:
  VerbEnds(const SyncSettings& settings, EndRoles roles, std::string_view verb)
      : ProcessEnds(settings, roles), roles_(roles), verb_(verb) {}

  std::string_view verb() const override { return verb_; }
  std::string destination_name() const override {
    return roles_.destination == EndRole::kStdout ? "stdout" : ProcessEnds::destination_name();
  }

  void Conclude(Report* report, Console& console) override {
    if (roles_.destination == EndRole::kStdout) ForgiveClosedStdout(report, console);
    Judge(roles_.source, Origin::kSource, report->source.answer, report, console);
    Judge(roles_.destination, Origin::kDestination, report->destination.answer, report, console);
  }

  // What is to be printed: the answers, as JSON lines.
  const std::string& answers() const { return answers_; }

 private:
  void Judge(EndRole role, Origin origin, const std::string& answer, Report* report,
             Console& console) {
    if (role == EndRole::kCheck) {
      const absl::StatusOr<ConnectionStatus> status = ParseConnectionStatus(answer);
      if (!status.ok()) return Miss(origin, "CONNECTION_STATUS", report);
      absl::StrAppend(&answers_, answer, "\n");
      if (!status->succeeded) return;  // it is among the failures, with its message
      console.Say(absl::StrCat(
          "the ", A(OriginName(origin)), "'s check succeeded",
          status->message.empty() ? "" : absl::StrCat(": ", EscapeForLog(status->message))));
    } else if (role == EndRole::kDiscover) {
      const std::string catalog = PayloadOf(answer, {"catalog", "destination_catalog"});
      if (catalog.empty()) return Miss(origin, "CATALOG", report);
      absl::StrAppend(&answers_, catalog, "\n");
    }
  }

  // Whoever reads our stdout may have enough of it, as head(1) has; the source was ended for that.
  static void ForgiveClosedStdout(Report* report, Console& console) {
    const bool closed =
        std::any_of(report->failures.begin(), report->failures.end(), [](const Failure& failure) {
          return failure.origin == Origin::kDestination && failure.internal_message == kBrokenPipe;
        });
    if (report->exit_code != static_cast<int>(ExitCode::kDestinationFailed) || !closed) return;
    report->exit_code = 0;
    report->failures.clear();
    console.Say(absl::StrCat("the reader of stdout closed it after ",
                             report->Totals().records_forwarded,
                             " records: the source was ended before it was done"));
  }

  // A connector that says nothing has failed, unless it is known already why.
  static void Miss(Origin origin, absl::string_view type, Report* report) {
    if (report->exit_code != 0) return;
    report->exit_code = static_cast<int>(origin == Origin::kSource ? ExitCode::kSourceFailed
                                                                   : ExitCode::kDestinationFailed);
    Failure failure;
    failure.origin = origin;
    failure.message =
        absl::StrCat("the ", A(OriginName(origin)), " printed no ", type, " that can be used");
    report->failures.push_back(std::move(failure));
  }

  const EndRoles roles_;
  const std::string verb_;
  std::string answers_;
};

struct Verb {
  std::string_view name;
  uint8_t command;
  std::vector<std::string> answers;
  EndRole role;
};

const Verb& CheckVerb() {
  static const Verb verb{"check", kForCheck, {"CONNECTION_STATUS"}, EndRole::kCheck};
  return verb;
}
const Verb& DiscoverVerb() {
  static const Verb verb{
      "discover", kForDiscover, {"CATALOG", "DESTINATION_CATALOG"}, EndRole::kDiscover};
  return verb;
}

// A connection file says more than a verb needs.
void KeepOne(const Verb& verb, SyncSettings* settings) {
  if (verb.role != EndRole::kCheck && !settings->source_command.empty()) {
    settings->destination_command.clear();
  }
  if (settings->source_command.empty()) settings->source_config.clear();
  if (settings->destination_command.empty()) settings->destination_config.clear();
  settings->catalog.clear();
  settings->state.clear();
  settings->progress = ProgressMode::kNone;
  settings->router.answers = verb.answers;
}

absl::Status RequireForVerb(const SyncSettings& settings) {
  const bool source = !settings.source_command.empty();
  const bool destination = !settings.destination_command.empty();
  if (!source && !destination) {
    return absl::InvalidArgumentError("--source or --destination is required");
  }
  absl::Status status = absl::OkStatus();
  if (source) status = RequireConnector("source", /*with_config=*/true, settings);
  if (destination && status.ok()) {
    status = RequireConnector("destination", /*with_config=*/true, settings);
  }
  if (status.ok() && settings.report == "-") {
    status = absl::InvalidArgumentError("--report -: stdout carries the answer; give a file");
  }
  return status;
}

// What `check` or `discover` came to.
struct Asked {
  int exit_code = 0;
  std::string answers;
};

Asked Ask(const Verb& verb, const Arguments& arguments) {
  absl::StatusOr<SyncSettings> settings = SettingsOf(verb.command, arguments);
  if (!settings.ok()) return {Usage(verb.name, settings.status()), ""};
  KeepOne(verb, &*settings);
  if (absl::Status status = RequireForVerb(*settings); !status.ok()) {
    return {Usage(verb.name, status), ""};
  }
  absl::StatusOr<SyncInputs> inputs = ReadSyncInputs(*settings);
  if (!inputs.ok()) return {Usage(verb.name, inputs.status()), ""};
  const EndRoles roles{settings->source_command.empty() ? EndRole::kNobody : verb.role,
                       settings->destination_command.empty() ? EndRole::kNobody : verb.role};
  Console console(ConsoleOptionsOf(*settings));
  VerbEnds ends(*settings, roles, verb.name);
  const int code = RunSession(*settings, *std::move(inputs), ends, console);
  console.Finish();
  return {code, ends.answers()};
}

// What the connector said is worth printing whatever the run came to.
int PrintAnswers(const Asked& asked, const std::string& text) {
  const int printed = text.empty() ? 0 : PrintOut(text);
  return asked.exit_code != 0 ? asked.exit_code : printed;
}

int Check(const Arguments& arguments) {
  const Asked asked = Ask(CheckVerb(), arguments);
  return PrintAnswers(asked, asked.answers);
}

int Discover(const Arguments& arguments) {
  const Asked asked = Ask(DiscoverVerb(), arguments);
  if (!arguments.Has("configured") || asked.answers.empty()) {
    return PrintAnswers(asked, asked.answers);
  }
  const absl::StatusOr<std::string> configured = ConfigureCatalog(asked.answers);
  if (configured.ok()) return PrintAnswers(asked, *configured);
  Tell(absl::StrCat("shunt discover: --configured: ", configured.status().message()));
  return asked.exit_code != 0 ? asked.exit_code : static_cast<int>(ExitCode::kSourceFailed);
}

int Read(const Arguments& arguments) {
  constexpr std::string_view kName = "read";
  absl::StatusOr<SyncSettings> settings = SettingsOf(kForRead, arguments);
  if (!settings.ok()) return Usage(kName, settings.status());
  settings->destination_command.clear();
  settings->destination_config.clear();
  settings->destination_spec.clear();
  if (!arguments.Has("progress")) settings->progress = ProgressMode::kNone;
  settings->router.fill_state_counts = FillStateCounts::kNever;
  settings->router.stream_statuses = StreamStatuses::kNever;
  absl::Status status = RequireConnector("source", /*with_config=*/true, *settings);
  if (status.ok() && settings->catalog.empty()) {
    status = absl::InvalidArgumentError("--catalog is required");
  }
  if (status.ok() && settings->report == "-") {
    status = absl::InvalidArgumentError("--report -: stdout carries the data; give a file");
  }
  if (!status.ok()) return Usage(kName, status);
  absl::StatusOr<SyncInputs> inputs = ReadSyncInputs(*settings);
  if (!inputs.ok()) return Usage(kName, inputs.status());
  Console console(ConsoleOptionsOf(*settings));
  console.Say("states go to stdout, too: nothing is checkpointed");
  VerbEnds ends(*settings, {EndRole::kRead, EndRole::kStdout}, kName);
  return RunSession(*settings, *std::move(inputs), ends, console);
}

// --- spec --------------------------------------------------------------------------------------

absl::StatusOr<std::vector<std::string>> WordsOfConnector(bool source,
                                                          const SyncSettings& settings) {
  absl::Status status = RequireConnector(source ? "source" : "destination", false, settings);
  if (!status.ok()) return status;
  return SplitShellWords(source ? settings.source_command : settings.destination_command);
}

int Spec(const Arguments& arguments) {
  constexpr std::string_view kName = "spec";
  const absl::StatusOr<SyncSettings> settings = SettingsOf(kForSpec, arguments);
  if (!settings.ok()) return Usage(kName, settings.status());
  const bool source = !settings->source_command.empty() || settings->destination_command.empty();
  absl::StatusOr<std::vector<std::string>> words = WordsOfConnector(source, *settings);
  if (!words.ok()) return Usage(kName, words.status());
  const StopSignals signals;
  const std::map<std::string, std::string>& variables =
      source ? settings->source_env : settings->destination_env;
  SpecQuestion question{
      .argv = *std::move(words),
      .output_bytes_max = SpecOutputBytesMax(settings->router.memory_budget_bytes)};
  const std::string& user = source ? settings->source_user : settings->destination_user;
  if (!user.empty()) {
    absl::StatusOr<User> found = FindUser(user);
    if (!found.ok()) return Usage(kName, found.status());
    question.user = *std::move(found);
  }
  question.env = ConnectorEnvironment(AllEnv(), variables, question.user);
  const absl::StatusOr<SpecOutput> answer =
      std::move(AskForSpecOutputs({question}, [&] { return signals.received() != 0; })[0]);
  if (signals.received() != 0) return 128 + signals.received();
  absl::Status problem = answer.status();
  if (answer.ok()) {
    const std::string_view message = SpecMessageIn(answer->output);
    if (answer->exit.clean() && !message.empty()) return PrintOut(absl::StrCat(A(message), "\n"));
    Masker masker;
    masker.AddSecrets(SecretsOfVariables(variables));
    masker.AddSecrets(
        SecretsOfCommand(source ? settings->source_command : settings->destination_command));
    for (const absl::string_view line : absl::StrSplit(answer->log, '\n', absl::SkipEmpty())) {
      Tell(EscapeForLog(masker.MaskLine(S(line))));
    }
    problem = answer->exit.clean() ? absl::NotFoundError("it printed no SPEC message")
                                   : EndedBadly(answer->exit);
  }
  Tell(
      absl::StrCat("shunt spec: the ", source ? "source" : "destination", ": ", problem.message()));
  if (absl::IsDeadlineExceeded(problem)) return static_cast<int>(ExitCode::kTimeout);
  return static_cast<int>(source ? ExitCode::kSourceFailed : ExitCode::kDestinationFailed);
}

// --- the commands ------------------------------------------------------------------------------

std::vector<PositionalSpec> File() {
  return {{"CONNECTION.yaml", "the flags below, as a file (YAML or .json)", /*required=*/false}};
}

std::vector<FlagSpec> DiscoverFlags() {
  std::vector<FlagSpec> flags = FlagsOf(kForDiscover);
  flags.push_back({"configured", "",
                   "print a ConfiguredAirbyteCatalog of all streams, as --catalog takes it",
                   "Output"});
  return flags;
}

}  // namespace

std::vector<Command> VerbCommands() {
  return {
      {.path = "spec",
       .summary = "Prints a connector's SPEC message",
       .description = "The answer of `CMD spec`: which keys its config has, as a JSON Schema.",
       .example =
           "shunt spec --source 'python3 -m source_github' | jq .spec.connectionSpecification",
       .positionals = File(),
       .flags = FlagsOf(kForSpec),
       .run = Spec},
      {.path = "check",
       .summary = "Lets a connector check its config",
       .description = "Prints its CONNECTION_STATUS; with a source and a destination, both at "
                      "once. A failed check\n"
                      "ends with 3 (source) or 4 (destination). A token that the check rotates is "
                      "kept in the store.",
       .example = "shunt check --source 'python3 -m source_github' --source-config github.json \\\n"
                  "            --connection github\n"
                  "shunt check github.yaml",
       .positionals = File(),
       .flags = FlagsOf(kForCheck),
       .run = Check},
      {.path = "discover",
       .summary = "Prints the catalog of what a connector can read",
       .description = "A token that it rotates meanwhile is kept in the store.",
       .example =
           "shunt discover --source 'python3 -m source_github' --source-config github.json \\\n"
           "               --connection github --configured > configured_catalog.json",
       .positionals = File(),
       .flags = DiscoverFlags(),
       .run = Discover},
      {.path = "read",
       .summary = "Prints a source's records and states, byte for byte",
       .description = "Nothing is checkpointed: it starts from --state, or from the beginning. A "
                      "token that the source\n"
                      "rotates is kept in the store.",
       .example = "shunt read --source 'python3 -m source_github' --source-config github.json \\\n"
                  "           --catalog configured_catalog.json --connection github > out.jsonl\n"
                  "shunt state export github > state.json    # what --state takes",
       .positionals = File(),
       .flags = FlagsOf(kForRead),
       .run = Read},
  };
}

}  // namespace shunt
