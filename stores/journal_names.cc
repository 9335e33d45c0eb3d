#include "stores/journal_names.h"

#include <utility>

#include "protocol/json_cursor.h"

namespace shunt {

std::string NamesToJson(const std::vector<std::string>& names) {
  std::string json = "[";
  for (const std::string& name : names) {
    if (json.size() > 1) json += ',';
    json += JsonQuote(name);
  }
  json += ']';
  return json;
}

std::optional<std::vector<std::string>> NamesFromJson(std::string_view json) {
  const std::optional<JsonSlice> array = ParseJson(json);
  if (!array || !array->is_array()) return std::nullopt;
  const std::optional<std::vector<JsonSlice>> elements = JsonElements(*array);
  if (!elements) return std::nullopt;
  std::vector<std::string> names;
  for (const JsonSlice& element : *elements) {
    std::optional<std::string> name = JsonString(element);
    if (!name) return std::nullopt;
    names.push_back(*std::move(name));
  }
  return names;
}

}  // namespace shunt
