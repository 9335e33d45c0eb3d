#include "transforms/stream_schema.h"

#include <cstddef>
#include <utility>

#include "transforms/line_edit.h"

namespace shunt {
namespace {

struct Found {
  JsonSlice parent, properties;
};

// Jackson's findValue: the object's own, else that of the first child that has one.
std::optional<Found> FindProperties(JsonSlice value) {
  if (value.is_object()) {
    if (const std::optional<JsonSlice> own = JsonFind(value, "properties")) {
      return Found{value, *own};
    }
    for (const JsonMember& member : JsonMembers(value).value_or(std::vector<JsonMember>{})) {
      if (std::optional<Found> found = FindProperties(member.value)) return found;
    }
  } else if (value.is_array()) {
    for (const JsonSlice& element : JsonElements(value).value_or(std::vector<JsonSlice>{})) {
      if (std::optional<Found> found = FindProperties(element)) return found;
    }
  }
  return std::nullopt;
}

bool IsStandIn(std::string_view name) {
  return name == "$id" || name == "$comment" || name == "$schema";
}

bool IsField(std::string_view raw_key, std::string_view name) {
  // A field with a dollar of its own cannot be told from a stand-in.
  if (IsStandIn(name)) return false;
  if (JsonKeyIs(raw_key, name)) return true;
  return (name == "id" || name == "comment" || name == "schema") &&
         JsonKeyIs(raw_key, "$" + std::string(name));
}

std::optional<std::vector<std::string>> ReadNames(JsonSlice array) {
  const std::optional<std::vector<JsonSlice>> elements =
      array.is_array() ? JsonElements(array) : std::nullopt;
  if (!elements) return std::nullopt;
  std::vector<std::string> names;
  for (const JsonSlice& element : *elements) {
    std::optional<std::string> name = JsonString(element);
    if (!name) return std::nullopt;
    names.push_back(*std::move(name));
  }
  return names;
}

void AppendNames(const std::vector<std::string>& names, std::string* out) {
  out->push_back('[');
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out->push_back(',');
    out->append(JsonQuote(names[i]));
  }
  out->push_back(']');
}

}  // namespace

absl::StatusOr<StreamSchema> StreamSchema::Parse(JsonSlice configured_stream) {
  StreamSchema schema;
  schema.stream_ = configured_stream;
  const auto stream = JsonFind(configured_stream, "stream");
  if (!stream) return absl::InvalidArgumentError("no `stream` object");
  schema.ReadPaths(configured_stream, "cursor_field", Paths::Form::kOnePath);
  schema.ReadPaths(configured_stream, "primary_key", Paths::Form::kPaths);
  schema.ReadPaths(*stream, "default_cursor_field", Paths::Form::kOnePath);
  schema.ReadPaths(*stream, "source_defined_primary_key", Paths::Form::kPaths);
  const auto json_schema = JsonFind(*stream, "json_schema");
  const std::optional<Found> found =
      json_schema ? FindProperties(*json_schema) : std::optional<Found>();
  if (!found) return schema;
  schema.properties_ = found->properties;
  if (!found->properties.is_object() || !schema.fields_.Parse(found->properties.text)) {
    return absl::InvalidArgumentError("json_schema: `properties` is no object");
  }
  schema.ReadPaths(found->parent, "required", Paths::Form::kNames);
  return schema;
}

// A list of any other form is not ours to judge: it stays as it is.
void StreamSchema::ReadPaths(JsonSlice object, const char* name, Paths::Form form) {
  const std::optional<JsonSlice> value = JsonFind(object, name);
  if (!value || !value->is_array()) return;
  Paths paths{.name = name, .form = form, .place = *value, .paths = {}, .changed = false};
  if (form == Paths::Form::kPaths) {
    for (const JsonSlice& element : JsonElements(*value).value_or(std::vector<JsonSlice>{})) {
      std::optional<std::vector<std::string>> path = ReadNames(element);
      if (!path) return;
      paths.paths.push_back(*std::move(path));
    }
  } else {
    std::optional<std::vector<std::string>> names = ReadNames(*value);
    if (!names) return;
    if (form == Paths::Form::kOnePath) {
      paths.paths.push_back(*std::move(names));
    } else {
      for (std::string& each : *names) paths.paths.push_back({std::move(each)});
    }
  }
  paths_.push_back(std::move(paths));
}

bool StreamSchema::HasField(std::string_view name) const {
  for (const Row::Member& member : fields_.members()) {
    if (!member.removed && IsField(member.raw_key, name)) return true;
  }
  return false;
}

std::vector<std::string> StreamSchema::Fields() const {
  std::vector<std::string> names;
  for (const Row::Member& member : fields_.members()) {
    std::optional<std::string> name = JsonUnescape(member.raw_key);
    if (member.removed || !name) continue;
    if (IsStandIn(*name)) names.push_back(name->substr(1));
    names.push_back(*std::move(name));
  }
  return names;
}

void StreamSchema::Redefine(std::string_view from, std::string_view to,
                            std::optional<std::string_view> json) {
  for (Row::Member& member : fields_.members()) {
    if (member.removed || !IsField(member.raw_key, from)) continue;
    if (from != to) fields_.Rename(member, to);
    if (json) fields_.SetValue(member, std::string(*json));
  }
  for (Paths& list : paths_) {
    for (auto path = list.paths.begin(); path != list.paths.end();) {
      const bool through = !path->empty() && path->front() == from;
      if (through && path->size() > 1 && json) {
        // It has no fields below it any more.
        notes_.push_back(list.name + " loses a path through the field " + JsonQuote(from));
        path = list.paths.erase(path);
        list.changed = true;
        continue;
      }
      if (through && from != to) {
        path->front() = to;
        list.changed = true;
      }
      ++path;
    }
  }
}

void StreamSchema::Remove(std::string_view name) {
  for (Row::Member& member : fields_.members()) {
    if (!member.removed && IsField(member.raw_key, name)) fields_.Remove(member);
  }
  for (Paths& list : paths_) {
    const std::size_t removed = std::erase_if(
        list.paths, [&](const auto& path) { return !path.empty() && path.front() == name; });
    if (removed == 0) continue;
    list.changed = true;
    if (list.form != Paths::Form::kNames) {
      notes_.push_back(list.name + " loses the field " + JsonQuote(name));
    }
  }
}

std::string StreamSchema::PathsJson(const Paths& paths) {
  std::string json;
  if (paths.form == Paths::Form::kOnePath) {
    AppendNames(paths.paths.empty() ? std::vector<std::string>{} : paths.paths.front(), &json);
    return json;
  }
  if (paths.form == Paths::Form::kNames) {
    std::vector<std::string> names;
    for (const auto& path : paths.paths) names.push_back(path.front());
    AppendNames(names, &json);
    return json;
  }
  json.push_back('[');
  for (std::size_t i = 0; i < paths.paths.size(); ++i) {
    if (i > 0) json.push_back(',');
    AppendNames(paths.paths[i], &json);
  }
  json.push_back(']');
  return json;
}

std::string StreamSchema::Json() const {
  LineEdit edit;
  const auto replace = [&](JsonSlice value, std::string by) {
    const auto begin = static_cast<std::size_t>(value.text.data() - stream_.text.data());
    edit.Replace(begin, begin + value.text.size(), std::move(by));
  };
  if (fields_.touched()) {
    std::string properties;
    fields_.AppendTo(&properties);
    replace(properties_, std::move(properties));
  }
  for (const Paths& list : paths_) {
    if (list.changed) replace(list.place, PathsJson(list));
  }
  std::string json;
  edit.AppendTo(stream_.text, &json);
  return WithoutMappers(json);
}

std::string WithoutMappers(std::string_view configured_stream) {
  Row stream;
  if (!stream.Parse(configured_stream)) return std::string(configured_stream);
  for (Row::Member& member : stream.members()) {
    if (JsonKeyIs(member.raw_key, "mappers")) stream.Remove(member);
  }
  std::string without;
  stream.AppendTo(&without);
  return without;
}

}  // namespace shunt
