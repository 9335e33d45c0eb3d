#include "protocol/catalog.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "protocol/catalog_types.h"
#include "protocol/json_cursor.h"
#include "protocol/json_text.h"

namespace shunt {
namespace {

constexpr const char* kNotOneObject = "not an object, or a key twice";

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

// Reads the value of the key that was just read, and keeps it when it is wanted. False when it was
// kept already.
bool KeepMember(JsonCursor& cursor, std::span<const JsonWanted> wanted) {
  std::optional<JsonSlice>* slot = nullptr;
  for (const JsonWanted& member : wanted) {
    if (cursor.KeyIs(member.key)) slot = member.value;
  }
  const std::optional<JsonSlice> value = cursor.Value();
  if (slot == nullptr) return true;
  return !std::exchange(*slot, value).has_value();
}

// Reads the `stream` of a stream, in front of which the cursor is.
absl::Status ReadDescriptor(JsonCursor& cursor, ConfiguredStream* stream,
                            ConfiguredMembers* members) {
  constexpr const char* kNoDescriptor =
      "the stream descriptor is not an object, or has a key twice";
  std::optional<JsonSlice> name, name_space, resumable, cursor_default, key_default;
  const JsonWanted names[] = {{"name", &name}, {"namespace", &name_space}};
  // Not all of them are read here, but all are acted on.
  const JsonWanted others[] = {{"is_resumable", &resumable},
                               {"json_schema", &members->json_schema},
                               {"supported_sync_modes", &members->supported_sync_modes},
                               {"default_cursor_field", &cursor_default},
                               {"source_defined_primary_key", &key_default}};
  bool names_once = cursor.Next() == JsonCursor::Event::kObject, others_once = true;
  if (!names_once) return Invalid(kNoDescriptor);
  while (cursor.NextKey()) {
    if (cursor.KeyIs("name") || cursor.KeyIs("namespace")) {
      names_once &= KeepMember(cursor, names);
    } else {
      others_once &= KeepMember(cursor, others);
    }
  }
  if (!names_once) return Invalid(kNoDescriptor);
  std::optional<std::string> text = name ? JsonString(*name) : std::nullopt;
  if (!text) return Invalid("the stream descriptor has no usable name");
  stream->stream.name = *std::move(text);
  if (name_space && !name_space->is_null()) {
    stream->stream.name_space = JsonString(*name_space);
    if (!stream->stream.name_space) {
      return Invalid("the stream descriptor has no usable namespace");
    }
  }
  if (!others_once) return Invalid("its `stream` has a key twice");
  stream->resumable = resumable && resumable->type == JsonType::kTrue;
  return absl::OkStatus();
}

// Reads one of the catalog's streams, whose first event the cursor has just given.
absl::StatusOr<ConfiguredStream> ReadStream(JsonCursor& cursor) {
  if (cursor.last() != JsonCursor::Event::kObject) return Invalid(kNotOneObject);
  ConfiguredStream stream;
  ConfiguredMembers members;
  std::optional<JsonSlice> mappers;
  const JsonWanted wanted[] = {{"generation_id", &members.generation_id},
                               {"minimum_generation_id", &members.minimum_generation_id},
                               {"sync_id", &members.sync_id},
                               {"sync_mode", &members.sync_mode},
                               {"destination_sync_mode", &members.destination_sync_mode},
                               {"primary_key", &members.primary_key},
                               {"cursor_field", &members.cursor_field},
                               {"mappers", &mappers}};
  bool has_descriptor = false, once = true;
  while (cursor.NextKey()) {
    if (!cursor.KeyIs("stream")) {
      once &= KeepMember(cursor, wanted);
    } else if (std::exchange(has_descriptor, true)) {
      return Invalid(kNotOneObject);
    } else if (absl::Status status = ReadDescriptor(cursor, &stream, &members); !status.ok()) {
      return status;
    }
  }
  if (!once) return Invalid(kNotOneObject);
  if (!has_descriptor) return Invalid("no `stream` object");
  // What is not whole has no types yet; whoever called sees that.
  if (!cursor.ok()) return stream;
  if (absl::Status types = CheckTypes(members); !types.ok()) return types;
  stream.has_generation_id = members.generation_id && !members.generation_id->is_null();
  stream.full_refresh = members.sync_mode && JsonString(*members.sync_mode) == "full_refresh";
  stream.has_mappers = mappers.has_value();
  stream.key_fields = KeyFields(members.primary_key, members.cursor_field);
  return stream;
}

// By what they are called, without a copy of it.
struct ByDescriptor {
  const std::vector<ConfiguredStream>& streams;
  std::size_t operator()(uint32_t stream) const {
    return StreamDescriptorHash{}(streams[stream].stream);
  }
  bool operator()(uint32_t a, uint32_t b) const { return streams[a].stream == streams[b].stream; }
};

// Reads the elements of `streams`, whose kArray the cursor has just given.
absl::Status ReadStreams(JsonCursor& cursor, std::size_t streams_max, ConfiguredCatalog* catalog) {
  std::vector<ConfiguredStream>& streams = catalog->streams;
  absl::flat_hash_set<uint32_t, ByDescriptor, ByDescriptor> seen(0, ByDescriptor{streams},
                                                                 ByDescriptor{streams});
  while (cursor.Next() != JsonCursor::Event::kArrayEnd && cursor.ok()) {
    const std::size_t index = streams.size();
    if (index >= streams_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the catalog has more than ", streams_max, " streams"));
    }
    const std::string place = absl::StrCat("catalog stream ", index, ": ");
    absl::StatusOr<ConfiguredStream> stream = ReadStream(cursor);
    if (!cursor.ok()) return absl::OkStatus();  // who called sees it
    if (!stream.ok()) return Invalid(absl::StrCat(place, stream.status().message()));
    streams.push_back(*std::move(stream));
    if (!seen.insert(static_cast<uint32_t>(index)).second) {
      return Invalid(absl::StrCat(place, "the same stream occurs twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool ConfiguredCatalog::supports_refreshes() const {
  for (const ConfiguredStream& stream : streams) {
    if (stream.has_generation_id) return true;
  }
  return false;
}

absl::StatusOr<ConfiguredCatalog> ParseConfiguredCatalog(std::string_view json,
                                                         std::size_t streams_max) {
  const absl::Status not_json = Invalid("the catalog is not JSON");
  if (!IsUtf8(json)) return not_json;
  ConfiguredCatalog catalog;
  JsonCursor cursor(json);
  bool has_streams = false, is_list = false;
  const bool is_object = cursor.Next() == JsonCursor::Event::kObject;
  while (is_object && cursor.NextKey()) {
    if (!cursor.KeyIs("streams")) {
      cursor.Value();
      continue;
    }
    if (std::exchange(has_streams, true)) return Invalid("the catalog has `streams` twice");
    is_list = cursor.Next() == JsonCursor::Event::kArray;
    if (!is_list) {
      cursor.Rest();
      continue;
    }
    absl::Status status = ReadStreams(cursor, streams_max, &catalog);
    if (!status.ok()) return status;
  }
  if (!cursor.Finish()) return not_json;
  if (!is_list) return Invalid("the catalog has no `streams` array");
  return catalog;
}

}  // namespace shunt
