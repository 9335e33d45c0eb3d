// StreamSchema: the part of a stream of the configured catalog that mappers change: the properties
// of its json_schema (and its `required`), cursor_field and primary_key, and the source's own
// (default_cursor_field, source_defined_primary_key). What is not changed stays byte for byte.
//
// Lives on the text it was read from. Threads: one. Errors: InvalidArgument.
// Rules: FieldSelector and SlimStream of the platform; `properties` is the json_schema's own or,
// when it has none, the first one further down. $id, $comment and $schema there may stand for the
// fields id, comment and schema, which JSON Schema would take for its own; of a selection they are
// both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protocol/json_cursor.h"
#include "transforms/row.h"

namespace shunt {

class StreamSchema {
 public:
  // `configured_stream`: an element of the catalog's `streams`.
  static absl::StatusOr<StreamSchema> Parse(JsonSlice configured_stream);

  // Whether there are properties at all.
  bool has_properties() const { return properties_.text.data() != nullptr; }
  bool HasField(std::string_view name) const;
  std::vector<std::string> Fields() const;

  // The field is called `to` from now on; `json`, when given, is its schema from now on. REQUIRES:
  // HasField(from), and not HasField(to) unless they are the same.
  void Redefine(std::string_view from, std::string_view to, std::optional<std::string_view> json);
  void Remove(std::string_view name);

  // What somebody should know although it is not wrong: keys that lost a part.
  const std::vector<std::string>& notes() const { return notes_; }

  // The element as it is now, without its `mappers`.
  std::string Json() const;

 private:
  // A list of paths, each a list of names, in one of the forms that the catalog has for it.
  struct Paths {
    enum class Form { kOnePath, kPaths, kNames };
    std::string name;
    Form form = Form::kPaths;
    JsonSlice place;
    std::vector<std::vector<std::string>> paths;
    bool changed = false;
  };

  void ReadPaths(JsonSlice object, const char* name, Paths::Form form);
  static std::string PathsJson(const Paths& paths);
  Row::Member* FindMember(std::string_view name);

  JsonSlice stream_;
  JsonSlice properties_;
  Row fields_;
  std::vector<Paths> paths_;
  std::vector<std::string> notes_;
};

// An element of the catalog's `streams` without its `mappers`, in which keys may stand; everything
// else stays byte for byte.
std::string WithoutMappers(std::string_view configured_stream);

}  // namespace shunt
