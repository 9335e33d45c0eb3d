#include "cli/process_ends.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/spec_probe.h"
#include "connectors/process_connector.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/environment.h"
#include "platform/posix_words.h"
#include "platform/strings.h"

namespace shunt {
namespace {

std::vector<std::string> WordsOf(const std::string& command) {
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

ProcessEnds::ProcessEnds(const SyncSettings& settings)
    : settings_(settings),
      source_env_(ConnectorEnvironment(AllEnv(), settings.source_env)),
      destination_env_(ConnectorEnvironment(AllEnv(), settings.destination_env)),
      source_argv_(WordsOf(settings.source_command)),
      destination_argv_(WordsOf(settings.destination_command)) {}

void ProcessEnds::FindSpecs(SyncInputs* inputs, Console& console,
                            const std::function<bool()>& stopped) {
  struct Asked {
    absl::string_view name;
    std::shared_ptr<const ConnectorSpec>* spec;
  };
  std::vector<Asked> asked;
  std::vector<SpecQuestion> questions;
  if (inputs->source_spec == nullptr) {
    asked.push_back({"source", &inputs->source_spec});
    questions.push_back({source_argv_, source_env_, settings_.spec_options});
  }
  if (inputs->destination_spec == nullptr) {
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
}

absl::Status ProcessEnds::Prepare(const RunFiles& files) {
  const std::vector<std::string> bases = RunDirectoryBases(AllEnv());
  RunDirectory::Sweep(bases, SystemClock().WallNow());
  absl::StatusOr<std::unique_ptr<RunDirectory>> directory =
      RunDirectory::Create(bases, SystemEntropy());
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  absl::Status status = AddFile("source_config.json", files.source_config, &source_config_);
  if (status.ok()) {
    status = AddFile("destination_config.json", files.destination_config, &destination_config_);
  }
  if (status.ok()) status = AddFile("catalog.json", files.catalog, &catalog_);
  if (status.ok() && !files.state.empty()) status = AddFile("state.json", files.state, &state_);
  return status;
}

absl::Status ProcessEnds::AddFile(std::string_view name, std::string_view json, std::string* path) {
  absl::StatusOr<std::string> added = directory_->AddJson(name, json);
  if (!added.ok()) return added.status();
  *path = *std::move(added);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Connector>> ProcessEnds::StartDestination() {
  std::vector<std::string> argv = destination_argv_;
  argv.push_back("write");
  Append(&argv, "--config", destination_config_);
  Append(&argv, "--catalog", catalog_);
  return Start(std::move(argv), destination_env_, /*has_input=*/true);
}

absl::StatusOr<std::unique_ptr<Connector>> ProcessEnds::StartSource() {
  std::vector<std::string> argv = source_argv_;
  argv.push_back("read");
  Append(&argv, "--config", source_config_);
  Append(&argv, "--catalog", catalog_);
  if (!state_.empty()) Append(&argv, "--state", state_);
  return Start(std::move(argv), source_env_, /*has_input=*/false);
}

}  // namespace shunt
