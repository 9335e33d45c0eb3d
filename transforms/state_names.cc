#include "transforms/state_names.h"

#include <optional>

#include "protocol/json_cursor.h"
#include "transforms/line_edit.h"

namespace shunt {
namespace {

using Event = JsonCursor::Event;

class StateReader {
 public:
  StateReader(std::string_view line, const NameMapping& names, LineEdit* edit)
      : line_(line), names_(names), edit_(edit) {}

  // Whether the next value is such a one, which has begun then; any other is passed over.
  static bool Enters(JsonCursor& cursor, Event event) {
    if (cursor.Next() == event) return true;
    cursor.Rest();
    return false;
  }

  // Each reads the rest of an object whose kObject the cursor has just read.
  void ReadState(JsonCursor& cursor) {
    while (cursor.NextKey()) {
      if (cursor.KeyIs("stream")) {
        if (Enters(cursor, Event::kObject)) ReadStreamState(cursor);
      } else if (cursor.KeyIs("global")) {
        if (Enters(cursor, Event::kObject)) ReadGlobal(cursor);
      } else {
        cursor.Value();
      }
    }
  }

  void ReadGlobal(JsonCursor& cursor) {
    while (cursor.NextKey()) {
      if (!cursor.KeyIs("stream_states")) {
        cursor.Value();
      } else if (Enters(cursor, Event::kArray)) {
        while (cursor.Next() == Event::kObject) ReadStreamState(cursor);
      }
    }
  }

 private:
  void ReadStreamState(JsonCursor& cursor) {
    while (cursor.NextKey()) {
      const bool descriptor = cursor.KeyIs("stream_descriptor");
      if (!descriptor) {
        cursor.Value();
      } else if (Enters(cursor, Event::kObject)) {
        ReadDescriptor(cursor);
      }
    }
  }

  void ReadDescriptor(JsonCursor& cursor) {
    std::optional<MemberSpan> name, name_space;
    if (!ReadSpans(line_, cursor, {{"name", &name}, {"namespace", &name_space}}) || !name) return;
    StreamDescriptor stream;
    const auto text = JsonString(name->value);
    if (!text) return;
    stream.name = *text;
    if (name_space && !name_space->value.is_null()) {
      stream.name_space = JsonString(name_space->value);
      if (!stream.name_space) return;
    }
    EditStream(stream, names_.Map(stream), *name, name_space, edit_);
  }

  const std::string_view line_;
  const NameMapping& names_;
  LineEdit* const edit_;
};

}  // namespace

void AppendWithMappedNames(std::string_view line, const NameMapping& names, std::string* out) {
  LineEdit edit;
  StateReader reader(line, names, &edit);
  JsonCursor cursor(line);
  if (cursor.Next() == Event::kObject) {
    while (cursor.NextKey()) {
      if (!cursor.KeyIs("state")) {
        cursor.Value();
      } else if (StateReader::Enters(cursor, Event::kObject)) {
        reader.ReadState(cursor);
      }
    }
  }
  edit.AppendTo(line, out);
}

std::string MapBlobNames(std::string_view global_blob, const NameMapping& names) {
  LineEdit edit;
  JsonCursor cursor(global_blob);
  if (cursor.Next() == Event::kObject) StateReader(global_blob, names, &edit).ReadGlobal(cursor);
  std::string mapped;
  edit.AppendTo(global_blob, &mapped);
  return mapped;
}

}  // namespace shunt
