// Where a run may put what is too big for memory, and what it may take of memory, in words.
// Threads: the caller's. Errors: InvalidArgument naming the flag.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/console.h"
#include "cli/sync_settings.h"

namespace shunt {

// The directory for large waiting states, made if missing; "" for the system's temporary one.
absl::StatusOr<std::string> PrepareSpillFolder(const SyncSettings& settings);

// Where config updates go that the store does not take, best first: below --spill-dir or
// XDG_RUNTIME_DIR, then where a restart of the machine leaves them, then in memory.
std::vector<std::string> UpdateSpillFolders(const std::string& spill_dir);

// Warns when a given --spill-dir shares the store's filesystem: one full disk would then stop both.
// To be called when the store is there.
void WarnOfSpillFolder(const SyncSettings& settings, Console& console);

// The memory bound as a sum, a term a line.
std::string MemoryText(const RouterOptions& options);

}  // namespace shunt
