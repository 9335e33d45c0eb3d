#include "protocol/catalog_types.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace shunt {
namespace {

bool AllOf(const JsonSlice& value, bool (*holds)(const JsonSlice&)) {
  const auto elements = value.is_array() ? JsonElements(value) : std::nullopt;
  return elements && std::all_of(elements->begin(), elements->end(), holds);
}

bool IsOneOf(const JsonSlice& value, std::span<const std::string_view> words) {
  const std::optional<std::string> text = JsonString(value);
  return text && std::find(words.begin(), words.end(), *text) != words.end();
}

bool IsInteger(const JsonSlice& value) { return value.is_number() && JsonInt64(value).has_value(); }

}  // namespace

bool IsPath(const JsonSlice& value) {
  return AllOf(value, [](const JsonSlice& element) { return element.is_string(); });
}

bool IsListOfPaths(const JsonSlice& value) { return AllOf(value, IsPath); }

absl::Status CheckTypes(const ConfiguredMembers& members) {
  const auto wrong = [](const std::optional<JsonSlice>& value, bool (*is_right)(const JsonSlice&)) {
    return value && !value->is_null() && !is_right(*value);
  };
  const auto refused = [](const char* reason) { return absl::InvalidArgumentError(reason); };
  if (wrong(members.sync_mode, [](const JsonSlice& v) { return IsOneOf(v, kSyncModes); })) {
    return refused("sync_mode is none of the protocol's");
  }
  if (wrong(members.destination_sync_mode,
            [](const JsonSlice& v) { return IsOneOf(v, kDestinationSyncModes); })) {
    return refused("destination_sync_mode is none of the protocol's");
  }
  if (wrong(members.cursor_field, IsPath)) return refused("cursor_field is no list of strings");
  if (wrong(members.primary_key, IsListOfPaths)) {
    return refused("primary_key is no list of lists of strings");
  }
  if (wrong(members.generation_id, IsInteger) || wrong(members.minimum_generation_id, IsInteger) ||
      wrong(members.sync_id, IsInteger)) {
    return refused("generation_id, minimum_generation_id and sync_id are integers");
  }
  if (wrong(members.json_schema, [](const JsonSlice& v) { return v.is_object(); })) {
    return refused("json_schema is no object");
  }
  if (wrong(members.supported_sync_modes, [](const JsonSlice& v) { return v.is_array(); })) {
    return refused("supported_sync_modes is no list");
  }
  return absl::OkStatus();
}

}  // namespace shunt
