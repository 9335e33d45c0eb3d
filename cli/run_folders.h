// Where a run may put what is too big for memory, and what it may take of memory, in words.
// Threads: the caller's. Errors: InvalidArgument naming the flag.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/console.h"
#include "cli/sync_settings.h"

namespace shunt {

// The directory for large waiting states, made if missing; "" for the system's temporary one.
absl::StatusOr<std::string> PrepareSpillFolder(const SyncSettings& settings);

// Warns when a given --spill-dir shares the store's filesystem: one full disk would then stop both.
// To be called when the store is there.
void WarnOfSpillFolder(const SyncSettings& settings, Console& console);

// The memory bound as a sum, a term a line.
std::string MemoryText(const RouterOptions& options);

}  // namespace shunt
