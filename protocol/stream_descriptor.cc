#include "protocol/stream_descriptor.h"

#include <optional>
#include <string>
#include <utility>

namespace shunt {

absl::Status ReadStreamDescriptor(JsonCursor& cursor, StreamDescriptor* stream) {
  const auto invalid = [](const char* reason) { return absl::InvalidArgumentError(reason); };
  std::optional<JsonSlice> name, name_space;
  if (cursor.Next() != JsonCursor::Event::kObject ||
      !ReadMembers(cursor, {{"name", &name}, {"namespace", &name_space}})) {
    return invalid("the stream descriptor is not an object, or has a key twice");
  }
  std::optional<std::string> text = name ? JsonString(*name) : std::nullopt;
  if (!text) return invalid("the stream descriptor has no usable name");
  stream->name = *std::move(text);
  stream->name_space.reset();
  if (!name_space || name_space->is_null()) return absl::OkStatus();
  stream->name_space = JsonString(*name_space);
  if (!stream->name_space) return invalid("the stream descriptor has no usable namespace");
  return absl::OkStatus();
}

}  // namespace shunt
