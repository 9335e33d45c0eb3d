#include "cli/config_access.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/key_source.h"
#include "cli/spec_file.h"
#include "cli/store_access.h"
#include "secrets/secret_values.h"

namespace shunt {

std::string ConfigAccess::Shown(const std::string& config) const {
  return reveal ? config : MaskConfig(config, spec.get());
}

absl::StatusOr<ConfigAccess> OpenConfigAccess(const Arguments& arguments,
                                              std::optional<Sealing> sealing) {
  ConfigAccess access;
  access.reveal = arguments.Has("reveal");
  if (const auto path = arguments.Flag("spec")) {
    absl::StatusOr<std::shared_ptr<const ConnectorSpec>> spec = ReadSpecFile(*path);
    if (!spec.ok()) return spec.status();
    access.spec = *std::move(spec);
  }
  absl::StatusOr<std::shared_ptr<const Keyring>> keys = ReadKeys(KeySourceOf(arguments));
  if (!keys.ok()) return keys.status();
  access.keys = *std::move(keys);
  const absl::StatusOr<Sealing> asked =
      sealing ? absl::StatusOr<Sealing>(*sealing) : SealingOf(arguments);
  if (!asked.ok()) return asked.status();
  absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(
      arguments, {.keys = access.keys, .sealing = *asked, .seal_anchor = SealAnchorOf(arguments)});

  if (!store.ok()) return store.status();
  access.store = *std::move(store);
  return access;
}

absl::StatusOr<ConfigDocument> ReadKnownConfig(Store& store, const std::string& id) {
  absl::StatusOr<ConfigDocument> document = store.ReadConfig(id);
  if (!document.ok() || document->exists()) return document;
  const absl::StatusOr<std::vector<std::string>> known = store.ListConfigs();
  if (!known.ok()) return known.status();
  return absl::NotFoundError(absl::StrCat("no config '", id, "' in ", store.url(), "; there are: ",
                                          known->empty() ? "none" : absl::StrJoin(*known, ", ")));
}

std::optional<absl::Time> TimeOf(const OrderKey& order) {
  if (!std::isfinite(order.effective_at_ms)) return std::nullopt;
  return absl::UnixEpoch() + absl::Milliseconds(order.effective_at_ms);
}

PositionalSpec ConfigIdPositional() {
  return {"ID", "the config's identity: CONNECTION/source, CONNECTION/destination"};
}

std::vector<FlagSpec> ConfigFlags(std::vector<FlagSpec> more) {
  std::vector<FlagSpec> flags = {StoreFlag()};
  flags.insert(flags.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  for (FlagSpec& flag : KeyFlags()) flags.push_back(std::move(flag));
  return flags;
}

FlagSpec RevealFlag() { return {"reveal", "", "show secrets instead of **********", ""}; }

FlagSpec SpecFlag(std::string help) { return {"spec", "FILE", std::move(help), ""}; }

}  // namespace shunt
