// What the protocol says of the types and words in a configured stream. What is missing is for the
// connectors to mind: real catalogs lack some of it. Pure functions, thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "protocol/json_cursor.h"

namespace shunt {

inline constexpr std::array<std::string_view, 2> kSyncModes = {"full_refresh", "incremental"};
inline constexpr std::array<std::string_view, 6> kDestinationSyncModes = {
    "append", "overwrite", "append_dedup", "overwrite_dedup", "update", "soft_delete"};

struct ConfiguredMembers {
  std::optional<JsonSlice> sync_mode, destination_sync_mode, cursor_field, primary_key,
      generation_id, minimum_generation_id, sync_id;
  std::optional<JsonSlice> json_schema, supported_sync_modes;  // of its `stream`
};

// InvalidArgument for the first that is there, is not null, and has another type than the protocol
// says or is none of its words.
absl::Status CheckTypes(const ConfiguredMembers& members);

// Whether the value is a list of strings, and one of lists of strings.
bool IsPath(const JsonSlice& value);
bool IsListOfPaths(const JsonSlice& value);

}  // namespace shunt
