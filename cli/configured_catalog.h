// From what a source can read to what a sync is told to read: a ConfiguredAirbyteCatalog of every
// stream of an AirbyteCatalog, to begin with. Pure. Errors: InvalidArgument, without content.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace shunt {

// incremental + append where the stream supports it and has a cursor (its own, or a default one),
// else full_refresh + overwrite. Streams stay as they are, byte for byte; one a line.
absl::StatusOr<std::string> ConfigureCatalog(std::string_view catalog_json);

}  // namespace shunt
