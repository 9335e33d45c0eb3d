#include "protocol/catalog.h"

#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "protocol/json_cursor.h"
#include "protocol/stream_descriptor.h"

namespace shunt {
namespace {

absl::Status Invalid(const std::string& reason) { return absl::InvalidArgumentError(reason); }

// The first step of a path: ["a","b"] is a field `b` in a top-level `a`.
void AddFirstStep(JsonSlice path, std::vector<std::string>* fields) {
  const auto steps = JsonElements(path);
  if (!steps || steps->empty()) return;
  if (std::optional<std::string> field = JsonString(steps->front())) {
    fields->push_back(*std::move(field));
  }
}

std::vector<std::string> KeyFields(const std::optional<JsonSlice>& primary_key,
                                   const std::optional<JsonSlice>& cursor_field) {
  std::vector<std::string> fields;
  const auto paths =
      primary_key && primary_key->is_array() ? JsonElements(*primary_key) : std::nullopt;
  if (paths) {
    for (const JsonSlice& path : *paths) {
      if (path.is_array()) AddFirstStep(path, &fields);
    }
  }
  if (cursor_field && cursor_field->is_array()) AddFirstStep(*cursor_field, &fields);
  return fields;
}

absl::StatusOr<ConfiguredStream> ParseStream(JsonSlice element) {
  JsonCursor cursor(element.text);
  std::optional<JsonSlice> descriptor, generation_id, sync_mode, primary_key, cursor_field, mappers;
  if (cursor.Next() != JsonCursor::Event::kObject ||
      !ReadMembers(cursor, {{"stream", &descriptor},
                            {"generation_id", &generation_id},
                            {"sync_mode", &sync_mode},
                            {"primary_key", &primary_key},
                            {"cursor_field", &cursor_field},
                            {"mappers", &mappers}})) {
    return Invalid("not an object, or a key twice");
  }
  if (!descriptor) return Invalid("no `stream` object");
  ConfiguredStream stream;
  JsonCursor inner(descriptor->text);
  absl::Status status = ReadStreamDescriptor(inner, &stream.stream);
  if (!status.ok()) return status;
  // Not all of them are read here, but all are acted on.
  std::optional<JsonSlice> resumable, schema, cursor_default, key_default;
  JsonCursor rest(descriptor->text);
  if (rest.Next() != JsonCursor::Event::kObject ||
      !ReadMembers(rest, {{"is_resumable", &resumable},
                          {"json_schema", &schema},
                          {"default_cursor_field", &cursor_default},
                          {"source_defined_primary_key", &key_default}})) {
    return Invalid("its `stream` has a key twice");
  }
  stream.has_generation_id = generation_id && !generation_id->is_null();
  stream.full_refresh = sync_mode && JsonString(*sync_mode) == "full_refresh";
  stream.resumable = resumable && resumable->type == JsonType::kTrue;
  stream.key_fields = KeyFields(primary_key, cursor_field);
  return stream;
}

}  // namespace

bool ConfiguredCatalog::supports_refreshes() const {
  for (const ConfiguredStream& stream : streams) {
    if (stream.has_generation_id) return true;
  }
  return false;
}

absl::StatusOr<ConfiguredCatalog> ParseConfiguredCatalog(std::string_view json) {
  const std::optional<JsonSlice> root = ParseJson(json);
  if (!root) return Invalid("the catalog is not JSON");
  std::optional<JsonSlice> streams;
  JsonCursor cursor(root->text);
  if (cursor.Next() == JsonCursor::Event::kObject &&
      !ReadMembers(cursor, {{"streams", &streams}})) {
    return Invalid("the catalog has `streams` twice");
  }
  const std::optional<std::vector<JsonSlice>> elements =
      streams ? JsonElements(*streams) : std::nullopt;
  if (!elements) return Invalid("the catalog has no `streams` array");
  ConfiguredCatalog catalog;
  std::unordered_set<StreamDescriptor, StreamDescriptorHash> seen;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const std::string place = "catalog stream " + std::to_string(i) + ": ";
    absl::StatusOr<ConfiguredStream> stream = ParseStream((*elements)[i]);
    if (!stream.ok()) return Invalid(place + std::string(stream.status().message()));
    if (!seen.insert(stream->stream).second) return Invalid(place + "the same stream occurs twice");
    catalog.streams.push_back(*std::move(stream));
  }
  return catalog;
}

}  // namespace shunt
