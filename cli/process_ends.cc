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
#include "platform/last_will.h"
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

std::optional<User> UserOf(EndRole role, const std::string& name) {
  if (!HasCommand(role) || name.empty()) return std::nullopt;
  absl::StatusOr<User> user = FindUser(name);
  SHUNT_CHECK(user.ok());
  return *std::move(user);
}

absl::StatusOr<std::unique_ptr<Connector>> Start(ProcessConnectorOptions options) {
  absl::StatusOr<std::unique_ptr<ProcessConnector>> connector = ProcessConnector::Start(options);
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
      source_user_(UserOf(roles.source, settings.source_user)),
      destination_user_(UserOf(roles.destination, settings.destination_user)),
      source_env_(ConnectorEnvironment(AllEnv(), settings.source_env, source_user_)),
      destination_env_(ConnectorEnvironment(AllEnv(), settings.destination_env, destination_user_)),
      source_argv_(WordsOf(roles.source, settings.source_command)),
      destination_argv_(WordsOf(roles.destination, settings.destination_command)) {}

ProcessEnds::~ProcessEnds() {
  const int ended = orphans_ ? orphans_->End() : 0;
  RemoveFiles();
  if (ended == 0) return;
  console_->Warn(absl::StrCat("ended ", ended, ended == 1 ? " process" : " processes",
                              " that the connectors had left behind"));
}

void ProcessEnds::FindSpecs(SyncInputs* inputs, Console& console,
                            const std::function<bool()>& stopped) {
  console_ = &console;
  // Not earlier: the program that prints the key may leave an agent behind, which is none of ours.
  orphans_.emplace();
  WillEndAllChildren(orphans_->alone());
  // Before anything is started, so that it is noted.
  directory_status_ = MakeDirectory();
  if (!directory_status_.ok()) return;
  struct Asked {
    absl::string_view name;
    std::shared_ptr<const ConnectorSpec>* spec;
  };
  std::vector<Asked> asked;
  std::vector<SpecQuestion> questions;
  if (inputs->source_spec == nullptr && HasCommand(roles_.source)) {
    asked.push_back({"source", &inputs->source_spec});
    questions.push_back({source_argv_, source_env_, settings_.spec_options, source_user_,
                         directory_->notes(),
                         SpecOutputBytesMax(settings_.router.memory_budget_bytes)});
  }
  if (inputs->destination_spec == nullptr && HasCommand(roles_.destination)) {
    asked.push_back({"destination", &inputs->destination_spec});
    questions.push_back({destination_argv_, destination_env_, settings_.spec_options,
                         destination_user_, directory_->notes(),
                         SpecOutputBytesMax(settings_.router.memory_budget_bytes)});
  }
  auto answers = AskForSpecs(questions, stopped);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      *asked[i].spec = *std::move(answers[i]);
    } else if (!stopped()) {
      console.Warn(absl::StrCat("no spec of the ", asked[i].name,
                                ", so its config updates are not "
                                "validated: ",
                                answers[i].status().message(),
                                LastWordsOf(answers[i].status(), console.masker())));
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

absl::Status ProcessEnds::MakeDirectory() {
  const std::vector<std::string> bases = RunDirectoryBases(AllEnv());
  const std::vector<std::string> shared = SharedRunDirectoryBases();
  const int ended = RunDirectory::Sweep(bases, SystemClock().WallNow()).processes +
                    RunDirectory::Sweep(shared, SystemClock().WallNow()).processes;
  if (ended > 0) {
    console_->Warn(absl::StrCat("ended ", ended, ended == 1 ? " process" : " processes",
                                " of a run that was killed"));
  }
  const bool others = source_user_ || destination_user_;
  absl::StatusOr<std::unique_ptr<RunDirectory>> directory =
      RunDirectory::Create(others ? shared : bases, SystemEntropy(),
                           others ? RunDirectory::For::kOthers : RunDirectory::For::kUs);
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  WillRemoveDirectory(directory_->path());
  for (auto* const env : {&source_env_, &destination_env_}) {
    const auto [name, value] = directory_->mark();
    (*env)[name] = value;
  }
  return absl::OkStatus();
}

void ProcessEnds::RemoveFiles() {
  // First the work, then the will to do it: a signal may come between. Twice does no harm.
  directory_.reset();
  WillRemoveDirectory("");
  WillEndAllChildren(false);
}

absl::Status ProcessEnds::Prepare(const RunFiles& files) {
  if (!directory_status_.ok()) return directory_status_;
  const bool source = HasCommand(roles_.source);
  const bool destination = HasCommand(roles_.destination);
  const struct {
    bool wanted;
    absl::string_view name;
    std::string_view json;
    const std::optional<User>& reader;
    std::string* path;
  } all[] = {
      {source, "source_config.json", files.source_config, source_user_, &source_config_},
      {source && !files.source_catalog.empty(), "source_catalog.json", files.source_catalog,
       source_user_, &source_catalog_},
      {!files.state.empty(), "state.json", files.state, source_user_, &state_},
      {destination, "destination_config.json", files.destination_config, destination_user_,
       &destination_config_},
      {destination && !files.destination_catalog.empty(), "destination_catalog.json",
       files.destination_catalog, destination_user_, &destination_catalog_},
  };
  for (const auto& file : all) {
    if (!file.wanted) continue;
    absl::StatusOr<std::string> added = directory_->AddJson(S(file.name), file.json, file.reader);
    if (!added.ok()) return added.status();
    *file.path = *std::move(added);
  }
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
  if (writes) Append(&argv, "--catalog", destination_catalog_);
  absl::StatusOr<std::unique_ptr<Connector>> connector = Start({.argv = std::move(argv),
                                                                .env = destination_env_,
                                                                .has_input = writes,
                                                                .user = destination_user_,
                                                                .notes = directory_->notes()});
  if (writes || !connector.ok()) return connector;
  return IdleDestination::Wrap(*std::move(connector));
}

absl::StatusOr<std::unique_ptr<Connector>> ProcessEnds::StartSource() {
  if (roles_.source == EndRole::kNobody) return IdleSource();
  const bool reads = roles_.source == EndRole::kRead;
  std::vector<std::string> argv = source_argv_;
  argv.emplace_back(VerbOf(roles_.source));
  Append(&argv, "--config", source_config_);
  if (reads) Append(&argv, "--catalog", source_catalog_);
  if (reads && !state_.empty()) Append(&argv, "--state", state_);
  return Start({.argv = std::move(argv),
                .env = source_env_,
                .user = source_user_,
                .notes = directory_->notes()});
}

}  // namespace shunt
