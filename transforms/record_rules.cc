#include "transforms/record_rules.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "protocol/json_cursor.h"
#include "transforms/configured_catalog.h"

namespace shunt {
namespace {

absl::Status CheckNames(const RecordRuleSettings& settings) {
  const NameMapping& names = settings.names;
  if (names.definition == NamespaceDefinition::kCustom && names.format.empty()) {
    return absl::InvalidArgumentError(
        "namespace-definition: custom needs namespace-format, like 'raw_${SOURCE_NAMESPACE}'");
  }
  if (names.definition != NamespaceDefinition::kCustom && !names.format.empty()) {
    return absl::InvalidArgumentError(
        "namespace-format: it is for namespace-definition custom only");
  }
  return absl::OkStatus();
}

// The mappers of every stream of the catalog, which some may have none of.
absl::StatusOr<std::vector<StreamMappers>> CompileMappers(std::string_view catalog_json,
                                                          bool select_fields) {
  const std::optional<JsonSlice> root = ParseJson(catalog_json);
  const auto streams = root ? JsonFind(*root, "streams") : std::nullopt;
  const auto elements = streams ? JsonElements(*streams) : std::nullopt;
  if (!elements) return absl::InvalidArgumentError("catalog: it has no list of streams");
  std::vector<StreamMappers> all;
  for (const JsonSlice& element : *elements) {
    absl::StatusOr<StreamMappers> stream = StreamMappers::Compile(element, select_fields);
    if (!stream.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("catalog: ", stream.status().message()));
    }
    all.push_back(*std::move(stream));
  }
  return all;
}

}  // namespace

absl::StatusOr<CompiledRules> CompileRecordRules(const RecordRuleSettings& settings,
                                                 std::string_view catalog_json) {
  if (absl::Status status = CheckNames(settings); !status.ok()) return status;
  absl::StatusOr<std::vector<StreamMappers>> mappers =
      CompileMappers(catalog_json, settings.select_fields);
  if (!mappers.ok()) return mappers.status();

  CompiledRules compiled;
  std::vector<std::string> elements;
  bool maps_fields = false;
  for (const StreamMappers& stream : *mappers) {
    elements.push_back(stream.ConfiguredStreamJson());
    maps_fields |= !stream.empty();
    for (const std::string& secret : stream.secrets()) compiled.secrets.push_back(secret);
    for (const std::string& note : stream.notes()) compiled.notes.push_back(note);
  }
  absl::StatusOr<std::string> source = SourceCatalogJson(catalog_json);
  if (!source.ok()) return source.status();
  const NameMapping& names = settings.names;
  absl::StatusOr<std::string> destination = DestinationCatalogJson(
      catalog_json, elements,
      [&names](const StreamDescriptor& stream) { return names.Map(stream); });
  if (!destination.ok()) return destination.status();
  compiled.source_catalog = *std::move(source);
  compiled.destination_catalog = *std::move(destination);

  auto rules = std::make_shared<RecordRules>();
  rules->names = names;
  if (maps_fields) rules->mappers = *std::move(mappers);
  rules->record_bytes_max = static_cast<uint64_t>(settings.record_bytes_max);
  rules->on_oversize = settings.on_oversize_record;
  if (!rules->idle()) compiled.rules = std::move(rules);
  return compiled;
}

}  // namespace shunt
