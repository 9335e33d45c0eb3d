// SyncInputs: the files of a sync, read and checked before anything is started, so that a mistake
// in one of them is a usage error and nothing else.
//
// Threads: pure but for reading. Errors: InvalidArgument naming flag and file, never content.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/sync_settings.h"
#include "protocol/catalog.h"
#include "protocol/spec.h"
#include "protocol/state.h"
#include "transforms/record_rules.h"

namespace shunt {

struct SyncInputs {
  ConfiguredCatalog catalog;
  std::string catalog_json;                       // the file
  CompiledRules transforms;                       // with the catalogs for the connectors
  std::string source_config, destination_config;  // the files; "" when not given (sidecar)
  std::optional<std::vector<StoredState>> state;  // --state
  std::shared_ptr<const ConnectorSpec> source_spec, destination_spec;  // null when not given
};

// Of `settings` all required ones must be set; see RequireForSync. A file that is not named is not
// there.
absl::StatusOr<SyncInputs> ReadSyncInputs(const SyncSettings& settings);

// How many copies of the catalog there are, beside its text, while it is read and rewritten.
int CatalogCopies(const RecordRuleSettings& transforms, const ConfiguredCatalog& catalog);

// Makes it the catalog of the run, with what the settings and its mappers do to records.
absl::Status UseCatalog(const SyncSettings& settings, std::string catalog_json, SyncInputs* inputs);

// InvalidArgument when the report or the spill directory cannot be had, which would be noticed only
// after hours, or is not ours. Makes nothing.
absl::Status CheckOutputs(const SyncSettings& settings);

// InvalidArgument for the first setting that `shunt sync` cannot do without, or that has no form.
absl::Status RequireForSync(const SyncSettings& settings);
absl::Status RequireForSidecar(const SyncSettings& settings);
// Of one connector, "source" or "destination": its command, and its config unless it is only asked
// for its spec.
absl::Status RequireConnector(std::string_view side, bool with_config,
                              const SyncSettings& settings);

}  // namespace shunt
