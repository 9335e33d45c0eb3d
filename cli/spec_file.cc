#include "cli/spec_file.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/check/json_place.h"
#include "platform/files.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/payloads.h"

namespace shunt {
namespace {

using SpecPointer = std::shared_ptr<const ConnectorSpec>;

// Calls f(line, schema) for every SPEC message among the lines of `output`.
template <typename F>
void ForEachSpecMessage(std::string_view output, F f) {
  while (!output.empty()) {
    const std::size_t newline = output.find('\n');
    const std::string_view line = output.substr(0, newline);
    output.remove_prefix(newline == std::string_view::npos ? output.size() : newline + 1);
    const absl::StatusOr<std::string> schema = ParseSpecMessage(line);
    if (schema.ok()) f(line, *schema);
  }
}

// The schema in one of the forms that people have.
absl::StatusOr<SpecPointer> SpecFromJson(std::string_view text, const SpecOptions& options) {
  const std::optional<JsonSlice> document = ParseJson(text);
  if (!document || !document->is_object()) {
    absl::StatusOr<SpecPointer> spec = SpecFromOutput(text, options);
    if (spec.ok() || document) return spec;
    return absl::InvalidArgumentError(
        absl::StrCat("neither lines with a SPEC message (", spec.status().message(),
                     ") nor one value of JSON (", JsonProblemText(text), ")"));
  }
  std::optional<JsonSlice> at = document;
  if (const auto spec = JsonFind(*at, "spec"); spec && spec->is_object()) at = spec;
  if (const auto schema = JsonFind(*at, "connectionSpecification")) at = schema;
  return ConnectorSpec::Compile(at->text, options);
}

}  // namespace

absl::StatusOr<SpecPointer> ReadSpecFile(const std::string& path, const SpecOptions& options) {
  const absl::StatusOr<std::string> text = ReadFile(path, kSpecBytesMax);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  absl::StatusOr<SpecPointer> spec = SpecFromJson(*text, options);
  if (spec.ok()) return spec;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", spec.status().message()));
}

absl::StatusOr<SpecPointer> SpecFromOutput(std::string_view output, const SpecOptions& options) {
  absl::Status problem = absl::InvalidArgumentError("it printed no SPEC message");
  SpecPointer found;
  ForEachSpecMessage(output, [&](std::string_view, const std::string& schema) {
    absl::StatusOr<SpecPointer> spec = ConnectorSpec::Compile(schema, options);
    if (spec.ok()) {
      found = *std::move(spec);
    } else {
      problem = spec.status();
    }
  });
  if (found == nullptr) return problem;
  return found;
}

std::string_view SpecMessageIn(std::string_view output) {
  std::string_view found;
  ForEachSpecMessage(output, [&](std::string_view line, const std::string&) { found = line; });
  return found;
}

}  // namespace shunt
