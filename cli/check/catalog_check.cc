#include "cli/check/catalog_check.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/check/json_place.h"
#include "platform/nearest.h"
#include "platform/strings.h"
#include "protocol/catalog_types.h"
#include "protocol/json_cursor.h"
#include "protocol/message.h"
#include "secrets/masker.h"

namespace shunt {
namespace {

using Level = Finding::Level;
using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 10> kConfiguredKeys = {"stream",
                                                              "sync_mode",
                                                              "destination_sync_mode",
                                                              "cursor_field",
                                                              "primary_key",
                                                              "generation_id",
                                                              "minimum_generation_id",
                                                              "sync_id",
                                                              "include_files",
                                                              "destination_object_name"};
constexpr std::array<std::string_view, 9> kStreamKeys = {"name",
                                                         "namespace",
                                                         "json_schema",
                                                         "supported_sync_modes",
                                                         "source_defined_cursor",
                                                         "default_cursor_field",
                                                         "source_defined_primary_key",
                                                         "is_resumable",
                                                         "is_file_based"};

// Other readers take the last of two members, so those that are acted on may stand there once.
constexpr std::array<std::string_view, 16> kActedOn = {"streams",
                                                       "stream",
                                                       "sync_mode",
                                                       "destination_sync_mode",
                                                       "cursor_field",
                                                       "primary_key",
                                                       "generation_id",
                                                       "minimum_generation_id",
                                                       "sync_id",
                                                       "mappers",
                                                       "name",
                                                       "namespace",
                                                       "is_resumable",
                                                       "json_schema",
                                                       "default_cursor_field",
                                                       "source_defined_primary_key"};

using Members = std::map<std::string, JsonSlice, std::less<>>;

class Checker {
 public:
  Checker(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Finding> Run();

 private:
  // `at`: where in the text; null for the whole.
  void Say(Level level, const char* at, std::string path, std::string message);
  void Error(JsonSlice at, std::string path, std::string message) {
    Say(Level::kError, at.text.data(), std::move(path), std::move(message));
  }
  void Warn(JsonSlice at, std::string path, std::string message) {
    Say(Level::kWarning, at.text.data(), std::move(path), std::move(message));
  }

  // The members of an object, unless it is none or has a key twice.
  std::optional<Members> MembersOf(JsonSlice value, const std::string& path, Words known);
  // The value when it is one of `words`.
  std::string_view Word(const Members& members, JsonSlice object, const std::string& path,
                        std::string_view key, Words words);
  void CheckStream(JsonSlice element, std::size_t index);
  std::optional<StreamDescriptor> Descriptor(const Members& stream, JsonSlice object,
                                             const std::string& path);
  void CheckModes(const Members& configured, const Members& stream, JsonSlice object,
                  const std::string& path);
  void CheckCursor(const Members& configured, const Members& stream, JsonSlice object,
                   const std::string& path, std::string_view mode);
  void CheckKey(const Members& configured, const Members& stream, JsonSlice object,
                const std::string& path, std::string_view mode);
  void CheckField(JsonSlice field_path, const Members& stream, const std::string& path);
  void CheckGenerations(const Members& configured, JsonSlice object, const std::string& path);
  void CheckTwins();

  const std::string_view text_;
  const std::string& file_;
  std::vector<Finding> findings_;
  std::unordered_map<StreamDescriptor, std::size_t, StreamDescriptorHash> seen_;
};

const JsonSlice* Find(const Members& members, std::string_view key) {
  const auto found = members.find(key);
  return found == members.end() || found->second.is_null() ? nullptr : &found->second;
}

std::vector<JsonMember> MembersIn(JsonSlice object) {
  return JsonMembers(object).value_or(std::vector<JsonMember>());
}
std::vector<JsonSlice> ElementsIn(JsonSlice array) {
  return JsonElements(array).value_or(std::vector<JsonSlice>());
}

std::string ListOf(Words words) {
  std::string list;
  for (const std::string_view word : words) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", A(word));
  }
  return list;
}

// Names come from connectors.
std::string Shown(std::string_view name) { return EscapeForLog(name.substr(0, 100)); }

std::string NameOf(const StreamDescriptor& stream) {
  return stream.name_space ? absl::StrCat(Shown(*stream.name_space), ".", Shown(stream.name))
                           : Shown(stream.name);
}

bool NotEmptyList(const JsonSlice* value) {
  if (value == nullptr || !value->is_array()) return false;
  const auto elements = JsonElements(*value);
  return elements && !elements->empty();
}

void Checker::Say(Level level, const char* at, std::string path, std::string message) {
  // However many warnings there are, an error is not left out.
  const bool first_error = level == Level::kError && !HasErrors(findings_);
  if (findings_.size() >= kCatalogFindingsMax && !first_error) return;
  const Place place = at == nullptr ? Place{} : PlaceIn(text_, at);
  findings_.push_back({.level = level,
                       .file = file_,
                       .line = place.line,
                       .column = place.column,
                       .path = std::move(path),
                       .message = std::move(message)});
}

std::optional<Members> Checker::MembersOf(JsonSlice value, const std::string& path, Words known) {
  if (!value.is_object()) {
    Error(value, path, "expected an object");
    return std::nullopt;
  }
  Members members;
  for (const JsonMember& member : MembersIn(value)) {
    const char* const at = member.raw_key.data() - 1;
    const std::string key = JsonUnescape(member.raw_key).value_or("");
    if (!members.emplace(key, member.value).second) {
      const bool acted_on = std::find(kActedOn.begin(), kActedOn.end(), key) != kActedOn.end() ||
                            key == "supported_sync_modes";
      Say(acted_on ? Level::kError : Level::kWarning, at, path,
          absl::StrCat("the key ", Shown(key), " stands there twice"));
      if (acted_on) return std::nullopt;
      continue;
    }
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view nearest = Nearest(key, known);
    if (nearest.empty()) continue;  // the protocol allows keys of one's own
    Say(Level::kWarning, at, path,
        absl::StrCat("unknown key ", Shown(key), " (did you mean ", A(nearest), "?)"));
  }
  return members;
}

std::string_view Checker::Word(const Members& members, JsonSlice object, const std::string& path,
                               std::string_view key, Words words) {
  const JsonSlice* const value = Find(members, key);
  const std::string place = absl::StrCat(path, "/", A(key));
  if (value == nullptr) {
    Warn(object, place, absl::StrCat("it is missing; one of: ", ListOf(words)));
    return {};
  }
  const std::string text = JsonString(*value).value_or("");
  for (const std::string_view word : words) {
    if (text == word) return word;
  }
  Error(*value, place,
        absl::StrCat(value->is_string() ? absl::StrCat("'", Shown(text), "'") : "it",
                     " is none of: ", ListOf(words), DidYouMean(text, words)));
  return {};
}

std::optional<StreamDescriptor> Checker::Descriptor(const Members& stream, JsonSlice object,
                                                    const std::string& path) {
  StreamDescriptor descriptor;
  const JsonSlice* const name = Find(stream, "name");
  const JsonSlice* const name_space = Find(stream, "namespace");
  const auto text = name != nullptr ? JsonString(*name) : std::nullopt;
  if (!text) {
    Error(name != nullptr ? *name : object, path + "/name", "expected a string");
    return std::nullopt;
  }
  descriptor.name = *text;
  if (descriptor.name.empty()) Warn(*name, path + "/name", "the name is empty");
  if (name_space == nullptr) return descriptor;
  descriptor.name_space = JsonString(*name_space);
  if (descriptor.name_space) return descriptor;
  Error(*name_space, path + "/namespace", "expected a string or null");
  return std::nullopt;
}

// A path of a cursor or key must begin in the schema, if there is one with properties.
void Checker::CheckField(JsonSlice field_path, const Members& stream, const std::string& path) {
  const JsonSlice* const schema = Find(stream, "json_schema");
  const auto properties = schema != nullptr ? JsonFind(*schema, "properties") : std::nullopt;
  if (ElementsIn(field_path).empty()) return Warn(field_path, path, "the path of a field is empty");
  if (!properties || !properties->is_object()) return;
  const auto first = JsonString(ElementsIn(field_path).front());
  if (!first || JsonFind(*properties, *first)) return;
  std::vector<std::string> names;
  for (const JsonMember& member : MembersIn(*properties)) {
    names.push_back(JsonUnescape(member.raw_key).value_or(""));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  Warn(field_path, path,
       absl::StrCat("json_schema has no field ", Shown(*first), DidYouMean(*first, views)));
}

void Checker::CheckCursor(const Members& configured, const Members& stream, JsonSlice object,
                          const std::string& path, std::string_view mode) {
  const JsonSlice* const cursor = Find(configured, "cursor_field");
  const std::string place = path + "/cursor_field";
  if (cursor != nullptr && !IsPath(*cursor)) {
    return Error(*cursor, place, "expected a list of strings: the path of a field");
  }
  if (mode != "incremental") return;
  if (NotEmptyList(cursor)) return CheckField(*cursor, stream, place);
  const JsonSlice* const own = Find(stream, "source_defined_cursor");
  if (own != nullptr && own->type == JsonType::kTrue) return;
  Warn(object, place,
       "it is missing: an incremental sync needs one, unless the source has a cursor of its own");
}

void Checker::CheckKey(const Members& configured, const Members& stream, JsonSlice object,
                       const std::string& path, std::string_view mode) {
  const JsonSlice* const key = Find(configured, "primary_key");
  const std::string place = path + "/primary_key";
  if (key != nullptr && !IsListOfPaths(*key)) {
    Error(*key, place, "expected a list of lists of strings: the paths of fields");
  } else if (NotEmptyList(key)) {
    for (const JsonSlice& field : ElementsIn(*key)) CheckField(field, stream, place);
  } else if (mode.ends_with("_dedup")) {
    const bool own = NotEmptyList(Find(stream, "source_defined_primary_key"));
    Warn(object, place,
         absl::StrCat(
             "it is missing, and ", A(mode), " needs one",
             own ? "; the stream's source_defined_primary_key is not taken by itself" : ""));
  }
}

void Checker::CheckModes(const Members& configured, const Members& stream, JsonSlice object,
                         const std::string& path) {
  const std::string_view mode = Word(configured, object, path, "sync_mode", kSyncModes);
  const std::string_view destination =
      Word(configured, object, path, "destination_sync_mode", kDestinationSyncModes);
  const JsonSlice* const supported = Find(stream, "supported_sync_modes");
  if (supported != nullptr) {
    const auto modes = supported->is_array() ? JsonElements(*supported) : std::nullopt;
    if (!modes) {
      Error(*supported, path + "/stream/supported_sync_modes", "expected a list of strings");
    } else if (!mode.empty() && !modes->empty() &&
               std::none_of(modes->begin(), modes->end(),
                            [&](JsonSlice value) { return JsonString(value) == mode; })) {
      Warn(*Find(configured, "sync_mode"), path + "/sync_mode",
           absl::StrCat(A(mode), " is not among the stream's supported_sync_modes"));
    }
  }
  CheckCursor(configured, stream, object, path, mode);
  if (mode == "incremental" && destination == "overwrite") {
    Warn(*Find(configured, "destination_sync_mode"), path + "/destination_sync_mode",
         "an incremental sync that overwrites leaves only the newest records");
  }
  CheckKey(configured, stream, object, path, destination);
}

void Checker::CheckGenerations(const Members& configured, JsonSlice object,
                               const std::string& path) {
  std::map<std::string_view, int64_t> values;
  for (const std::string_view key : {"generation_id", "minimum_generation_id", "sync_id"}) {
    const JsonSlice* const value = Find(configured, key);
    if (value == nullptr) continue;
    const auto number = value->is_number() ? JsonInt64(*value) : std::nullopt;
    if (!number) {
      Error(*value, absl::StrCat(path, "/", A(key)), "expected an integer");
      return;
    }
    values.emplace(key, *number);
  }
  if (!values.empty() && values.size() < 3) {
    return Warn(object, path,
                "generation_id, minimum_generation_id and sync_id belong together; a destination "
                "may refuse some of them alone");
  }
  if (values.empty()) return;
  const int64_t minimum = values["minimum_generation_id"];
  if (minimum == 0 || minimum == values["generation_id"]) return;
  Warn(*Find(configured, "minimum_generation_id"), path + "/minimum_generation_id",
       "most destinations take only 0 (keep all) or the generation_id (replace all)");
}

void Checker::CheckStream(JsonSlice element, std::size_t index) {
  const std::string path = absl::StrCat("/streams/", index);
  const auto configured = MembersOf(element, path, kConfiguredKeys);
  if (!configured) return;
  const JsonSlice* const inner = Find(*configured, "stream");
  if (inner == nullptr) return Error(element, path + "/stream", "it is missing");
  const std::string stream_path = path + "/stream";
  const auto stream = MembersOf(*inner, stream_path, kStreamKeys);
  if (!stream) return;
  const auto descriptor = Descriptor(*stream, *inner, stream_path);
  if (!descriptor) return;
  const auto [first, fresh] = seen_.emplace(*descriptor, index);
  if (!fresh) {
    Error(*inner, stream_path,
          absl::StrCat("the stream ", NameOf(*descriptor),
                       " is configured twice; first in /streams/", first->second));
  }
  const JsonSlice* const schema = Find(*stream, "json_schema");
  if (schema == nullptr) {
    Warn(*inner, stream_path + "/json_schema", "it is missing; most destinations need it");
  } else if (!schema->is_object()) {
    Error(*schema, stream_path + "/json_schema", "expected an object");
  }
  CheckModes(*configured, *stream, element, path);
  CheckGenerations(*configured, element, path);
}

// No namespace and the empty one are two; nobody means both.
void Checker::CheckTwins() {
  std::vector<std::pair<std::size_t, const StreamDescriptor*>> empty;
  for (const auto& [descriptor, index] : seen_) {
    if (descriptor.name_space == "") empty.emplace_back(index, &descriptor);
  }
  std::sort(empty.begin(), empty.end());
  for (const auto& [index, descriptor] : empty) {
    const auto twin = seen_.find(StreamDescriptor{descriptor->name, std::nullopt});
    Say(Level::kWarning, nullptr, absl::StrCat("/streams/", index, "/stream/namespace"),
        twin == seen_.end()
            ? std::string("\"\" is a namespace, and not the same as none (null)")
            : absl::StrCat("the stream ", Shown(descriptor->name),
                           " is configured with the namespace \"\" here, and without one in "
                           "/streams/",
                           twin->second, "; these are two streams"));
  }
}

std::vector<Finding> Checker::Run() {
  if (const auto problem = FindJsonProblem(text_)) {
    return {{.file = file_,
             .line = problem->place.line,
             .column = problem->place.column,
             .path = "",
             .message = "not well-formed JSON: " + problem->what}};
  }
  const JsonSlice root = *ParseJson(text_);
  constexpr std::array<std::string_view, 1> kRootKeys = {"streams"};
  const auto members = MembersOf(root, "", kRootKeys);
  if (!members) return std::move(findings_);
  const JsonSlice* const streams = Find(*members, "streams");
  const auto elements =
      streams != nullptr && streams->is_array() ? JsonElements(*streams) : std::nullopt;
  if (!elements) {
    Error(streams != nullptr ? *streams : root, "/streams", "expected a list of streams");
    return std::move(findings_);
  }
  if (elements->empty()) Warn(*streams, "/streams", "no stream is configured: nothing is synced");
  for (std::size_t i = 0; i < elements->size(); ++i) CheckStream((*elements)[i], i);
  CheckTwins();
  return std::move(findings_);
}

}  // namespace

std::vector<Finding> CheckCatalog(std::string_view text, const std::string& file) {
  return Checker(text, file).Run();
}

}  // namespace shunt
