#include "cli/process_ends.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/idle_ends.h"
#include "cli/spec_probe.h"
#include "connectors/process_connector.h"
#include "connectors/stream_connector.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/environment.h"
#include "platform/posix_words.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// Whether there is a connector that we start.
bool HasCommand(EndRole role) { return role != EndRole::kNobody && role != EndRole::kStdout; }

std::string_view VerbOf(EndRole role) {
  switch (role) {
    case EndRole::kCheck:
      return "check";
    case EndRole::kDiscover:
      return "discover";
    case EndRole::kRead:
      return "read";
    case EndRole::kWrite:
      return "write";
    case EndRole::kNobody:
    case EndRole::kStdout:
      break;
  }
  return "";
}

std::vector<std::string> WordsOf(EndRole role, const std::string& command) {
  if (!HasCommand(role)) return {};
  absl::StatusOr<std::vector<std::string>> words = SplitShellWords(command);
  SHUNT_CHECK(words.ok() && !words->empty());
  return *std::move(words);
}

absl::StatusOr<std::unique_ptr<Connector>> Start(std::vector<std::string> argv,
                                                 std::map<std::string, std::string> env,
                                                 bool has_input) {
  absl::StatusOr<std::unique_ptr<ProcessConnector>> connector = ProcessConnector::Start(
      {.argv = std::move(argv), .env = std::move(env), .has_input = has_input});
  if (!connector.ok()) return connector.status();
  return std::unique_ptr<Connector>(*std::move(connector));
}

void Append(std::vector<std::string>* argv, std::string flag, const std::string& value) {
  argv->push_back(std::move(flag));
  argv->push_back(value);
}

}  // namespace

ProcessEnds::ProcessEnds(const SyncSettings& settings, EndRoles roles)
    : settings_(settings),
      roles_(roles),
      source_env_(ConnectorEnvironment(AllEnv(), settings.source_env)),
      destination_env_(ConnectorEnvironment(AllEnv(), settings.destination_env)),
      source_argv_(WordsOf(roles.source, settings.source_command)),
      destination_argv_(WordsOf(roles.destination, settings.destination_command)) {}

void ProcessEnds::FindSpecs(SyncInputs* inputs, Console& console,
                            const std::function<bool()>& stopped) {
  struct Asked {
    absl::string_view name;
    std::shared_ptr<const ConnectorSpec>* spec;
  };
  std::vector<Asked> asked;
  std::vector<SpecQuestion> questions;
  if (inputs->source_spec == nullptr && HasCommand(roles_.source)) {
    asked.push_back({"source", &inputs->source_spec});
    questions.push_back({source_argv_, source_env_, settings_.spec_options});
  }
  if (inputs->destination_spec == nullptr && HasCommand(roles_.destination)) {
    asked.push_back({"destination", &inputs->destination_spec});
    questions.push_back({destination_argv_, destination_env_, settings_.spec_options});
  }
  auto answers = AskForSpecs(questions, stopped);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      *asked[i].spec = *std::move(answers[i]);
    } else if (!stopped()) {
      console.Warn(absl::StrCat("no spec of the ", asked[i].name,
                                ", so its config updates are not "
                                "validated: ",
                                answers[i].status().message()));
    }
  }
  for (const auto& [side, spec] : {std::pair("source", inputs->source_spec),
                                   std::pair("destination", inputs->destination_spec)}) {
    if (spec == nullptr) continue;
    for (const std::string& note : spec->notes()) {
      console.Log(Origin::kShunt, LogLevel::kDebug, absl::StrCat("spec of the ", side, ": ", note));
    }
  }
}

absl::Status ProcessEnds::Prepare(const RunFiles& files) {
  const std::vector<std::string> bases = RunDirectoryBases(AllEnv());
  RunDirectory::Sweep(bases, SystemClock().WallNow());
  absl::StatusOr<std::unique_ptr<RunDirectory>> directory =
      RunDirectory::Create(bases, SystemEntropy());
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  absl::Status status = absl::OkStatus();
  const auto add = [&](bool wanted, std::string_view name, const std::string& json,
                       std::string* path) {
    if (wanted && status.ok()) status = AddFile(name, json, path);
  };
  add(HasCommand(roles_.source), "source_config.json", files.source_config, &source_config_);
  add(HasCommand(roles_.destination), "destination_config.json", files.destination_config,
      &destination_config_);
  add(!files.catalog.empty(), "catalog.json", files.catalog, &catalog_);
  add(!files.state.empty(), "state.json", files.state, &state_);
  return status;
}

absl::Status ProcessEnds::AddFile(std::string_view name, std::string_view json, std::string* path) {
  absl::StatusOr<std::string> added = directory_->AddJson(name, json);
  if (!added.ok()) return added.status();
  *path = *std::move(added);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Connector>> ProcessEnds::StartDestination() {
  if (roles_.destination == EndRole::kNobody) return IdleDestination::Wrap(nullptr);
  if (roles_.destination == EndRole::kStdout) {
    absl::StatusOr<std::unique_ptr<StreamConnector>> out =
        StreamConnector::Open({.output = {}, .log = {}, .input = StreamEndpoint{}});
    if (!out.ok()) return out.status();
    return std::unique_ptr<Connector>(*std::move(out));
  }
  const bool writes = roles_.destination == EndRole::kWrite;
  std::vector<std::string> argv = destination_argv_;
  argv.emplace_back(VerbOf(roles_.destination));
  Append(&argv, "--config", destination_config_);
  if (writes) Append(&argv, "--catalog", catalog_);
  absl::StatusOr<std::unique_ptr<Connector>> connector =
      Start(std::move(argv), destination_env_, /*has_input=*/writes);
  if (writes || !connector.ok()) return connector;
  return IdleDestination::Wrap(*std::move(connector));
}

absl::StatusOr<std::unique_ptr<Connector>> ProcessEnds::StartSource() {
  if (roles_.source == EndRole::kNobody) return IdleSource();
  const bool reads = roles_.source == EndRole::kRead;
  std::vector<std::string> argv = source_argv_;
  argv.emplace_back(VerbOf(roles_.source));
  Append(&argv, "--config", source_config_);
  if (reads) Append(&argv, "--catalog", catalog_);
  if (reads && !state_.empty()) Append(&argv, "--state", state_);
  return Start(std::move(argv), source_env_, /*has_input=*/false);
}

}  // namespace shunt
