#include "cli/connection_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/check/json_place.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

absl::Status ErrorAt(Place place, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(place.line, ":", place.column, ": ", what));
}

// Both parsers would keep one of two equal keys silently; which one is a coin toss for the reader.
absl::Status AddEntry(FileEntry entry, std::vector<FileEntry>* entries) {
  for (const FileEntry& other : *entries) {
    if (other.key != entry.key) continue;
    return ErrorAt({entry.line, entry.column},
                   absl::StrCat("'", entry.key, "' was given before, in line ", other.line));
  }
  entries->push_back(std::move(entry));
  return absl::OkStatus();
}

absl::Status AddToMap(Place place, std::string name, std::string text, FileEntry* entry) {
  for (const auto& [other, unused] : entry->map) {
    if (other == name) return ErrorAt(place, absl::StrCat("'", name, "' was given before"));
  }
  entry->map.emplace_back(std::move(name), std::move(text));
  return absl::OkStatus();
}

std::string ListInsteadOfText(const std::string& key) {
  return absl::StrCat("'", key, "' holds a list; expected one text",
                      key == "source" || key == "destination"
                          ? ", split like a shell does: node main.js --flag 'two words'"
                          : "");
}

// --- YAML --------------------------------------------------------------------------------------

Place PlaceOf(const YAML::Mark& mark) {
  // yaml-cpp counts from 0, and -1 means nowhere.
  return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
}

absl::Status ReadYamlMap(const YAML::Node& node, FileEntry* entry) {
  entry->is_map = true;
  for (const auto& member : node) {
    const Place place = PlaceOf(member.first.Mark());
    if (!member.first.IsScalar() || !member.second.IsScalar()) {
      return ErrorAt(place, absl::StrCat("'", entry->key, "' maps names to texts"));
    }
    absl::Status status = AddToMap(place, member.first.Scalar(), member.second.Scalar(), entry);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadYamlMember(const YAML::Node& key, const YAML::Node& value,
                            std::vector<FileEntry>* entries) {
  const Place place = PlaceOf(key.Mark());
  if (!key.IsScalar()) return ErrorAt(place, "a key must be a plain word");
  FileEntry entry{
      .key = key.Scalar(), .line = place.line, .column = place.column, .text = {}, .map = {}};
  if (value.IsNull()) return absl::OkStatus();
  if (value.IsScalar()) {
    entry.text = value.Scalar();
    return AddEntry(std::move(entry), entries);
  }
  if (!value.IsMap()) {
    return ErrorAt(place, ListInsteadOfText(entry.key));
  }
  absl::Status status = ReadYamlMap(value, &entry);
  return status.ok() ? AddEntry(std::move(entry), entries) : status;
}

absl::StatusOr<std::vector<FileEntry>> ReadYaml(const std::string& text) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(text);
  if (documents.size() > 1) {
    return ErrorAt(PlaceOf(documents[1].Mark()), "a second document; one connection, one file");
  }
  std::vector<FileEntry> entries;
  if (documents.empty() || documents[0].IsNull()) return entries;
  if (!documents[0].IsMap()) {
    return ErrorAt(PlaceOf(documents[0].Mark()), "expected `key: value` lines");
  }
  for (const auto& member : documents[0]) {
    absl::Status status = ReadYamlMember(member.first, member.second, &entries);
    if (!status.ok()) return status;
  }
  return entries;
}

// --- JSON --------------------------------------------------------------------------------------

// A scalar as the text that the setters read.
std::optional<std::string> ScalarText(const JsonSlice& value) {
  switch (value.type) {
    case JsonType::kString:
      return JsonString(value);
    case JsonType::kNumber:
    case JsonType::kTrue:
    case JsonType::kFalse:
      return std::string(value.text);
    default:
      return std::nullopt;
  }
}

absl::Status ReadJsonMap(std::string_view text, JsonSlice object, FileEntry* entry) {
  entry->is_map = true;
  const auto members = JsonMembers(object);
  for (const JsonMember& member : *members) {
    const Place place = PlaceIn(text, member.raw_key.data() - 1);
    const std::optional<std::string> name = JsonUnescape(member.raw_key);
    const std::optional<std::string> value = ScalarText(member.value);
    if (!name || !value) {
      return ErrorAt(place, absl::StrCat("'", entry->key, "' maps names to texts"));
    }
    absl::Status status = AddToMap(place, *name, *value, entry);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadJsonMember(std::string_view text, const JsonMember& member,
                            std::vector<FileEntry>* entries) {
  const Place place = PlaceIn(text, member.raw_key.data() - 1);
  std::optional<std::string> key = JsonUnescape(member.raw_key);
  if (!key) return ErrorAt(place, "a key must be plain text");
  FileEntry entry{
      .key = *std::move(key), .line = place.line, .column = place.column, .text = {}, .map = {}};
  if (member.value.is_null()) return absl::OkStatus();
  if (member.value.is_object()) {
    absl::Status status = ReadJsonMap(text, member.value, &entry);
    return status.ok() ? AddEntry(std::move(entry), entries) : status;
  }
  std::optional<std::string> value = ScalarText(member.value);
  if (!value) {
    return ErrorAt(place, ListInsteadOfText(entry.key));
  }
  entry.text = *std::move(value);
  return AddEntry(std::move(entry), entries);
}

}  // namespace

absl::StatusOr<std::vector<FileEntry>> ParseConnectionYaml(std::string_view text) {
  // yaml-cpp throws; nothing of that leaves this function. What it says quotes no content.
  try {
    return ReadYaml(std::string(text));
  } catch (const YAML::Exception& error) {
    return ErrorAt(PlaceOf(error.mark), absl::StrCat("not YAML: ", error.msg));
  }
}

absl::StatusOr<std::vector<FileEntry>> ParseConnectionJson(std::string_view text) {
  const std::optional<JsonSlice> document = ParseJson(text);
  if (!document) return absl::InvalidArgumentError(JsonProblemText(text));
  if (!document->is_object()) return ErrorAt({}, "expected one JSON object");
  const auto members = JsonMembers(*document);
  std::vector<FileEntry> entries;
  for (const JsonMember& member : *members) {
    absl::Status status = ReadJsonMember(text, member, &entries);
    if (!status.ok()) return status;
  }
  return entries;
}

}  // namespace shunt
