#include "transforms/record_rules.h"

#include <algorithm>
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

// What is asked for, stream by stream: mappers that do something, and each element of the catalog
// as the destination gets it, but for the names.
struct Compilation {
  std::vector<StreamMappers> mappers;  // one per stream, or none at all
  std::vector<std::string> elements;   // one per stream
};

absl::StatusOr<Compilation> CompileStreams(const RecordRuleSettings& settings,
                                           const ConfiguredCatalog& catalog,
                                           std::string_view catalog_json, CompiledRules* compiled) {
  const std::optional<JsonSlice> root = ParseJson(catalog_json);
  const auto streams = root ? JsonFind(*root, "streams") : std::nullopt;
  const auto elements = streams ? JsonElements(*streams) : std::nullopt;
  if (!elements || elements->size() != catalog.streams.size()) {
    return absl::InvalidArgumentError("catalog: it has no list of streams");
  }
  Compilation result;
  bool maps_fields = false;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    if (!settings.select_fields && !catalog.streams[i].has_mappers) {
      result.mappers.push_back(StreamMappers::None());
      result.elements.emplace_back((*elements)[i].text);
      continue;
    }
    absl::StatusOr<StreamMappers> stream =
        StreamMappers::Compile((*elements)[i], settings.select_fields);
    if (!stream.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("catalog: ", stream.status().message()));
    }
    maps_fields |= !stream->empty();
    for (const std::string& secret : stream->secrets()) compiled->secrets.push_back(secret);
    for (const std::string& note : stream->notes()) compiled->notes.push_back(note);
    result.elements.push_back(stream->ConfiguredStreamJson());
    stream->ForgetConfiguredStreamJson();
    result.mappers.push_back(*std::move(stream));
  }
  if (!maps_fields) result.mappers.clear();
  return result;
}

absl::Status CompileCatalogs(const RecordRuleSettings& settings, const ConfiguredCatalog& catalog,
                             std::string_view catalog_json, RecordRules* rules,
                             CompiledRules* compiled) {
  const bool has_mappers =
      std::any_of(catalog.streams.begin(), catalog.streams.end(),
                  [](const ConfiguredStream& stream) { return stream.has_mappers; });
  if (!has_mappers && !settings.select_fields && settings.names.identity()) {
    return absl::OkStatus();
  }
  absl::StatusOr<Compilation> streams = CompileStreams(settings, catalog, catalog_json, compiled);
  if (!streams.ok()) return streams.status();
  const NameMapping& names = settings.names;
  absl::StatusOr<std::string> destination = DestinationCatalogJson(
      catalog_json, streams->elements,
      [&names](const StreamDescriptor& stream) { return names.Map(stream); });
  if (!destination.ok()) return destination.status();
  compiled->destination_catalog = *std::move(destination);
  rules->mappers = std::move(streams->mappers);
  if (!has_mappers) return absl::OkStatus();
  absl::StatusOr<std::string> source = SourceCatalogJson(catalog_json);
  if (!source.ok()) return source.status();
  compiled->source_catalog = *std::move(source);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CompiledRules> CompileRecordRules(const RecordRuleSettings& settings,
                                                 const ConfiguredCatalog& catalog,
                                                 std::string_view catalog_json) {
  if (absl::Status status = CheckNames(settings); !status.ok()) return status;
  CompiledRules compiled;
  auto rules = std::make_shared<RecordRules>();
  rules->names = settings.names;
  rules->record_bytes_max = static_cast<uint64_t>(settings.record_bytes_max);
  rules->on_oversize = settings.on_oversize_record;
  absl::Status status = CompileCatalogs(settings, catalog, catalog_json, rules.get(), &compiled);
  if (!status.ok()) return status;
  if (!rules->idle()) compiled.rules = std::move(rules);
  return compiled;
}

absl::StatusOr<CompiledRules> CompileRecordRules(const RecordRuleSettings& settings,
                                                 std::string_view catalog_json) {
  const absl::StatusOr<ConfiguredCatalog> catalog = ParseConfiguredCatalog(catalog_json);
  if (!catalog.ok()) return catalog.status();
  return CompileRecordRules(settings, *catalog, catalog_json);
}

}  // namespace shunt
