#include "cli/sync_session.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/command_line.h"
#include "cli/key_source.h"
#include "cli/progress.h"
#include "cli/recovery.h"
#include "cli/run_folders.h"
#include "cli/signals.h"
#include "cli/store_access.h"
#include "cli/summary.h"
#include "cli/units.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/files.h"
#include "platform/strings.h"
#include "platform/terminal.h"
#include "protocol/json_cursor.h"
#include "router/report_mask.h"
#include "router/router.h"
#include "secrets/masker.h"
#include "secrets/secret_values.h"
#include "stages/config_file.h"
#include "stages/fault.h"

namespace shunt {
namespace {

constexpr int kSignalBase = 128;

// Why a run cannot go on. Empty: it can.
using Problem = std::optional<Fault>;

Problem Fail(ExitCode code, Origin origin, absl::string_view message) {
  return MakeFault(code, Fault::Effect::kAbort, origin, std::string(message));
}

Problem StoreProblem(const absl::Status& status) {
  if (status.ok()) return std::nullopt;
  const bool fenced = absl::IsAborted(status) || absl::IsFailedPrecondition(status);
  return Fail(fenced ? ExitCode::kFenced : ExitCode::kStoreFailed, Origin::kShunt,
              status.message());
}

// For people: what the run goes on from, or what it adds to when the source is not ours to start.
std::string WhereItStarts(const std::vector<StoredState>& states, bool starts_source) {
  if (states.empty()) return starts_source ? "starts from the beginning" : "has no checkpoint yet";
  return absl::StrCat(starts_source ? "resumes from " : "has a checkpoint of ", states.size(), " ",
                      A(StateTypeName(states.front().type)),
                      states.size() == 1 ? " state" : " states");
}

class Session {
 public:
  Session(const SyncSettings& settings, SyncInputs inputs, SessionEnds& ends, Console& console)
      : settings_(settings),
        inputs_(std::move(inputs)),
        ends_(ends),
        console_(console),
        options_(settings.router) {}

  int Run();

 private:
  absl::Status FillOptions();
  Problem RunSteps();
  // The steps, in order.
  Problem PrepareSpill();
  Problem FindSpecs();
  Problem Begin();
  Problem AdoptConfigs();
  Problem BringBackToStored();
  Problem BringBackTheRest();
  Problem BindConfigs();
  Problem BindState();
  Problem StartEnds();
  Problem Route();
  void Finish(const Problem& problem);

  Problem BringBackUpdates(bool stored_only);
  Problem AdoptConfig(const std::string& file, const ConnectorOptions& connector);
  Problem BindConfig(ConnectorOptions* connector, std::string* config);
  void AddSecrets(const std::string& config, const ConnectorOptions& connector);
  void EndRun();
  void WriteReport();

  const SyncSettings& settings_;
  SyncInputs inputs_;
  SessionEnds& ends_;
  Console& console_;
  StopSignals signals_;

  RouterOptions options_;
  std::shared_ptr<const Keyring> keys_;
  std::unique_ptr<Store> store_;
  std::optional<UpdateSpill> spill_;
  bool begun_ = false;
  RunFiles files_;
  std::unique_ptr<Connector> source_, destination_;
  Report report_;
};

int Session::Run() {
  if (absl::Status status = FillOptions(); !status.ok()) {
    console_.Say(S(status.message()));
    return static_cast<int>(ExitCode::kUsage);
  }
  absl::StatusOr<std::shared_ptr<const Keyring>> keys = ReadKeys(settings_.keys);
  if (!keys.ok()) {
    console_.Say(S(keys.status().message()));
    return static_cast<int>(ExitCode::kUsage);
  }
  keys_ = *std::move(keys);
  console_.masker().AddSecrets(SecretsOfUrl(settings_.store));
  console_.masker().AddSecrets(SecretsOfVariables(settings_.source_env));
  console_.masker().AddSecrets(SecretsOfVariables(settings_.destination_env));
  StoreOptions store_options;
  store_options.keys = keys_;
  store_options.hurry = [this] { return signals_.received() != 0; };
  store_options.warn = [this](std::string_view text) { console_.Warn(text); };
  absl::StatusOr<std::unique_ptr<Store>> store = OpenStore(settings_.store, store_options);
  if (absl::IsInvalidArgument(store.status())) {
    console_.Say(absl::StrCat("--store: ", A(S(store.status().message()))));
    return static_cast<int>(ExitCode::kUsage);
  }
  Problem problem = StoreProblem(store.status());
  if (!problem) {
    store_ = *std::move(store);
    WarnOfSpillFolder(settings_, console_);
    problem = RunSteps();
  }
  Finish(problem);
  return report_.exit_code;
}

Problem Session::RunSteps() {
  for (const auto step :
       {&Session::PrepareSpill, &Session::FindSpecs, &Session::Begin, &Session::BringBackToStored,
        &Session::AdoptConfigs, &Session::BringBackTheRest, &Session::BindConfigs,
        &Session::BindState, &Session::StartEnds, &Session::Route}) {
    Problem problem = (this->*step)();
    // Until there is a router, a signal ends the run between two steps.
    if (problem || signals_.received() != 0) return problem;
  }
  return std::nullopt;
}

absl::Status Session::FillOptions() {
  options_.run = {settings_.connection, SystemEntropy().HexId(), 0};
  options_.catalog = inputs_.catalog;
  options_.source.config_id = settings_.source_id;
  options_.destination.config_id = settings_.destination_id;
  options_.source.command = ends_.source_name();
  options_.destination.command = ends_.destination_name();
  absl::StatusOr<std::string> spill = PrepareSpillFolder(settings_);
  if (!spill.ok()) return spill.status();
  options_.spill_dir = *std::move(spill);

  report_.verb = ends_.verb();
  report_.connection = settings_.connection;
  report_.run_id = options_.run.run_id;
  report_.started_at = SystemClock().WallNow();
  for (const ConfiguredStream& stream : inputs_.catalog.streams) {
    report_.streams.push_back({.stream = stream.stream});
  }
  if (absl::Status status = options_.Validate(); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", status.message()));
  }
  if (settings_.verbose) console_.Print(MemoryText(options_));
  return absl::OkStatus();
}

Problem Session::PrepareSpill() {
  if (settings_.store == "memory:") return std::nullopt;  // there is no later run to give them to
  const absl::StatusOr<StoreIdentity> identity = store_->ReadIdentity();
  if (!identity.ok()) return StoreProblem(identity.status());
  spill_.emplace(UpdateSpill::Options{.directories = UpdateSpillFolders(settings_.spill_dir),
                                      .store_url = store_->url(),
                                      .store_id = identity->store_id,
                                      .keys = keys_},
                 SystemEntropy());
  return std::nullopt;
}

Problem Session::FindSpecs() {
  ends_.FindSpecs(&inputs_, console_, [this] { return signals_.received() != 0; });
  options_.source.spec = inputs_.source_spec;
  options_.destination.spec = inputs_.destination_spec;
  return std::nullopt;
}

Problem Session::Begin() {
  RunRequest request{.connection = settings_.connection,
                     .run_id = options_.run.run_id,
                     .now = SystemClock().WallNow(),
                     .take_over = settings_.take_over};
  if (settings_.exclusive_configs) {
    // A verb may have one connector only.
    const bool both = ends_.verb().empty();
    if (both || !settings_.source_command.empty()) {
      request.exclusive_configs.push_back(settings_.source_id);
    }
    if (both || !settings_.destination_command.empty()) {
      request.exclusive_configs.push_back(settings_.destination_id);
    }
  }
  const absl::StatusOr<RunHandle> run = store_->BeginRun(request);
  if (absl::IsAborted(run.status())) {
    // Not everything that holds us up can be taken over.
    const bool can_take_over = absl::EndsWith(run.status().message(), "or take over");
    return Fail(ExitCode::kFenced, Origin::kShunt,
                absl::StrCat(run.status().message(), can_take_over ? " (--take-over)" : ""));
  }
  if (!run.ok()) return StoreProblem(run.status());
  options_.run = *run;
  begun_ = true;
  return std::nullopt;
}

// --- late binding ------------------------------------------------------------------------------

Problem Session::AdoptConfigs() {
  const absl::StatusOr<std::vector<std::string>> known = store_->ListConfigs();
  if (!known.ok()) return StoreProblem(known.status());
  if (known->empty() && settings_.store != "memory:" && keys_ == nullptr) {
    console_.Say(absl::StrCat("the store ", store_->url(), " is private to you",
                              settings_.store.starts_with("sqlite:") ? " (0600)" : "",
                              " and not encrypted: --key-file"));
  }
  Problem problem = AdoptConfig(inputs_.source_config, options_.source);
  return problem ? problem : AdoptConfig(inputs_.destination_config, options_.destination);
}

Problem Session::AdoptConfig(const std::string& file, const ConnectorOptions& connector) {
  if (file.empty()) return std::nullopt;
  AddSecrets(file, connector);  // also those that the stored config no longer has
  const ConfigFile adopted = {.config_id = connector.config_id,
                              .run_id = options_.run.run_id,
                              .epoch = options_.run.epoch,
                              .json = file,
                              .now = SystemClock().WallNow(),
                              .salt = SystemEntropy().HexId()};
  const absl::Status status = store_->UpdateConfig(
      connector.config_id,
      [&](const ConfigDocument& stored) { return AdoptConfigFile(stored, adopted); });
  if (absl::IsInvalidArgument(status)) {
    return Fail(ExitCode::kUsage, Origin::kShunt,
                absl::StrCat("config of ", connector.config_id, ": ", status.message()));
  }
  return StoreProblem(status);
}

// What an earlier run could not store: without it, a connector would be started with a token that
// may be used up. An edit of the config file may refer to it (a mask), so it comes first; but what
// is to be merged into a config that is not stored yet has to wait for that.
Problem Session::BringBackToStored() { return BringBackUpdates(/*stored_only=*/true); }
Problem Session::BringBackTheRest() { return BringBackUpdates(/*stored_only=*/false); }

Problem Session::BringBackUpdates(bool stored_only) {
  if (!spill_) return std::nullopt;
  const absl::StatusOr<std::vector<SpillGroup>> groups = spill_->List();
  if (!groups.ok()) return Fail(ExitCode::kStoreFailed, Origin::kShunt, groups.status().message());
  for (const SpillGroup& group : *groups) {
    if (group.config_id != options_.source.config_id &&
        group.config_id != options_.destination.config_id) {
      continue;
    }
    const absl::StatusOr<ConfigDocument> stored = store_->ReadConfig(group.config_id);
    if (!stored.ok()) return StoreProblem(stored.status());
    if (stored_only && !stored->exists()) continue;
    const absl::Status status =
        BringBack(*store_, *spill_, group, UpdateSpill::Trust::kEncrypted, SystemClock().WallNow(),
                  [this](std::string_view line) { console_.Say(line); });
    if (!status.ok()) return Fail(ExitCode::kStoreFailed, Origin::kShunt, status.message());
  }
  return std::nullopt;
}

Problem Session::BindConfigs() {
  Problem problem = BindConfig(&options_.source, &files_.source_config);
  if (!problem) problem = BindConfig(&options_.destination, &files_.destination_config);
  if (problem) return problem;
  AddSecrets(files_.source_config, options_.source);
  AddSecrets(files_.destination_config, options_.destination);
  report_.source.command = options_.source.command;
  report_.destination.command = options_.destination.command;
  return std::nullopt;
}

Problem Session::BindConfig(ConnectorOptions* connector, std::string* config) {
  const absl::StatusOr<ConfigDocument> document = store_->ReadConfig(connector->config_id);
  if (!document.ok()) return StoreProblem(document.status());
  if (!document->exists()) return std::nullopt;
  *config = document->ToJson();
  connector->config_generation = document->generation;
  connector->config_newest = document->newest;
  return std::nullopt;
}

void Session::AddSecrets(const std::string& config, const ConnectorOptions& connector) {
  console_.masker().AddSecrets(SecretValuesOf(config, connector.spec.get()));
}

Problem Session::BindState() {
  if (!ends_.verb().empty()) {
    if (inputs_.state && !inputs_.state->empty()) files_.state = FormatStateArray(*inputs_.state);
    return std::nullopt;
  }
  absl::StatusOr<std::vector<StoredState>> states = store_->ReadCheckpoint(settings_.connection);
  if (!states.ok()) return StoreProblem(states.status());
  if (inputs_.state && !states->empty()) {
    console_.Say("--state is not used: the store has a newer checkpoint");
  } else if (inputs_.state && !inputs_.state->empty()) {
    absl::Status status =
        store_->ReplaceCheckpoint(settings_.connection, SystemClock().WallNow(), *inputs_.state);
    if (!status.ok()) return StoreProblem(status);
    states = *inputs_.state;
  }
  options_.checkpoint = *states;
  if (!states->empty()) files_.state = FormatStateArray(*states);
  console_.Say(absl::StrCat(
      "run ", options_.run.run_id.substr(0, 12), " of '", EscapeForLog(settings_.connection), "' ",
      WhereItStarts(*states, ends_.starts_source()), ", store ", store_->url()));
  return std::nullopt;
}

// --- the run -----------------------------------------------------------------------------------

Problem Session::StartEnds() {
  files_.catalog = inputs_.catalog_json;
  if (absl::Status status = ends_.Prepare(files_); !status.ok()) {
    return Fail(ExitCode::kInternalError, Origin::kShunt, status.message());
  }
  // Copies of secrets and of large states are not kept; the specs are the router's now.
  files_ = {};
  inputs_ = {};
  const auto failed = [](ExitCode code, Origin origin, const absl::Status& status) {
    Problem problem =
        Fail(code, origin, absl::StrCat("it could not be started: ", status.message()));
    problem->failure.type = "config_error";
    return problem;
  };
  absl::StatusOr<std::unique_ptr<Connector>> destination = ends_.StartDestination();
  if (!destination.ok()) {
    return failed(ExitCode::kDestinationFailed, Origin::kDestination, destination.status());
  }
  destination_ = *std::move(destination);
  absl::StatusOr<std::unique_ptr<Connector>> source = ends_.StartSource();
  if (!source.ok()) return failed(ExitCode::kSourceFailed, Origin::kSource, source.status());
  source_ = *std::move(source);
  return std::nullopt;
}

Problem Session::Route() {
  absl::StatusOr<std::unique_ptr<Router>> router =
      Router::Create(options_, {.source = *source_,
                                .destination = *destination_,
                                .store = *store_,
                                .events = console_,
                                .clock = SystemClock(),
                                .spill = spill_ ? &*spill_ : nullptr,
                                .masker = &console_.masker()});
  if (!router.ok()) {
    return Fail(ExitCode::kInternalError, Origin::kShunt, router.status().message());
  }
  absl::StatusOr<Report> report = absl::InternalError("");
  {
    ProgressThread progress(settings_.progress, console_, [&router] { return (*router)->stats(); });
    signals_.Attach(router->get());
    report = (*router)->Run();
  }
  signals_.Attach(nullptr);
  if (!report.ok()) {
    return Fail(ExitCode::kInternalError, Origin::kShunt, report.status().message());
  }
  report_ = *std::move(report);
  report_.verb = ends_.verb();
  ends_.Conclude(&report_, console_);
  return std::nullopt;
}

// --- the end -----------------------------------------------------------------------------------

void Session::Finish(const Problem& problem) {
  // Whatever is still running has no use any more.
  source_.reset();
  destination_.reset();
  if (report_.finished_at == absl::Time()) {  // the router did not write it
    report_.finished_at = SystemClock().WallNow();
    report_.duration = report_.finished_at - report_.started_at;
    if (signals_.received() != 0) report_.exit_code = kSignalBase + signals_.received();
  }
  if (problem) {
    if (report_.exit_code == 0) report_.exit_code = problem->exit_code;
    report_.failures.push_back(problem->failure);
  }
  MaskReport(console_.masker(), &report_);
  if (begun_) EndRun();
  MaskReport(console_.masker(), &report_);  // what the store said too
  WriteReport();
  console_.Print(SummaryText(report_));
}

void Session::EndRun() {
  absl::Status status = store_->EndRun(options_.run, SystemClock().WallNow(),
                                       ExitCodeName(report_.exit_code), report_.ToJson());
  const Problem problem = StoreProblem(status);
  if (!problem) return;
  if (report_.exit_code == 0) report_.exit_code = problem->exit_code;
  report_.failures.push_back(problem->failure);
}

void Session::WriteReport() {
  constexpr mode_t kReportMode = 0600;
  if (settings_.report.empty()) return;
  if (settings_.report == "-") {
    console_.Finish();
    static_cast<void>(PrintOut(report_.ToJson()));
    return;
  }
  absl::Status status = WriteFileAtomically(settings_.report, report_.ToJson(), kReportMode);
  if (!status.ok())
    console_.Warn(absl::StrCat("the report was not written: ", A(S(status.message()))));
}

}  // namespace

int RunSession(const SyncSettings& settings, SyncInputs inputs, SessionEnds& ends,
               Console& console) {
  return Session(settings, std::move(inputs), ends, console).Run();
}

Console::Options ConsoleOptionsOf(const SyncSettings& settings) {
  constexpr int kStderr = 2;
  return {.verbose = settings.verbose,
          .color = StderrIsInteractive(),
          .columns = TerminalColumns(kStderr)};
}

}  // namespace shunt
