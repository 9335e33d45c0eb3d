#include "cli/check/connection_check.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/check/catalog_check.h"
#include "cli/check/json_place.h"
#include "cli/key_source.h"
#include "cli/settings_command.h"
#include "cli/spec_file.h"
#include "cli/spec_probe.h"
#include "cli/store_access.h"
#include "cli/sync_inputs.h"
#include "connectors/process_connector.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/environment.h"
#include "platform/files.h"
#include "platform/posix_words.h"
#include "platform/strings.h"
#include "platform/user.h"
#include "protocol/catalog.h"
#include "protocol/json_cursor.h"
#include "protocol/state.h"
#include "secrets/command_secrets.h"
#include "secrets/masker.h"
#include "secrets/secret_values.h"
#include "stages/config_file.h"
#include "stores/store.h"

namespace shunt {
namespace {

using Level = Finding::Level;
using SpecPointer = std::shared_ptr<const ConnectorSpec>;

constexpr std::size_t kConfigBytesMax = std::size_t{16} << 20;
constexpr std::size_t kCatalogBytesMax = std::size_t{64} << 20;
constexpr std::size_t kStateBytesMax = std::size_t{256} << 20;

// One end of the connection, as the settings name it.
struct End {
  std::string side;  // "source"
  const std::string& command;
  const std::string& user;
  const std::string& config_path;
  const std::string& spec_path;
  const std::string& config_id;
  const std::map<std::string, std::string>& env;
  bool usable = false;  // its program can be started
  SpecPointer spec = nullptr;
};

// Cuts "12:3: " off the front of `text` and puts it into `finding`.
void TakePlace(absl::string_view* text, Finding* finding) {
  int line = 0, column = 0;
  const std::size_t first = text->find(':');
  if (first == absl::string_view::npos) return;
  const std::size_t second = text->find(':', first + 1);
  if (second == absl::string_view::npos) return;
  if (!absl::SimpleAtoi(text->substr(0, first), &line) ||
      !absl::SimpleAtoi(text->substr(first + 1, second - first - 1), &column)) {
    return;
  }
  finding->line = line;
  finding->column = column;
  *text = text->substr(std::min(second + 2, text->size()));
}

class Check {
 public:
  explicit Check(const ConnectionCheckOptions& options) : options_(options) {}

  std::vector<Finding> Run();

 private:
  void Add(Level level, const std::string& file, std::string path, std::string message) {
    findings_.push_back(
        {.level = level, .file = file, .path = std::move(path), .message = std::move(message)});
  }
  void Error(const std::string& file, std::string message, std::string path = "") {
    Add(Level::kError, file, std::move(path), std::move(message));
  }
  void Warn(const std::string& file, std::string message, std::string path = "") {
    Add(Level::kWarning, file, std::move(path), std::move(message));
  }
  // What a reader of a file said; it may begin with the file and a place in it.
  void AddStatus(const std::string& file, const absl::Status& status);

  bool LoadSettingsOfFile();
  void CheckLimits();
  void CheckProgram(End* end);
  void CheckCatalogFile();
  void CheckStateFile();
  void FindSpecs();
  void OpenTheStore();
  void CheckConfig(const End& end);
  void CheckAsASync();
  // What the next run would give the connector, and whether the store has a part in it.
  std::optional<std::string> ConfigToBe(const End& end, const std::string& file, bool* stored);

  const ConnectionCheckOptions& options_;
  std::vector<Finding> findings_;
  SyncSettings settings_;
  bool sidecar_ = false;  // somebody else starts the connectors
  std::vector<End> ends_;
  std::optional<ConfiguredCatalog> catalog_;
  std::unique_ptr<Store> store_;  // null: there is none yet, or it cannot be opened
};

void Check::AddStatus(const std::string& file, const absl::Status& status) {
  absl::string_view text = status.message();
  Finding finding{.level = Level::kError, .file = file, .path = "", .message = ""};
  if (!file.empty() && absl::StartsWith(text, file) && text.size() > file.size()) {
    text.remove_prefix(file.size() + 1);
    TakePlace(&text, &finding);
    while (absl::StartsWith(text, " ")) text.remove_prefix(1);
  }
  finding.message = std::string(text);
  findings_.push_back(std::move(finding));
}

bool Check::LoadSettingsOfFile() {
  SettingsInput input{.command = kForSync,
                      .connection_path = options_.file,
                      .entries = {},
                      .flags = options_.flags,
                      .environment = options_.environment};
  if (!options_.file.empty()) {
    absl::StatusOr<std::vector<FileEntry>> entries = ReadConnectionFile(options_.file);
    if (!entries.ok()) {
      AddStatus(options_.file, entries.status());
      return false;
    }
    input.entries = *std::move(entries);
  }
  std::vector<absl::Status> errors;
  settings_ = LoadSettings(input, &errors);
  for (const absl::Status& error : errors) AddStatus(options_.file, error);
  const bool ends_of_others = !settings_.destination_out.empty() || settings_.source_out != "-" ||
                              settings_.destination_in != "-" || !settings_.source_dir.empty();
  sidecar_ =
      ends_of_others && settings_.source_command.empty() && settings_.destination_command.empty();
  ends_.push_back({"source", settings_.source_command, settings_.source_user,
                   settings_.source_config, settings_.source_spec, settings_.source_id,
                   settings_.source_env});
  ends_.push_back({"destination", settings_.destination_command, settings_.destination_user,
                   settings_.destination_config, settings_.destination_spec,
                   settings_.destination_id, settings_.destination_env});
  return true;
}

void Check::CheckLimits() {
  RouterOptions options = settings_.router;
  options.run = {settings_.connection, "validate", 0};
  options.source.config_id = settings_.source_id;
  options.destination.config_id = settings_.destination_id;
  if (absl::Status status = options.Validate(); !status.ok()) {
    Error(options_.file, absl::StrCat("--", status.message()));
  }
  if (absl::Status status = CheckOutputs(settings_); !status.ok()) {
    Error(options_.file, std::string(status.message()));
  }
}

void Check::CheckProgram(End* end) {
  if (sidecar_) return;
  const absl::Status status = RequireConnector(end->side, /*with_config=*/true, settings_);
  end->usable = status.ok();
  if (!status.ok()) Error(options_.file, std::string(status.message()));
}

void Check::CheckCatalogFile() {
  const std::string& path = settings_.catalog;
  if (path.empty() && !settings_.source_dir.empty()) return;  // it comes with the directory
  if (path.empty()) return Error(options_.file, "--catalog is required");
  const absl::StatusOr<std::string> text = ReadFile(path, kCatalogBytesMax);
  if (!text.ok()) return Error(options_.file, std::string(text.status().message()), "catalog");
  for (Finding& finding : CheckCatalog(*text, path)) findings_.push_back(std::move(finding));
  absl::StatusOr<ConfiguredCatalog> catalog = ParseConfiguredCatalog(*text);
  if (catalog.ok()) catalog_ = *std::move(catalog);
}

void Check::CheckStateFile() {
  const std::string& path = settings_.state;
  if (path.empty()) return;
  const absl::StatusOr<std::string> text = ReadFile(path, kStateBytesMax);
  if (!text.ok()) return Error(options_.file, std::string(text.status().message()), "state");
  const absl::StatusOr<std::vector<StoredState>> states = ParseStateFile(*text);
  if (!states.ok()) return Error(path, std::string(states.status().message()));
  if (!catalog_) return;
  for (const StoredState& state : *states) {
    if (state.type != StateType::kStream) continue;
    const bool known =
        std::any_of(catalog_->streams.begin(), catalog_->streams.end(),
                    [&](const ConfiguredStream& stream) { return stream.stream == state.stream; });
    if (known) continue;
    Warn(path, absl::StrCat("it has a state of ", state.stream.name, ", which the catalog lacks"));
  }
}

void Check::FindSpecs() {
  std::vector<End*> asked;
  std::vector<SpecQuestion> questions;
  for (End& end : ends_) {
    if (!end.spec_path.empty()) {
      absl::StatusOr<SpecPointer> spec = ReadSpecFile(end.spec_path, settings_.spec_options);
      if (spec.ok()) {
        end.spec = *std::move(spec);
      } else {
        AddStatus(end.spec_path, spec.status());
      }
      continue;
    }
    if (options_.offline || !end.usable) continue;
    const std::optional<User> user =
        end.user.empty() ? std::nullopt : std::optional<User>(*FindUser(end.user));
    asked.push_back(&end);
    questions.push_back({*SplitShellWords(end.command),
                         ConnectorEnvironment(AllEnv(), end.env, user), settings_.spec_options,
                         user});
  }
  auto answers = AskForSpecs(questions, [] { return false; });
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      asked[i]->spec = *std::move(answers[i]);
    } else {
      Masker masker;
      masker.AddSecrets(SecretsOfVariables(asked[i]->env));
      masker.AddSecrets(SecretsOfCommand(asked[i]->command));
      Warn(options_.file,
           absl::StrCat("no spec of the ", asked[i]->side, ", so its config is not judged: ",
                        answers[i].status().message(), LastLineOf(answers[i].status(), masker)));
    }
  }
}

void Check::OpenTheStore() {
  absl::StatusOr<std::shared_ptr<const Keyring>> keys = ReadKeys(settings_.keys);
  if (!keys.ok()) return Error(options_.file, std::string(keys.status().message()));
  if (settings_.store == "memory:") return;
  absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(
      settings_.store, {.keys = *std::move(keys),
                        .sealing = settings_.seal_store ? Sealing::kLookExisting : Sealing::kLook,
                        .seal_anchor = settings_.seal_anchor});
  if (store.ok()) {
    store_ = *std::move(store);
  } else if (absl::IsInvalidArgument(store.status())) {
    Error(options_.file, absl::StrCat("--store: ", store.status().message()));
  } else if (!absl::IsNotFound(store.status())) {
    Warn(options_.file,
         absl::StrCat("the stored configs are not looked at: ", store.status().message()));
  }
}

std::optional<std::string> Check::ConfigToBe(const End& end, const std::string& file,
                                             bool* stored) {
  ConfigDocument document;
  if (store_ != nullptr) {
    absl::StatusOr<ConfigDocument> read = store_->ReadConfig(end.config_id);
    if (!read.ok()) {
      Warn(options_.file, absl::StrCat("the stored config ", end.config_id,
                                       " is not looked at: ", read.status().message()));
    } else {
      document = *std::move(read);
    }
  }
  *stored = document.exists();
  if (file.empty()) return document.exists() ? std::optional(document.ToJson()) : std::nullopt;
  const absl::StatusOr<ConfigChange> change =
      AdoptConfigFile(document, {.config_id = end.config_id,
                                 .run_id = "validate",
                                 .json = file,
                                 .now = SystemClock().WallNow(),
                                 .salt = SystemEntropy().HexId()});
  if (!change.ok()) {
    Error(end.config_path, std::string(change.status().message()));
    return std::nullopt;
  }
  return change->document ? change->document->ToJson() : document.ToJson();
}

void Check::CheckConfig(const End& end) {
  std::string file;
  if (!end.config_path.empty()) {
    absl::StatusOr<std::string> text = ReadFile(end.config_path, kConfigBytesMax);
    if (!text.ok()) {
      return Error(options_.file, std::string(text.status().message()), end.side + "_config");
    }
    file = *std::move(text);
    if (const auto problem = FindJsonProblem(file)) {
      findings_.push_back({.file = end.config_path,
                           .line = problem->place.line,
                           .column = problem->place.column,
                           .path = "",
                           .message = "not well-formed JSON: " + problem->what});
      return;
    }
    if (!ParseJson(file)->is_object()) return Error(end.config_path, "expected one JSON object");
  }
  bool stored = false;
  const std::optional<std::string> config = ConfigToBe(end, file, &stored);
  if (!config || end.spec == nullptr) return;
  const absl::StatusOr<SpecVerdict> verdict = end.spec->Examine(*config);
  const std::string where =
      stored ? absl::StrCat(" (in the stored config ", end.config_id, " with this file's edits)")
             : "";
  if (!verdict.ok()) {
    return Warn(end.config_path, absl::StrCat("not judged: ", verdict.status().message()));
  }
  const std::string& at = end.config_path.empty() ? options_.file : end.config_path;
  const Level refused = settings_.router.on_invalid_config == OnInvalidConfig::kWarn
                            ? Level::kWarning
                            : Level::kError;
  for (const auto& [level, list] :
       {std::pair(refused, &verdict->violations), std::pair(Level::kWarning, &verdict->warnings)}) {
    for (const SpecViolation& violation : *list) {
      Add(level, at, violation.path.empty() ? "/" : violation.path,
          absl::StrCat("the ", end.side, "'s spec: ", violation.keyword, ": ", violation.detail,
                       where));
    }
  }
}

// The verdict is a sync's: what was not found above, because a sync asks for more, is asked of the
// functions that it asks.
void Check::CheckAsASync() {
  if (HasErrors(findings_) || !settings_.source_dir.empty()) return;
  absl::Status status = sidecar_ ? RequireForSidecar(settings_) : RequireForSync(settings_);
  absl::StatusOr<SyncInputs> inputs = status.ok() ? ReadSyncInputs(settings_) : status;
  if (!inputs.ok()) return AddStatus(options_.file, inputs.status());
  RouterOptions options = settings_.router;
  options.run = {settings_.connection, "validate", 0};
  options.source.config_id = settings_.source_id;
  options.destination.config_id = settings_.destination_id;
  options.catalog = std::move(inputs->catalog);
  options.rules = inputs->transforms.rules;
  status = options.Validate();
  if (!status.ok()) Error(options_.file, absl::StrCat("--", status.message()));
}

std::vector<Finding> Check::Run() {
  if (!LoadSettingsOfFile()) return std::move(findings_);
  CheckLimits();
  for (End& end : ends_) CheckProgram(&end);
  CheckCatalogFile();
  CheckStateFile();
  FindSpecs();
  OpenTheStore();
  for (const End& end : ends_) CheckConfig(end);
  CheckAsASync();
  return std::move(findings_);
}

}  // namespace

std::vector<Finding> CheckConnection(const ConnectionCheckOptions& options) {
  return Check(options).Run();
}

}  // namespace shunt
