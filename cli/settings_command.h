// From a command's arguments to checked settings: the same for `sync`, `sidecar` and the verbs.
// Threads: the caller's. Errors: InvalidArgument, one line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/command_line.h"
#include "cli/connection_file.h"
#include "cli/sync_settings.h"

namespace shunt {

// The flags of the table that `command` (kForSync, ...) has.
std::vector<FlagSpec> FlagsOf(uint8_t command);

// The entries of a connection file, YAML or *.json. The message says "FILE:line:column: what".
absl::StatusOr<std::vector<FileEntry>> ReadConnectionFile(const std::string& path);

// Reads the connection file, if one is given, and applies file, environment and flags.
absl::StatusOr<SyncSettings> SettingsOf(uint8_t command, const Arguments& arguments);

}  // namespace shunt
