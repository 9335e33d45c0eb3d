#include "cli/sync_session.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/attempts.h"
#include "cli/command_line.h"
#include "cli/key_source.h"
#include "cli/last_report.h"
#include "cli/late_binding.h"
#include "cli/problem.h"
#include "cli/progress.h"
#include "cli/run_folders.h"
#include "cli/signals.h"
#include "cli/store_access.h"
#include "cli/summary.h"
#include "cli/units.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/environment.h"
#include "platform/last_will.h"
#include "platform/output_path.h"
#include "platform/strings.h"
#include "platform/terminal.h"
#include "protocol/json_cursor.h"
#include "router/memory_terms.h"
#include "router/report_mask.h"
#include "router/router.h"
#include "secrets/command_secrets.h"
#include "secrets/masker.h"
#include "secrets/secret_values.h"
#include "stages/fault.h"

namespace shunt {
namespace {

constexpr int kSignalBase = 128;

// What the attempts of a sync share: a key may come through a pipe that can be read once.
struct SessionShared {
  StopSignals signals;
  std::shared_ptr<const Keyring> keys;
  std::unique_ptr<Store> store;  // null until the first attempt has opened it
};

struct Attempt {
  std::vector<AttemptReport> earlier;
  bool last = true;
};

// For people: what the run goes on from, or what it adds to when the source is not ours to start.
std::string WhereItStarts(const std::vector<StoredState>& states, bool starts_source) {
  if (states.empty()) return starts_source ? "starts from the beginning" : "has no checkpoint yet";
  return absl::StrCat(starts_source ? "resumes from " : "has a checkpoint of ", states.size(), " ",
                      A(StateTypeName(states.front().type)),
                      states.size() == 1 ? " state" : " states");
}

// Descriptors, memory, processes or threads that we were not given: no fault of a connector's.
bool IsAboutLimits(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

// Of what happens before anything has moved.
Problem MachineProblem(const absl::Status& status) {
  return Fail(ExitCode::kUsage, Origin::kShunt,
              absl::StrCat(status.message(),
                           "; a limit of this machine, container or user is reached (ulimit -a)"));
}

// Of the catalogs that are kept until the connectors have them.
int64_t CatalogTextBytes(const SyncInputs& inputs) {
  std::size_t bytes = inputs.catalog_json.size();
  for (const auto* rewritten :
       {&inputs.transforms.source_catalog, &inputs.transforms.destination_catalog}) {
    bytes += rewritten->value_or("").size();
  }
  return static_cast<int64_t>(bytes);
}

int64_t StateBytes(const std::vector<StoredState>& states) {
  std::size_t bytes = 0;
  for (const StoredState& state : states) bytes += sizeof state + state.blob.size();
  return static_cast<int64_t>(bytes);
}

// One run.
class Session {
 public:
  Session(const SyncSettings& settings, SyncInputs inputs, SessionEnds& ends, Console& console,
          SessionShared& shared, Attempt attempt)
      : settings_(settings),
        inputs_(std::move(inputs)),
        ends_(ends),
        console_(console),
        shared_(shared),
        attempt_(std::move(attempt)),
        options_(settings.router) {}

  int Run();
  // Whether this was an attempt that another one should follow.
  bool retry() const { return retry_; }
  const RouterOptions& options() const { return options_; }
  const std::vector<AttemptReport>& attempts() const { return report_.attempts; }
  // When the wait for the next attempt is ended by a signal.
  int StopBetweenAttempts(int signal);

 private:
  int Usage(const absl::Status& status);
  int64_t Streams() const { return static_cast<int64_t>(options_.catalog.streams.size()); }
  int Stopped();
  absl::Status OpenTheStore();
  absl::Status FillOptions();
  void FillHeld();
  Problem CheckMemory();
  Problem RunSteps();
  // The steps, in order.
  Problem PrepareSpill();
  Problem FindSpecs();
  Problem Begin();
  Problem BindConfigs();
  Problem BindState();
  Problem StartEnds();
  Problem Route();
  void Finish(const Problem& problem);

  void AddAttempt();
  void CheckReport();
  void EndRun();
  void WriteReport();
  void SayVerdict();

  const SyncSettings& settings_;
  SyncInputs inputs_;
  SessionEnds& ends_;
  Console& console_;
  SessionShared& shared_;
  const Attempt attempt_;

  RouterOptions options_;
  std::optional<UpdateSpill> spill_;
  std::optional<SchemaCheck> schema_check_;
  bool begun_ = false;
  RunFiles files_;
  std::unique_ptr<Connector> source_, destination_;
  Report report_;
  bool retry_ = false;
};

int Session::Run() {
  if (absl::Status status = FillOptions(); !status.ok()) return Usage(status);
  if (shared_.store == nullptr) {
    absl::StatusOr<std::shared_ptr<const Keyring>> keys =
        ReadKeys(settings_.keys, [this] { return shared_.signals.received() != 0; });
    if (shared_.signals.received() != 0) return Stopped();
    if (!keys.ok()) return Usage(keys.status());
    shared_.keys = *std::move(keys);
  }
  const absl::Status opened = OpenTheStore();
  if (absl::IsInvalidArgument(opened)) {
    return Usage(absl::InvalidArgumentError(absl::StrCat("--store: ", opened.message())));
  }
  Problem problem = StoreProblem(opened);
  if (!problem) {
    WarnOfSpillFolder(settings_, console_);
    problem = RunSteps();
  }
  Finish(problem);
  return report_.exit_code;
}

int Session::Stopped() {
  Finish(std::nullopt);
  return report_.exit_code;
}

int Session::Usage(const absl::Status& status) {
  console_.Say(S(status.message()));
  return static_cast<int>(ExitCode::kUsage);
}

absl::Status Session::OpenTheStore() {
  if (shared_.store != nullptr) return absl::OkStatus();
  console_.masker().AddSecrets(SecretsOfUrl(settings_.store));
  console_.masker().AddSecrets(SecretsOfVariables(settings_.source_env));
  console_.masker().AddSecrets(SecretsOfVariables(settings_.destination_env));
  console_.masker().AddSecrets(SecretsOfCommand(settings_.source_command));
  console_.masker().AddSecrets(SecretsOfCommand(settings_.destination_command));
  StoreOptions options;
  options.keys = shared_.keys;
  if (settings_.seal_store) options.sealing = Sealing::kExisting;
  options.seal_anchor = settings_.seal_anchor;
  options.hurry = [&shared = shared_] { return shared.signals.received() != 0; };
  options.warn = [&console = console_](std::string_view text) { console.Warn(text); };
  absl::StatusOr<std::unique_ptr<Store>> store = OpenStore(settings_.store, options);
  if (!store.ok()) return store.status();
  shared_.store = *std::move(store);
  return absl::OkStatus();
}

Problem Session::RunSteps() {
  for (const auto step :
       {&Session::PrepareSpill, &Session::FindSpecs, &Session::Begin, &Session::BindConfigs,
        &Session::BindState, &Session::StartEnds, &Session::Route}) {
    Problem problem = (this->*step)();
    // Until there is a router, a signal ends the run between two steps.
    if (problem || shared_.signals.received() != 0) return problem;
  }
  return std::nullopt;
}

absl::Status Session::FillOptions() {
  options_.run = {settings_.connection, SystemEntropy().HexId(), 0};
  options_.catalog = std::move(inputs_.catalog);
  options_.rules = inputs_.transforms.rules;
  console_.masker().AddSecrets(inputs_.transforms.secrets);
  for (const std::string& note : inputs_.transforms.notes) console_.Warn(note);
  if (options_.validate_schema != SchemaValidation::kOff) {
    schema_check_.emplace(inputs_.catalog_json,
                          SchemaCheckOptions{.validation = options_.validate_schema});
  }
  options_.source.config_id = settings_.source_id;
  options_.destination.config_id = settings_.destination_id;
  options_.log_level = LogLevelOf(settings_);
  options_.source.command = ends_.source_name();
  options_.destination.command = ends_.destination_name();
  absl::StatusOr<std::string> spill = PrepareSpillFolder(settings_);
  if (!spill.ok()) return spill.status();
  options_.spill_dir = *std::move(spill);

  report_.verb = ends_.verb();
  report_.connection = settings_.connection;
  report_.run_id = options_.run.run_id;
  report_.started_at = SystemClock().WallNow();
  console_.SetRun(report_.connection, report_.run_id);
  FillHeld();
  if (settings_.verbose) console_.Print(MemoryText(options_));
  if (absl::Status status = options_.Validate(); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", status.message()));
  }
  return absl::OkStatus();
}

// What is there beside the router, and before it, as far as it is known by now.
void Session::FillHeld() {
  const auto size = [](const std::string& text) { return static_cast<int64_t>(text.size()); };
  const auto spec = [](const std::shared_ptr<const ConnectorSpec>& of) {
    return of == nullptr ? int64_t{0} : static_cast<int64_t>(of->json().size());
  };
  const int64_t configs =
      std::max(size(inputs_.source_config), size(files_.source_config)) +
      std::max(size(inputs_.destination_config), size(files_.destination_config));
  const int64_t specs = spec(inputs_.source_spec) + spec(inputs_.destination_spec);
  const int64_t texts = kBytesPerConfigByte * (configs + specs);
  const int64_t catalogs = CatalogTextBytes(inputs_);
  int64_t states = size(files_.state);
  if (inputs_.state) states = std::max(states, StateBytes(*inputs_.state));
  options_.held = {{"configs and specs: compiled, and what is masked of them", texts}};
  if (!attempt_.last) {
    options_.held.push_back(
        {"catalog, configs and state for the next attempt",
         catalogs + configs + states + CatalogStartupBytes(0, Streams(), 0) - kStartupBaseBytes});
  }
  options_.startup_bytes =
      CatalogStartupBytes(size(inputs_.catalog_json), Streams(),
                          CatalogCopies(settings_.transforms, options_.catalog)) +
      texts + kBytesPerStateByte * states;
}

// Again, when more is known. Nothing was started yet, except for its spec.
Problem Session::CheckMemory() {
  FillHeld();
  const absl::Status status = options_.CheckMemory();
  if (status.ok()) return std::nullopt;
  return Fail(ExitCode::kUsage, Origin::kShunt, absl::StrCat("--", status.message()));
}

Problem Session::PrepareSpill() {
  if (settings_.store == "memory:") return std::nullopt;  // there is no later run to give them to
  const absl::StatusOr<StoreIdentity> identity = shared_.store->ReadIdentity();
  if (!identity.ok()) return StoreProblem(identity.status());
  spill_.emplace(UpdateSpill::Options{.directories = UpdateSpillFolders(settings_.spill_dir),
                                      .store_url = shared_.store->url(),
                                      .store_id = identity->store_id,
                                      .keys = shared_.keys},
                 SystemEntropy());
  return std::nullopt;
}

Problem Session::FindSpecs() {
  ends_.FindSpecs(&inputs_, console_, [this] { return shared_.signals.received() != 0; });
  options_.source.spec = inputs_.source_spec;
  options_.destination.spec = inputs_.destination_spec;
  return CheckMemory();
}

Problem Session::Begin() {
  RunRequest request{.connection = settings_.connection,
                     .run_id = options_.run.run_id,
                     .now = SystemClock().WallNow(),
                     // A later attempt takes nothing back from who took over meanwhile.
                     .take_over = settings_.take_over && attempt_.earlier.empty()};
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
  const absl::StatusOr<RunHandle> run = shared_.store->BeginRun(request);
  if (absl::IsAborted(run.status())) {
    // Not everything that holds us up can be taken over.
    const bool can_take_over = absl::EndsWith(run.status().message(), "or take over");
    return Fail(ExitCode::kFenced, Origin::kShunt,
                absl::StrCat(run.status().message(), can_take_over ? " (--take-over)" : ""));
  }
  if (!run.ok()) return StoreProblem(run.status());
  options_.run = *run;
  begun_ = true;
  report_.run_id = options_.run.run_id;
  WillWriteReport(settings_.report == "-" ? "" : settings_.report,
                  [this](int cause) { return LastReport(report_, cause, console_.masker()); });
  return std::nullopt;
}

// --- late binding ------------------------------------------------------------------------------

Problem Session::BindConfigs() {
  LateBinding binding({.settings = settings_,
                       .inputs = inputs_,
                       .store = *shared_.store,
                       .spill = spill_ ? &*spill_ : nullptr,
                       .console = console_,
                       .judges = ends_.verb().empty()});
  Problem problem =
      binding.Bind(&options_, &files_, [this] { return shared_.signals.received() != 0; });
  if (!problem) problem = CheckMemory();
  if (problem) return problem;
  // Not earlier: they may hold what only the configs tell to be secret.
  report_.source.command = options_.source.command;
  report_.destination.command = options_.destination.command;
  return std::nullopt;
}

Problem Session::BindState() {
  if (!ends_.verb().empty()) {
    if (inputs_.state && !inputs_.state->empty()) files_.state = FormatStateArray(*inputs_.state);
    return std::nullopt;
  }
  absl::StatusOr<std::vector<StoredState>> states =
      shared_.store->ReadCheckpoint(settings_.connection);
  if (!states.ok()) return StoreProblem(states.status());
  if (inputs_.state && !states->empty()) {
    console_.Say("--state is not used: the store has a newer checkpoint");
  } else if (inputs_.state && !inputs_.state->empty()) {
    absl::Status status = shared_.store->ReplaceCheckpoint({.connection = settings_.connection,
                                                            .now = SystemClock().WallNow(),
                                                            .cause = "state-file",
                                                            .run = options_.run},
                                                           *inputs_.state);
    if (!status.ok()) return StoreProblem(status);
    states = std::move(*inputs_.state);
  }
  inputs_.state.reset();
  if (!states->empty()) files_.state = FormatStateArray(*states);
  options_.checkpoint = *std::move(states);
  console_.Say(absl::StrCat(
      "run ", options_.run.run_id.substr(0, 12), " of '", EscapeForLog(settings_.connection), "' ",
      WhereItStarts(options_.checkpoint, ends_.starts_source()), ", store ", shared_.store->url()));
  return CheckMemory();
}

// --- the run -----------------------------------------------------------------------------------

Problem Session::StartEnds() {
  const CompiledRules& transforms = inputs_.transforms;
  files_.source_catalog =
      transforms.source_catalog ? *transforms.source_catalog : inputs_.catalog_json;
  files_.destination_catalog =
      transforms.destination_catalog ? *transforms.destination_catalog : inputs_.catalog_json;
  if (absl::Status status = ends_.Prepare(files_); !status.ok()) {
    // Nothing was started, and what is missing is for the caller to give.
    return Fail(ExitCode::kUsage, Origin::kShunt, status.message());
  }
  // Copies of secrets, of the catalog and of large states are not kept; the specs are the router's
  // now. A string that a short one is assigned to keeps its memory, so they are moved out of here.
  static_cast<void>(std::exchange(files_, {}));
  static_cast<void>(std::exchange(inputs_, {}));
  ReturnFreeMemory();
  // Ends that others start are named in flags: what cannot be opened is a wrong one.
  const bool ours = ends_.starts_source();
  const auto failed = [ours](ExitCode code, Origin origin, const absl::Status& status) {
    if (IsAboutLimits(status)) return MachineProblem(status);
    Problem problem = Fail(ours ? code : ExitCode::kUsage, origin,
                           absl::StrCat(ours ? "it could not be started: " : "", status.message()));
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
  // The catalog is the router's from here on: there is no room for it twice.
  RouterOptions options = std::move(options_);
  options_.run = options.run;
  options_.source.spec = options.source.spec;
  options_.destination.spec = options.destination.spec;
  absl::StatusOr<std::unique_ptr<Router>> router = Router::Create(
      std::move(options), {.source = *source_,
                           .destination = *destination_,
                           .store = *shared_.store,
                           .events = console_,
                           .clock = SystemClock(),
                           .spill = spill_ ? &*spill_ : nullptr,
                           .masker = &console_.masker(),
                           .schema_check = schema_check_ ? &*schema_check_ : nullptr});
  if (!router.ok()) {
    if (IsAboutLimits(router.status())) return MachineProblem(router.status());
    return Fail(ExitCode::kInternalError, Origin::kShunt, router.status().message());
  }
  absl::StatusOr<Report> report = absl::InternalError("");
  {
    ProgressThread progress(settings_.progress, console_, [&router] { return (*router)->stats(); });
    shared_.signals.Attach(router->get());
    report = (*router)->Run();
  }
  shared_.signals.Attach(nullptr);
  if (!report.ok()) {
    if (IsAboutLimits(report.status())) return MachineProblem(report.status());
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
    for (const ConfiguredStream& stream : options_.catalog.streams) {
      report_.streams.push_back({.stream = stream.stream});
    }
    report_.finished_at = SystemClock().WallNow();
    report_.duration = report_.finished_at - report_.started_at;
    if (shared_.signals.received() != 0)
      report_.exit_code = kSignalBase + shared_.signals.received();
  }
  if (problem) {
    if (report_.exit_code == 0) report_.exit_code = problem->exit_code;
    report_.failures.push_back(problem->failure);
  }
  if (!begun_) report_.run_id.clear();  // nobody will find it in the store
  MaskReport(console_.masker(), &report_);
  AddAttempt();
  CheckReport();
  if (begun_) EndRun();
  MaskReport(console_.masker(), &report_);  // what the store said too
  retry_ = !attempt_.last && shared_.signals.received() == 0 && WhyNoOtherAttempt(report_).empty();
  // The report on stdout is one object, that of the last attempt.
  WillWriteReport("", nullptr);
  if (!retry_ || settings_.report != "-") WriteReport();
  SayVerdict();
}

// For people the summary; for machines one event, which says it all.
void Session::SayVerdict() {
  if (settings_.progress == ProgressMode::kJson) {
    console_.PrintJson(EndedJson(report_, /*final=*/!retry_));
  } else {
    console_.Print(SummaryText(report_));
  }
  if (settings_.attempts <= 1 || retry_ || report_.exit_code == 0) return;
  if (shared_.signals.received() != 0) return;
  const std::string why = attempt_.last ? absl::StrCat("this was attempt ", settings_.attempts,
                                                       " of ", settings_.attempts)
                                        : std::string(WhyNoOtherAttempt(report_));
  console_.Say(absl::StrCat("it is not tried again: ", why));
}

void Session::AddAttempt() {
  if (settings_.attempts <= 1) return;
  report_.attempts = attempt_.earlier;
  report_.attempts.push_back({.run_id = report_.run_id,
                              .exit_code = report_.exit_code,
                              .records_committed = report_.Totals().records_committed,
                              .started_at = report_.started_at,
                              .finished_at = report_.finished_at});
}

int Session::StopBetweenAttempts(int signal) {
  retry_ = false;  // so that this is the last event
  report_.exit_code = kSignalBase + signal;
  WriteReport();
  SayVerdict();
  return report_.exit_code;
}

// Somebody may have put something in the place of the report meanwhile. What is done about it
// belongs to the report that the store gets.
void Session::CheckReport() {
  if (settings_.report.empty() || settings_.report == "-") return;
  const absl::Status status = CheckOutputPath(settings_.report);
  if (!absl::IsInvalidArgument(status)) return;
  const Problem problem = Fail(ExitCode::kStoreFailed, Origin::kShunt,
                               absl::StrCat("the report is not written: ", status.message()));
  if (report_.exit_code == 0) report_.exit_code = problem->exit_code;
  report_.failures.push_back(problem->failure);
}

void Session::EndRun() {
  absl::Status status =
      shared_.store->EndRun(options_.run, SystemClock().WallNow(), ExitCodeName(report_.exit_code),
                            report_.ToStoredJson());
  const Problem problem = StoreProblem(status);
  if (!problem) return;
  if (report_.exit_code == 0) report_.exit_code = problem->exit_code;
  report_.failures.push_back(problem->failure);
}

void Session::WriteReport() {
  constexpr mode_t kReportMode = 0600;
  if (settings_.report.empty()) return;
  const bool to_stdout = settings_.report == "-";
  if (to_stdout) console_.Finish();
  const absl::Status status =
      WriteOutput(to_stdout ? "/dev/stdout" : settings_.report, report_.ToJson(), kReportMode,
                  [this] { return shared_.signals.received() != 0; });
  if (!status.ok())
    console_.Warn(absl::StrCat("the report was not written: ", A(S(status.message()))));
}

}  // namespace

int RunSession(const SyncSettings& settings, SyncInputs inputs, SessionEnds& ends,
               Console& console) {
  SessionShared shared;
  std::vector<AttemptReport> earlier;
  for (int number = 1;; ++number) {
    const bool last = number >= settings.attempts;
    SyncInputs again = last ? SyncInputs() : inputs;
    Session session(settings, std::move(inputs), ends, console, shared, {earlier, last});
    const int code = session.Run();
    if (!session.retry()) return code;
    earlier = session.attempts();
    ends.RemoveFiles();
    const absl::Duration pause = AttemptPause(settings.attempt_backoff, number);
    console.Say(absl::StrCat("attempt ", number, " of ", settings.attempts,
                             " failed for a reason that may pass; the next one starts in ",
                             absl::FormatDuration(pause)));
    WaitUnless(pause, [&shared] { return shared.signals.received() != 0; });
    const int signal = shared.signals.received();
    if (signal != 0) return session.StopBetweenAttempts(signal);
    inputs = std::move(again);
    inputs.state.reset();  // this attempt has left a checkpoint
    inputs.source_spec = session.options().source.spec;
    inputs.destination_spec = session.options().destination.spec;
  }
}

Console::Options ConsoleOptionsOf(const SyncSettings& settings) {
  constexpr int kStderr = 2;
  return {.level = LogLevelOf(settings),
          .json = settings.progress == ProgressMode::kJson,
          .color = StderrIsInteractive(),
          .columns = TerminalColumns(kStderr)};
}

}  // namespace shunt
