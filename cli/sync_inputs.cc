#include "cli/sync_inputs.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/check/catalog_check.h"
#include "cli/check/finding.h"
#include "cli/check/json_place.h"
#include "cli/spec_file.h"
#include "connectors/process_connector.h"
#include "platform/environment.h"
#include "platform/files.h"
#include "platform/output_path.h"
#include "platform/posix_words.h"
#include "platform/private_path.h"
#include "platform/strings.h"
#include "platform/user.h"
#include "protocol/json_cursor.h"
#include "router/memory_terms.h"

namespace shunt {
namespace {

using SpecPointer = std::shared_ptr<const ConnectorSpec>;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kConfigBytesMax = 16 * kMiB;
constexpr int64_t kCatalogBytesMax = 1024 * kMiB;
constexpr int64_t kStateBytesMax = 1024 * kMiB;
constexpr int kRewrittenCopies = 4;

absl::Status Named(absl::string_view flag, const std::string& path, const absl::Status& status) {
  // What platform/ says names the path already.
  const bool has_path = status.message().find(path) != absl::string_view::npos;
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, ": ", has_path ? "" : path, has_path ? "" : ": ", status.message()));
}

// "FILE:3:14: what" of a place in a file.
absl::Status AtPlace(absl::string_view flag, const std::string& path, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", path, ":", A(problem)));
}

absl::StatusOr<std::string> ReadNamed(absl::string_view flag, const std::string& path,
                                      std::size_t bytes_max) {
  absl::StatusOr<std::string> text = ReadFile(path, bytes_max);
  if (text.ok()) return text;
  return Named(flag, path, text.status());
}

// What a file may take beside the program, by the memory budget, and what it does take for each of
// its bytes.
struct Room {
  int64_t bytes_max = 0;  // whatever the budget
  int64_t per_byte = 1;
  bool held = false;     // during the run as well
  bool streams = false;  // it lists streams
};

// Of a catalog that was not parsed: it has no more than this.
constexpr std::string_view kStreamKey = R"("stream")";

// A budget that is none is refused as such, later.
int64_t BudgetOf(const SyncSettings& settings) {
  return std::max(settings.router.memory_budget_bytes, 16 * kMiB);
}

// The least budget for a file that takes so much, and so many streams.
int64_t BudgetFor(const SyncSettings& settings, const Room& room, int64_t bytes, int64_t streams) {
  RouterOptions options = settings.router;
  options.startup_bytes = CatalogStartupBytes(0, streams, 0) + bytes * room.per_byte;
  options.held = {{"streams", StreamsBytes(streams)},
                  {"held", room.held ? bytes * room.per_byte : 0}};
  return (options.MemoryBudgetThatWouldDo() + kMiB - 1) / kMiB;
}

// Of a file that the budget has no room for not a byte is kept: refusing must not take more than
// what is refused.
absl::StatusOr<std::string> ReadWithin(absl::string_view flag, const std::string& path,
                                       const Room& room, const SyncSettings& settings) {
  const int64_t budget = BudgetOf(settings);
  const int64_t fits =
      std::clamp<int64_t>((budget - kStartupBaseBytes) / room.per_byte, 0, room.bytes_max);
  const int64_t size = FileBytes(path);
  if (size > fits && size <= room.bytes_max) {
    const int64_t streams = room.streams ? CountInFile(path, kStreamKey) : 0;
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, ": ", path, " has ", size, " bytes; a memory-budget of ", budget,
                     " bytes has room for ", fits, ": --memory-budget ",
                     BudgetFor(settings, room, size, streams), "MiB"));
  }
  return ReadNamed(flag, path, static_cast<std::size_t>(fits));
}

absl::Status ReadConfig(absl::string_view flag, const std::string& path,
                        const SyncSettings& settings, std::string* config) {
  if (path.empty()) return absl::OkStatus();
  const Room room = {.bytes_max = kConfigBytesMax, .per_byte = kBytesPerConfigByte, .held = true};
  absl::StatusOr<std::string> text = ReadWithin(flag, path, room, settings);
  if (!text.ok()) return text.status();
  const std::optional<JsonSlice> json = ParseJson(*text);
  if (!json) return AtPlace(flag, path, JsonProblemText(*text));
  if (!json->is_object()) return AtPlace(flag, path, "1:1: expected one JSON object");
  *config = *std::move(text);
  return absl::OkStatus();
}

absl::Status UseCatalog(const SyncSettings& settings, ConfiguredCatalog catalog,
                        std::string catalog_json, SyncInputs* inputs) {
  const int64_t takes = CatalogStartupBytes(static_cast<int64_t>(catalog_json.size()),
                                            static_cast<int64_t>(catalog.streams.size()),
                                            CatalogCopies(settings.transforms, catalog));
  if (takes > BudgetOf(settings)) {
    RouterOptions options = settings.router;
    options.catalog = std::move(catalog);
    options.startup_bytes = takes;
    return absl::InvalidArgumentError(absl::StrCat(
        "--catalog: rewriting it for the connectors takes ", takes, " bytes: --memory-budget ",
        (options.MemoryBudgetThatWouldDo() + kMiB - 1) / kMiB, "MiB"));
  }
  absl::StatusOr<CompiledRules> transforms =
      CompileRecordRules(settings.transforms, catalog, catalog_json);
  if (!transforms.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", transforms.status().message()));
  }
  inputs->catalog_json = std::move(catalog_json);
  inputs->catalog = std::move(catalog);
  inputs->transforms = *std::move(transforms);
  return absl::OkStatus();
}

absl::Status ReadCatalog(const SyncSettings& settings, SyncInputs* inputs) {
  const std::string& path = settings.catalog;
  if (path.empty()) return absl::OkStatus();
  const Room room = {.bytes_max = kCatalogBytesMax,
                     .per_byte = 1 + CatalogCopies(settings.transforms, {}),
                     .streams = true};
  absl::StatusOr<std::string> text = ReadWithin("catalog", path, room, settings);
  if (!text.ok()) return text.status();
  absl::StatusOr<ConfiguredCatalog> catalog = ParseConfiguredCatalog(
      *text, static_cast<std::size_t>(
                 CatalogStreamsMax(BudgetOf(settings), static_cast<int64_t>(text->size()), 0)));
  if (absl::IsResourceExhausted(catalog.status())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--catalog: ", path, ": ", catalog.status().message(), ", and a memory-budget of ",
        BudgetOf(settings), " bytes has no room for more: --memory-budget ",
        BudgetFor(settings, room, static_cast<int64_t>(text->size()),
                  CountInFile(path, kStreamKey)),
        "MiB"));
  }
  if (!catalog.ok()) {
    for (const Finding& finding : CheckCatalog(*text, path)) {
      if (finding.level != Finding::Level::kError) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--catalog: ", path, ":", finding.line, ":", finding.column, ": ",
                       finding.path, finding.path.empty() ? "" : ": ", finding.message));
    }
    return Named("catalog", path, catalog.status());
  }
  return UseCatalog(settings, *std::move(catalog), *std::move(text), inputs);
}

absl::Status ReadState(const SyncSettings& settings, SyncInputs* inputs) {
  const std::string& path = settings.state;
  if (path.empty()) return absl::OkStatus();
  const Room room = {.bytes_max = kStateBytesMax, .per_byte = kBytesPerStateByte};
  const absl::StatusOr<std::string> text = ReadWithin("state", path, room, settings);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<StoredState>> state = ParseStateFile(*text);
  if (!state.ok()) return Named("state", path, state.status());
  inputs->state = *std::move(state);
  return absl::OkStatus();
}

absl::Status ReadSpec(absl::string_view flag, const std::string& path, const SpecOptions& options,
                      SpecPointer* spec) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<SpecPointer> read = ReadSpecFile(path, options);
  if (!read.ok()) return Named(flag, path, read.status());
  *spec = *std::move(read);
  return absl::OkStatus();
}

absl::Status Require(absl::string_view flag, const std::string& value) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, " is required"));
}

// Also looks for the program: a misspelt command is a mistake of the caller, not a failed
// connector.
absl::Status CheckCommand(absl::string_view flag, const std::string& command,
                          const std::map<std::string, std::string>& variables) {
  const absl::StatusOr<std::vector<std::string>> words = SplitShellWords(command);
  absl::Status status = words.status();
  if (status.ok() && words->empty()) status = absl::InvalidArgumentError("no command in it");
  if (status.ok()) {
    const auto env = ConnectorEnvironment(AllEnv(), variables);
    const auto path = env.find("PATH");
    status =
        FindExecutable(words->front(), path == env.end() ? kPathDefault : path->second).status();
  }
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", status.message()));
}

}  // namespace

absl::Status CheckOutputs(const SyncSettings& settings) {
  const std::string& report = settings.report;
  if (!report.empty() && report != "-") {
    const absl::Status status = CheckOutputPath(report);
    if (!status.ok()) {
      const bool named = absl::StrContains(status.message(), report);
      return absl::InvalidArgumentError(
          absl::StrCat("--report", named ? "" : " ", named ? "" : report, ": ", status.message()));
    }
  }
  if (settings.spill_dir.empty()) return absl::OkStatus();
  const absl::Status status = OwnDirectory::Open(settings.spill_dir, Others::kRead).status();
  if (status.ok() || absl::IsNotFound(status)) return absl::OkStatus();  // it will be made
  return absl::InvalidArgumentError(absl::StrCat("--spill-dir: ", status.message()));
}

int CatalogCopies(const RecordRuleSettings& transforms, const ConfiguredCatalog& catalog) {
  const bool rewritten =
      transforms.select_fields || !transforms.names.identity() ||
      std::any_of(catalog.streams.begin(), catalog.streams.end(),
                  [](const ConfiguredStream& stream) { return stream.has_mappers; });
  return rewritten ? kRewrittenCopies : 0;
}

absl::Status UseCatalog(const SyncSettings& settings, std::string catalog_json,
                        SyncInputs* inputs) {
  absl::StatusOr<ConfiguredCatalog> catalog = ParseConfiguredCatalog(catalog_json);
  if (!catalog.ok()) return catalog.status();
  return UseCatalog(settings, *std::move(catalog), std::move(catalog_json), inputs);
}

absl::StatusOr<SyncInputs> ReadSyncInputs(const SyncSettings& settings) {
  SyncInputs inputs;
  absl::Status status = ReadCatalog(settings, &inputs);
  if (status.ok()) {
    status = ReadConfig("source-config", settings.source_config, settings, &inputs.source_config);
  }
  if (status.ok()) {
    status = ReadConfig("destination-config", settings.destination_config, settings,
                        &inputs.destination_config);
  }
  if (status.ok()) status = ReadState(settings, &inputs);
  const SpecOptions& options = settings.spec_options;
  if (status.ok()) {
    status = ReadSpec("source-spec", settings.source_spec, options, &inputs.source_spec);
  }
  if (status.ok()) {
    status =
        ReadSpec("destination-spec", settings.destination_spec, options, &inputs.destination_spec);
  }
  if (status.ok()) status = CheckOutputs(settings);
  if (!status.ok()) return status;
  return inputs;
}

namespace {

absl::Status CheckUser(absl::string_view side, const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  if (!MayChangeUser()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--", side, "-user ", name, ": only root may run a connector as another user"));
  }
  const absl::StatusOr<User> user = FindUser(name);
  if (!user.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", side, "-user: ", user.status().message()));
  }
  if (user->uid != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", side, "-user ", name,
                   ": that is root, with whose rights a connector does what it likes; "
                   "give an account of its own"));
}

}  // namespace

absl::Status RequireForSync(const SyncSettings& settings) {
  for (const auto& [flag, value] : {std::pair("source", &settings.source_command),
                                    std::pair("source-config", &settings.source_config),
                                    std::pair("destination", &settings.destination_command),
                                    std::pair("destination-config", &settings.destination_config),
                                    std::pair("catalog", &settings.catalog)}) {
    absl::Status status = Require(flag, *value);
    if (!status.ok()) return status;
  }
  absl::Status status = CheckCommand("source", settings.source_command, settings.source_env);
  if (status.ok()) {
    status = CheckCommand("destination", settings.destination_command, settings.destination_env);
  }
  if (status.ok()) status = CheckUser("source", settings.source_user);
  if (status.ok()) status = CheckUser("destination", settings.destination_user);
  return status;
}

absl::Status RequireConnector(std::string_view side, bool with_config,
                              const SyncSettings& settings) {
  const bool source = side == "source";
  const std::string& command = source ? settings.source_command : settings.destination_command;
  absl::Status status = Require(A(side), command);
  if (status.ok() && with_config) {
    status = Require(absl::StrCat(A(side), "-config"),
                     source ? settings.source_config : settings.destination_config);
  }
  if (status.ok()) {
    status =
        CheckCommand(A(side), command, source ? settings.source_env : settings.destination_env);
  }
  if (!status.ok()) return status;
  return CheckUser(A(side), source ? settings.source_user : settings.destination_user);
}

absl::Status RequireForSidecar(const SyncSettings& settings) {
  absl::Status status = Require("catalog", settings.catalog);
  if (!status.ok()) return status;
  if (settings.report == "-" && settings.destination_in == "-") {
    return absl::InvalidArgumentError(
        "--report -: stdout carries the data; give a file, or --destination-in");
  }
  if (settings.source_out == settings.destination_out) {
    return absl::InvalidArgumentError("--source-out and --destination-out are the same stream");
  }
  return absl::OkStatus();
}

}  // namespace shunt
