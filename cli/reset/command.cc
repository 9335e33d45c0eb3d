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
#include "cli/sync_inputs.h"
#include "cli/sync_session.h"
#include "connectors/reset_source.h"
#include "platform/clock.h"
#include "platform/strings.h"
#include "protocol/catalog.h"
#include "protocol/state.h"

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
  if (status = UseCatalog(*settings, std::move(catalog->json), &*inputs); !status.ok()) {
    return Usage(status);
  }

  Console console(ConsoleOptionsOf(*settings));
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
  return flags;
}

constexpr char kExample[] =
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
