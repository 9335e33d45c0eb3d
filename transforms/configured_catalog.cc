#include "transforms/configured_catalog.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "protocol/json_cursor.h"
#include "transforms/line_edit.h"
#include "transforms/stream_schema.h"

namespace shunt {
namespace {

absl::Status NoCatalog() {
  return absl::InvalidArgumentError("the catalog has no `streams` array of objects");
}

std::optional<std::vector<JsonSlice>> StreamsOf(std::string_view catalog_json) {
  const std::optional<JsonSlice> root = ParseJson(catalog_json);
  const auto streams = root ? JsonFind(*root, "streams") : std::nullopt;
  return streams && streams->is_array() ? JsonElements(*streams) : std::nullopt;
}

// The catalog with element i of its streams replaced by replacements[i].
std::string WithStreams(std::string_view catalog_json, const std::vector<JsonSlice>& elements,
                        std::vector<std::string> replacements) {
  LineEdit edit;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto begin = static_cast<std::size_t>(elements[i].text.data() - catalog_json.data());
    edit.Replace(begin, begin + elements[i].text.size(), std::move(replacements[i]));
  }
  std::string result;
  edit.AppendTo(catalog_json, &result);
  return result;
}

// The element with the name and namespace of its `stream` as the destination knows them.
absl::StatusOr<std::string> Renamed(
    std::string_view element, const std::function<StreamDescriptor(const StreamDescriptor&)>& map) {
  std::optional<MemberSpan> stream, name, name_space;
  JsonCursor outer(element);
  if (outer.Next() != JsonCursor::Event::kObject ||
      !ReadSpans(element, outer, {{"stream", &stream}}) || !stream) {
    return NoCatalog();
  }
  JsonCursor inner(stream->value.text);
  if (inner.Next() != JsonCursor::Event::kObject ||
      !ReadSpans(element, inner, {{"name", &name}, {"namespace", &name_space}}) || !name) {
    return absl::InvalidArgumentError("a stream of the catalog has no usable name");
  }
  StreamDescriptor from;
  std::optional<std::string> text = JsonString(name->value);
  if (!text) return absl::InvalidArgumentError("a stream of the catalog has no usable name");
  from.name = *std::move(text);
  if (name_space && !name_space->value.is_null()) {
    from.name_space = JsonString(name_space->value);
    if (!from.name_space) {
      return absl::InvalidArgumentError("a stream of the catalog has no usable namespace");
    }
  }
  LineEdit edit;
  EditStream(from, map(from), *name, name_space, &edit);
  std::string result;
  edit.AppendTo(element, &result);
  return result;
}

}  // namespace

absl::StatusOr<std::string> SourceCatalogJson(std::string_view catalog_json) {
  const std::optional<std::vector<JsonSlice>> elements = StreamsOf(catalog_json);
  if (!elements) return NoCatalog();
  std::vector<std::string> without;
  for (const JsonSlice& element : *elements) {
    if (!element.is_object()) return NoCatalog();
    without.push_back(WithoutMappers(element.text));
  }
  return WithStreams(catalog_json, *elements, std::move(without));
}

absl::StatusOr<std::string> DestinationCatalogJson(
    std::string_view catalog_json, std::span<const std::string> streams,
    const std::function<StreamDescriptor(const StreamDescriptor&)>& map) {
  const std::optional<std::vector<JsonSlice>> elements = StreamsOf(catalog_json);
  if (!elements) return NoCatalog();
  if (elements->size() != streams.size()) {
    return absl::InvalidArgumentError("the catalog has another number of streams");
  }
  std::vector<std::string> renamed;
  for (const std::string& stream : streams) {
    absl::StatusOr<std::string> element = Renamed(stream, map);
    if (!element.ok()) return element.status();
    renamed.push_back(*std::move(element));
  }
  return WithStreams(catalog_json, *elements, std::move(renamed));
}

}  // namespace shunt
