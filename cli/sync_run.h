// One whole sync with the given settings, as `shunt sync` and `shunt demo` do it.
// Threads: main. Returns the exit code; a mistake in the settings is said on stderr and returns 2.
#pragma once

#include "cli/sync_settings.h"

namespace shunt {

int RunSync(const SyncSettings& settings);

}  // namespace shunt
