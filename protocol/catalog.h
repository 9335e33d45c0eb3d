// ConfiguredCatalog: the `--catalog` file (ConfiguredAirbyteCatalog of the protocol), as far as the
// router needs it. Immutable after parsing, so thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/message.h"

namespace shunt {

struct ConfiguredStream {
  StreamDescriptor stream = {};
  bool has_generation_id = false;
  bool full_refresh = false;  // its sync_mode
  bool resumable = false;     // the stream's is_resumable
  bool has_mappers = false;   // it has the key, whatever stands there
  // The top-level fields of primary_key and cursor_field.
  std::vector<std::string> key_fields = {};
};

struct ConfiguredCatalog {
  std::vector<ConfiguredStream> streams;  // in the file's order; descriptors are unique
  // True when any stream carries a generation id: the destination then wants final statuses.
  bool supports_refreshes() const;
};

// In one pass over the text. InvalidArgument: not JSON, no `streams` array, a stream without a
// string name, a duplicate stream, a value of another type or none of the words that the protocol
// has for it (catalog_types.h), or a key twice that we or who transforms records acts on: other
// readers take the last. ResourceExhausted: more streams than `streams_max`; nothing is kept of
// those.
absl::StatusOr<ConfiguredCatalog> ParseConfiguredCatalog(
    std::string_view json, std::size_t streams_max = std::numeric_limits<std::size_t>::max());

}  // namespace shunt
