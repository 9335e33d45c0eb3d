#include "transforms/record_line.h"

#include <utility>

namespace shunt {

bool RecordLine::Read(std::string_view line) {
  name_space.reset();
  meta.reset();
  std::optional<MemberSpan> found_stream, found_data;
  bool has_record = false;
  JsonCursor cursor(line);
  if (cursor.Next() != JsonCursor::Event::kObject) return false;
  while (cursor.NextKey()) {
    if (cursor.token() != "record") {
      cursor.Value();
    } else if (std::exchange(has_record, true) || cursor.Next() != JsonCursor::Event::kObject ||
               !ReadSpans(line, cursor,
                          {{"stream", &found_stream},
                           {"data", &found_data},
                           {"namespace", &name_space},
                           {"meta", &meta}})) {
      return false;
    }
  }
  if (!cursor.Finish() || !found_stream || !found_data || !found_data->value.is_object()) {
    return false;
  }
  stream = *found_stream;
  data = *found_data;
  return true;
}

bool RecordLine::ReadStream(StreamDescriptor* out) const {
  std::optional<std::string> name = JsonString(stream.value);
  if (!name) return false;
  out->name = *std::move(name);
  out->name_space.reset();
  if (!name_space || name_space->value.is_null()) return true;
  out->name_space = JsonString(name_space->value);
  return out->name_space.has_value();
}

}  // namespace shunt
