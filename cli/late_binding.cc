#include "cli/late_binding.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/recovery.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/strings.h"
#include "secrets/masker.h"
#include "secrets/secret_values.h"
#include "stages/config_file.h"

namespace shunt {
namespace {

constexpr std::size_t kViolationsShown = 5;

}  // namespace

Problem LateBinding::Bind(RouterOptions* options, RunFiles* files,
                          const std::function<bool()>& stopped) {
  // What an earlier run could not store: without it, a connector would be started with a token that
  // may be used up. An edit of the config file may refer to it (a mask), so it comes first; but
  // what is to be merged into a config that is not stored yet has to wait for that.
  Problem problem = BringBackUpdates(*options, /*stored_only=*/true);
  if (problem || stopped()) return problem;
  problem = AdoptConfigs(*options);
  if (problem || stopped()) return problem;
  problem = BringBackUpdates(*options, /*stored_only=*/false);
  if (problem || stopped()) return problem;
  problem = BindConfig(&options->source, &files->source_config);
  if (!problem) problem = BindConfig(&options->destination, &files->destination_config);
  if (problem) return problem;
  AddSecrets(files->source_config, options->source);
  AddSecrets(files->destination_config, options->destination);
  if (!world_.judges) return std::nullopt;
  problem = Judge("source", options->source, files->source_config);
  return problem ? problem : Judge("destination", options->destination, files->destination_config);
}

Problem LateBinding::BringBackUpdates(const RouterOptions& options, bool stored_only) {
  if (world_.spill == nullptr) return std::nullopt;
  const absl::StatusOr<std::vector<SpillGroup>> groups = world_.spill->List();
  if (!groups.ok()) return Fail(ExitCode::kStoreFailed, Origin::kShunt, groups.status().message());
  for (const SpillGroup& group : *groups) {
    if (group.config_id != options.source.config_id &&
        group.config_id != options.destination.config_id) {
      continue;
    }
    const absl::StatusOr<ConfigDocument> stored = world_.store.ReadConfig(group.config_id);
    if (!stored.ok()) return StoreProblem(stored.status());
    if (stored_only && !stored->exists()) continue;
    const absl::Status status = BringBack(
        world_.store, *world_.spill, group, UpdateSpill::Trust::kEncrypted, SystemClock().WallNow(),
        [this](std::string_view line) { world_.console.Say(line); });
    if (!status.ok()) return Fail(ExitCode::kStoreFailed, Origin::kShunt, status.message());
  }
  return std::nullopt;
}

Problem LateBinding::AdoptConfigs(const RouterOptions& options) {
  const absl::StatusOr<std::vector<std::string>> known = world_.store.ListConfigs();
  if (!known.ok()) return StoreProblem(known.status());
  const SyncSettings& settings = world_.settings;
  if (known->empty() && settings.store != "memory:" && settings.keys.empty()) {
    world_.console.Say(absl::StrCat("the store ", world_.store.url(), " is private to you",
                                    settings.store.starts_with("sqlite:") ? " (0600)" : "",
                                    " and not encrypted: --key-file"));
  }
  Problem problem = AdoptConfig(world_.inputs.source_config, options.source, options.run);
  if (problem) return problem;
  return AdoptConfig(world_.inputs.destination_config, options.destination, options.run);
}

Problem LateBinding::AdoptConfig(const std::string& file, const ConnectorOptions& connector,
                                 const RunHandle& run) {
  if (file.empty()) return std::nullopt;
  AddSecrets(file, connector);  // also those that the stored config no longer has
  const ConfigFile adopted = {.config_id = connector.config_id,
                              .run_id = run.run_id,
                              .epoch = run.epoch,
                              .json = file,
                              .now = SystemClock().WallNow(),
                              .salt = SystemEntropy().HexId()};
  const absl::Status status = world_.store.UpdateConfig(
      connector.config_id,
      [&](const ConfigDocument& stored) { return AdoptConfigFile(stored, adopted); });
  if (absl::IsInvalidArgument(status)) {
    return Fail(ExitCode::kUsage, Origin::kShunt,
                absl::StrCat("config of ", connector.config_id, ": ", status.message()));
  }
  return StoreProblem(status);
}

Problem LateBinding::BindConfig(ConnectorOptions* connector, std::string* config) {
  const absl::StatusOr<ConfigDocument> document = world_.store.ReadConfig(connector->config_id);
  if (!document.ok()) return StoreProblem(document.status());
  if (!document->exists()) return std::nullopt;
  *config = document->ToJson();
  connector->config_generation = document->generation;
  connector->config_newest = document->newest;
  return std::nullopt;
}

// What the connector is about to be given. It would refuse it as well, but after the other one was
// started, has rotated its token and moved rows.
Problem LateBinding::Judge(std::string_view side, const ConnectorOptions& connector,
                           const std::string& config) const {
  if (connector.spec == nullptr || config.empty()) return std::nullopt;
  const absl::StatusOr<SpecVerdict> verdict = connector.spec->Examine(config);
  if (!verdict.ok() || verdict->violations.empty()) return std::nullopt;
  std::string text = absl::StrCat("the config of the ", A(side), " (", connector.config_id,
                                  ") is not what its spec asks for: ");
  const std::size_t shown = std::min(verdict->violations.size(), kViolationsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const SpecViolation& violation = verdict->violations[i];
    absl::StrAppend(&text, i > 0 ? "; " : "", violation.path.empty() ? "/" : violation.path, ": ",
                    violation.keyword, ": ", violation.detail);
  }
  if (shown < verdict->violations.size()) {
    absl::StrAppend(&text, "; and ", verdict->violations.size() - shown, " more");
  }
  if (world_.settings.router.on_invalid_config == OnInvalidConfig::kWarn) {
    world_.console.Warn(text);
    return std::nullopt;
  }
  Problem problem = Fail(
      ExitCode::kUsage, Origin::kShunt,
      absl::StrCat(text, ". Nothing was started; --on-invalid-config warn starts it all the same"));
  problem->failure.type = "config_error";
  return problem;
}

void LateBinding::AddSecrets(const std::string& config, const ConnectorOptions& connector) {
  world_.console.masker().AddSecrets(SecretValuesOf(config, connector.spec.get()));
}

}  // namespace shunt
