#include "cli/configured_catalog.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

bool IsTrue(std::optional<JsonSlice> value) { return value && value->type == JsonType::kTrue; }

bool IsNonEmptyArray(std::optional<JsonSlice> value) {
  if (!value || !value->is_array()) return false;
  const auto elements = JsonElements(*value);
  return elements && !elements->empty();
}

bool SupportsIncremental(JsonSlice stream) {
  const auto modes = JsonFind(stream, "supported_sync_modes");
  if (!modes || !modes->is_array()) return false;
  const auto elements = JsonElements(*modes);
  return elements && std::any_of(elements->begin(), elements->end(), [](JsonSlice mode) {
           return mode.is_string() && JsonString(mode) == "incremental";
         });
}

std::string Configure(JsonSlice stream) {
  const auto cursor = JsonFind(stream, "default_cursor_field");
  const auto key = JsonFind(stream, "source_defined_primary_key");
  const bool has_cursor = IsNonEmptyArray(cursor);
  const bool incremental = SupportsIncremental(stream) &&
                           (has_cursor || IsTrue(JsonFind(stream, "source_defined_cursor")));
  std::string configured = absl::StrCat("{\"stream\":", A(stream.text));
  absl::StrAppend(&configured,
                  incremental
                      ? R"(,"sync_mode":"incremental","destination_sync_mode":"append")"
                      : R"(,"sync_mode":"full_refresh","destination_sync_mode":"overwrite")");
  if (incremental && has_cursor)
    absl::StrAppend(&configured, ",\"cursor_field\":", A(cursor->text));
  if (IsNonEmptyArray(key)) absl::StrAppend(&configured, ",\"primary_key\":", A(key->text));
  return configured + "}";
}

}  // namespace

absl::StatusOr<std::string> ConfigureCatalog(std::string_view catalog_json) {
  const std::optional<JsonSlice> catalog = ParseJson(catalog_json);
  const auto streams = catalog ? JsonFind(*catalog, "streams") : std::nullopt;
  if (!streams || !streams->is_array()) {
    return absl::InvalidArgumentError("the catalog has no list of streams");
  }
  const auto elements = JsonElements(*streams);
  std::string text = "{\"streams\":[";
  bool first = true;
  for (const JsonSlice& stream : *elements) {
    if (!stream.is_object()) {
      return absl::InvalidArgumentError("a stream of the catalog is no object");
    }
    absl::StrAppend(&text, first ? "\n" : ",\n", Configure(stream));
    first = false;
  }
  return text + "\n]}\n";
}

}  // namespace shunt
