#include "transforms/schema_check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "protocol/json_cursor.h"

namespace shunt {

SchemaCheck::SchemaCheck(std::string_view catalog_json, const SchemaCheckOptions& options)
    : options_(options) {
  const std::optional<JsonSlice> root = ParseJson(catalog_json);
  const auto list = root ? JsonFind(*root, "streams") : std::nullopt;
  const auto elements = list && list->is_array() ? JsonElements(*list) : std::nullopt;
  if (!elements) return;
  streams_.resize(elements->size());
  if (options_.validation == SchemaValidation::kOff) return;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const auto stream = JsonFind((*elements)[i], "stream");
    const auto schema = stream ? JsonFind(*stream, "json_schema") : std::nullopt;
    Findings& findings = streams_[i].findings;
    if (!schema || !schema->is_object()) {
      findings.note = "not checked: it has no json_schema";
      findings.stopped = true;
    } else if (schema->text.size() > options_.schema_bytes_max - bytes) {
      findings.note = "not checked: the schemas of the catalog are too long together";
      findings.stopped = true;
    } else {
      bytes += schema->text.size();
      streams_[i].schema = schema->text;
    }
  }
}

SchemaCheck::~SchemaCheck() = default;

bool SchemaCheck::Compile(Stream* stream) {
  absl::StatusOr<std::shared_ptr<const ConnectorSpec>> compiled =
      ConnectorSpec::Compile(stream->schema);
  stream->schema = std::string();
  if (!compiled.ok()) {
    stream->findings.note =
        "not checked: its json_schema cannot be used: " + std::string(compiled.status().message());
    Stop(stream);
    return false;
  }
  stream->compiled = *std::move(compiled);
  if (!stream->compiled->notes().empty()) {
    stream->findings.note = "not checked wholly: " + stream->compiled->notes().front();
  }
  return true;
}

void SchemaCheck::Stop(Stream* stream) {
  stream->findings.stopped = true;
  stream->compiled.reset();
}

void SchemaCheck::CheckNow(uint32_t index, std::string_view data) {
  Stream& stream = streams_[index];
  Findings& findings = stream.findings;
  if (data.size() > options_.record_bytes_max) {
    ++findings.too_long;
    return;
  }
  if (stream.compiled == nullptr && !Compile(&stream)) return;
  const absl::StatusOr<SpecVerdict> verdict = stream.compiled->Examine(data);
  if (!verdict.ok()) {
    // Too many steps, or data of a grammar that only `--validate envelope` lets through.
    findings.note = "not checked wholly: " + std::string(verdict.status().message());
    if (++findings.undecided >= kBadRecordsMax) Stop(&stream);
    return;
  }
  ++findings.checked;
  if (verdict->violations.empty()) return;
  Note(verdict->violations, &findings);
  if (++findings.bad >= kBadRecordsMax) Stop(&stream);
}

void SchemaCheck::Note(const std::vector<SpecViolation>& found, Findings* findings) {
  // Once per record, however often the record has it.
  std::vector<bool> seen(kViolationsMax, false);
  for (const SpecViolation& violation : found) {
    const auto same = std::find_if(
        findings->violations.begin(), findings->violations.end(), [&](const Violation& known) {
          return known.path == violation.path && known.keyword == violation.keyword &&
                 known.detail == violation.detail;
        });
    const auto at = static_cast<std::size_t>(same - findings->violations.begin());
    if (same == findings->violations.end()) {
      if (at == kViolationsMax) continue;
      findings->violations.push_back({violation.path, violation.keyword, violation.detail, 0});
    }
    if (seen[at]) continue;
    seen[at] = true;
    ++findings->violations[at].records;
  }
}

}  // namespace shunt
