// What the `shunt config` commands share: the store with its keys, the spec that says what is
// secret, and whether to show it.
// Threads: the caller's. Errors: InvalidArgument and NotFound name flag, file or config.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/command_line.h"
#include "protocol/spec.h"
#include "stores/store.h"

namespace shunt {

struct ConfigAccess {
  std::unique_ptr<Store> store;
  std::shared_ptr<const Keyring> keys;        // null: not encrypted, or out of reach
  std::shared_ptr<const ConnectorSpec> spec;  // null: secrets are found by their names
  bool reveal = false;

  std::string Shown(const std::string& config) const;  // masked, unless revealed
};

// From --store, --key-..., --spec, --reveal; `sealing` instead of --seal-store.
absl::StatusOr<ConfigAccess> OpenConfigAccess(const Arguments& arguments,
                                              std::optional<Sealing> sealing = std::nullopt);

// NotFound names the configs that there are.
absl::StatusOr<ConfigDocument> ReadKnownConfig(Store& store, const std::string& id);

// When a key's value was said, by the connector or by an edit of the file; empty: generation 0.
std::optional<absl::Time> TimeOf(const OrderKey& order);

// The flags and positional of them all.
PositionalSpec ConfigIdPositional();
std::vector<FlagSpec> ConfigFlags(std::vector<FlagSpec> more);
FlagSpec RevealFlag();
FlagSpec SpecFlag(std::string help);

}  // namespace shunt
