// SettingsLoader: the sources of settings in their order: connection file, then environment, then
// flags; a later one wins. Then the defaults that depend on others.
//
// Threads: pure functions of their arguments. Errors: InvalidArgument naming the place
// (file:line:col, the variable or the flag), and for an unknown key the nearest known one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/connection_file.h"
#include "cli/sync_settings.h"

namespace shunt {

// A variable's value; empty when unset. An empty variable counts as unset.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The process's own.
Environment ProcessEnvironment();

struct SettingsInput {
  uint8_t command = kForSync;
  std::string connection_path;               // "" without a connection file
  std::vector<FileEntry> entries;            // of that file
  std::map<std::string, std::string> flags;  // by name, as given; a switch is "true"
  Environment environment;
};

// Keys and variables that only the other command uses are read but have no effect, so that one file
// serves both; such flags are refused by the command line.
absl::StatusOr<SyncSettings> LoadSettings(const SettingsInput& input);

// Likewise, but goes on after an error, and says all of them.
SyncSettings LoadSettings(const SettingsInput& input, std::vector<absl::Status>* errors);

// sqlite:PATH under XDG_STATE_HOME, else under ~/.local/state. InvalidArgument without either.
absl::StatusOr<std::string> DefaultStoreUrl(const Environment& environment);

}  // namespace shunt
