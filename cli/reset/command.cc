// shunt reset: makes the next sync start from the beginning, and the destination drop what it has.
// It is a sync with a source of its own (connectors/reset_source.h), which runs the real
// destination, so that the checkpoint changes only with what the destination acknowledged.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/process_ends.h"
#include "cli/reset/catalog.h"
#include "cli/settings_command.h"
#include "cli/store_access.h"
#include "cli/sync_inputs.h"
#include "cli/sync_session.h"
#include "cli/table.h"
#include "connectors/reset_source.h"
#include "platform/clock.h"
#include "platform/strings.h"
#include "protocol/catalog.h"
#include "protocol/state.h"
#include "secrets/masker.h"
#include "stores/store.h"

namespace shunt {
namespace {

class ResetEnds final : public ProcessEnds {
 public:
  ResetEnds(const SyncSettings& settings, bool all)
      : ProcessEnds(settings, {EndRole::kNobody, EndRole::kWrite}), all_(all) {}

  std::string source_name() const override { return "reset"; }

  absl::Status Prepare(const RunFiles& files) override {
    ResetSourceOptions options{
        .streams = {}, .all = all_, .states = {}, .now = SystemClock().WallNow()};
    const absl::StatusOr<ConfiguredCatalog> catalog = ParseConfiguredCatalog(files.source_catalog);
    if (!catalog.ok()) return catalog.status();
    for (const ConfiguredStream& stream : catalog->streams) {
      options.streams.push_back(stream.stream);
    }
    if (!files.state.empty()) {
      absl::StatusOr<std::vector<StoredState>> states = ParseStateFile(files.state);
      if (!states.ok()) return states.status();
      options.states = *std::move(states);
    }
    // Before the destination is started: it empties streams as soon as it has its catalog.
    absl::StatusOr<std::unique_ptr<ResetSource>> source = ResetSource::Create(std::move(options));
    if (!source.ok()) return source.status();
    source_ = *std::move(source);
    RunFiles without_state = files;
    without_state.state.clear();  // nobody is given it as a file
    return ProcessEnds::Prepare(without_state);
  }

  absl::StatusOr<std::unique_ptr<Connector>> StartSource() override {
    return std::unique_ptr<Connector>(std::move(source_));
  }

 private:
  const bool all_;
  std::unique_ptr<ResetSource> source_;
};

int Usage(const absl::Status& status) { return UsageError("reset", S(status.message())); }

// The connection file speaks of a source as well, which has no part in this.
void ForgetSource(SyncSettings* settings) {
  for (std::string* text : {&settings->source_command, &settings->source_config,
                            &settings->source_spec, &settings->source_user, &settings->state}) {
    text->clear();
  }
}

std::string FullName(const StreamDescriptor& stream) {
  return stream.name_space ? absl::StrCat(*stream.name_space, ".", stream.name) : stream.name;
}

// "customers, orders and 3 more".
std::string NamesOf(const std::vector<StreamDescriptor>& streams) {
  constexpr std::size_t kShownMax = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(streams.size(), kShownMax); ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : "", EscapeForLog(FullName(streams[i])));
  }
  if (streams.size() > kShownMax) {
    absl::StrAppend(&text, " and ", streams.size() - kShownMax, " more");
  }
  return text;
}

std::string CheckpointCell(const StreamDescriptor& stream, const std::vector<StoredState>& states) {
  for (const StoredState& state : states) {
    if (state.type == StateType::kGlobal) return "in the GLOBAL state";
    if (state.type == StateType::kLegacy) return "in the LEGACY state";
    if (state.stream == stream) return "stored";
  }
  return "none";
}

// What is stored now; nothing when there is no store yet, which looking must not make.
absl::StatusOr<std::vector<StoredState>> StoredNow(const SyncSettings& settings) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(settings.store, {});
  if (absl::IsNotFound(store.status())) return std::vector<StoredState>();
  if (!store.ok()) return store.status();
  return (*store)->ReadCheckpoint(settings.connection);
}

// Says what a reset would ask for. Starts nothing and writes nothing; what a reset would refuse, it
// refuses.
int DryRun(const SyncSettings& settings, const ResetCatalog& catalog) {
  const absl::StatusOr<std::vector<StoredState>> states = StoredNow(settings);
  if (!states.ok()) return CommandFailed("reset", states.status());
  const absl::Status possible = ResetSource::Create({.streams = catalog.streams,
                                                     .all = catalog.all,
                                                     .states = *states,
                                                     .now = SystemClock().WallNow()})
                                    .status();
  if (!possible.ok()) return Usage(possible);
  Table table({"STREAM", "CHECKPOINT NOW"});
  for (const StreamDescriptor& stream : catalog.streams) {
    table.AddRow({FullName(stream), CheckpointCell(stream, *states)});
  }
  return PrintOut(absl::StrCat(
      table.ToString(),
      "The destination would be asked to empty these streams (overwrite, a null state, COMPLETE),\n"
      "and their checkpoints would go once it has acknowledged that. Nothing was started.\n"));
}

int Reset(const Arguments& arguments) {
  absl::StatusOr<SyncSettings> settings = SettingsOf(kForSync, arguments);
  if (!settings.ok()) return Usage(settings.status());
  ForgetSource(&*settings);
  absl::Status status = RequireConnector("destination", /*with_config=*/true, *settings);
  if (status.ok() && settings->catalog.empty()) {
    status = absl::InvalidArgumentError("--catalog is required");
  }
  if (!status.ok()) return Usage(status);
  absl::StatusOr<SyncInputs> inputs = ReadSyncInputs(*settings);
  if (!inputs.ok()) return Usage(inputs.status());

  const std::vector<std::string> names =
      absl::StrSplit(arguments.Flag("streams").value_or(""), ',', absl::SkipWhitespace());
  if (arguments.Has("streams") && names.empty()) {
    return Usage(absl::InvalidArgumentError("--streams: it must not be empty"));
  }
  absl::StatusOr<ResetCatalog> catalog = MakeResetCatalog(inputs->catalog_json, names);
  if (!catalog.ok()) {
    return Usage(
        absl::InvalidArgumentError(absl::StrCat("--streams: ", catalog.status().message())));
  }
  if (arguments.Has("dry-run")) return DryRun(*settings, *catalog);
  if (status = UseCatalog(*settings, std::move(catalog->json), &*inputs); !status.ok()) {
    return Usage(status);
  }

  Console console(ConsoleOptionsOf(*settings));
  console.Say(absl::StrCat(
      "the destination is asked to empty ", catalog->streams.size(),
      catalog->streams.size() == 1 ? " stream: " : " streams: ", NamesOf(catalog->streams)));
  if (catalog->has_generations) {
    console.Say(
        "the destination is given the next generation_id of each stream; the catalog of later "
        "syncs must not have a lower one");
  }
  ResetEnds ends(*settings, catalog->all);
  return RunSession(*settings, *std::move(inputs), ends, console);
}

// Those of a sync, without what is about a source and its records.
std::vector<FlagSpec> ResetFlags() {
  constexpr std::array<std::string_view, 14> kAboutRecords = {"state",
                                                              "validate",
                                                              "on-malformed",
                                                              "on-unknown-stream",
                                                              "fill-state-counts",
                                                              "zero-copy",
                                                              "line-bytes-max",
                                                              "read-ahead",
                                                              "select-fields",
                                                              "record-bytes-max",
                                                              "on-oversize-record",
                                                              "validate-schema",
                                                              "check-counts",
                                                              "missing-states"};
  std::vector<FlagSpec> flags = FlagsOf(kForSync);
  std::erase_if(flags, [&](const FlagSpec& flag) {
    return flag.name.starts_with("source") ||
           std::find(kAboutRecords.begin(), kAboutRecords.end(), flag.name) != kAboutRecords.end();
  });
  flags.push_back({"streams", "NAME,...",
                   "reset these only (NAMESPACE.NAME where names alone are not enough);\n"
                   "default: all streams of the catalog",
                   std::string(FlagGroupName(FlagGroup::kRun))});
  flags.push_back({"dry-run", "", "say which streams would be emptied, and start nothing",
                   std::string(FlagGroupName(FlagGroup::kRun))});
  return flags;
}

constexpr char kExample[] =
    "shunt reset github.yaml --dry-run           # which streams, and what is stored of them\n"
    "shunt reset github.yaml                     # everything of this connection\n"
    "shunt reset github.yaml --streams issues,shop.orders";

}  // namespace

std::vector<Command> ResetCommands() {
  return {
      {.path = "reset",
       .summary = "Empties streams in the destination, and starts them from the beginning",
       .description =
           "The destination runs, and sees for each stream a null state and COMPLETE, in a\n"
           "catalog that says overwrite; checkpoints go when it has acknowledged that. To forget\n"
           "checkpoints without a destination: shunt state reset.",
       .example = kExample,
       .positionals = {{"CONNECTION.yaml", "the connection file of the sync",
                        /*required=*/false}},
       .flags = ResetFlags(),
       .run = Reset}};
}

}  // namespace shunt
