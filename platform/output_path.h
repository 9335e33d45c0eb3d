// A path that somebody named for output: a file that is made or replaced whole, when it is ours
// (platform/private_path.h); or a stream that we were given (/dev/stdout, /dev/stderr, /dev/fd/N,
// /proc/self/fd/N) or a device (/dev/null, a terminal of ours), which is written to. Nothing else
// is: no link is followed, and no FIFO is waited for.
//
// Thread-safe. Errors: InvalidArgument when the path is not ours, with what to do; else a Status
// that names the path and the cause.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace shunt {

// Whether WriteOutput would take the path as things stand now. Leaves nothing.
absl::Status CheckOutputPath(const std::string& path);

// A new file gets `mode`. A stream whose reader does not read is waited for until `stopped` (may be
// null) says so, and then for a moment more: DeadlineExceeded.
absl::Status WriteOutput(const std::string& path, std::string_view bytes, mode_t mode,
                         const std::function<bool()>& stopped);

}  // namespace shunt
