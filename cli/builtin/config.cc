#include "cli/builtin/config.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "platform/check.h"
#include "platform/files.h"
#include "platform/strings.h"

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;
using Type = ConfigKeySpec::Type;

constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;

const ConfigKeySpec& FindKey(std::span<const ConfigKeySpec> keys, std::string_view key) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const auto& spec) { return spec.key == key; });
  SHUNT_CHECK(found != keys.end());
  return *found;
}

std::vector<std::string> ChoicesOf(const ConfigKeySpec& spec) {
  if (spec.choices.empty()) return {};
  return absl::StrSplit(A(spec.choices), '|');
}

absl::Status CheckKey(const ConfigKeySpec& spec, const Json& value) {
  if (spec.type == Type::kInteger) {
    const bool fits = value.is_number_integer() && value.get<int64_t>() >= spec.min &&
                      value.get<int64_t>() <= spec.max;
    if (fits) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "config: ", A(spec.key), " must be an integer between ", spec.min, " and ", spec.max));
  }
  if (!value.is_string()) {
    return absl::InvalidArgumentError(absl::StrCat("config: ", A(spec.key), " must be a string"));
  }
  const std::vector<std::string> choices = ChoicesOf(spec);
  if (choices.empty() || std::find(choices.begin(), choices.end(),
                                   value.get_ref<const std::string&>()) != choices.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("config: ", A(spec.key), " must be one of ",
                   absl::StrReplaceAll(A(spec.choices), {{"|", ", "}})));
}

}  // namespace

absl::StatusOr<Json> ReadJsonFile(const std::string& path, std::string_view what, bool object) {
  if (path.empty()) return absl::InvalidArgumentError(absl::StrCat("--", A(what), " is required"));
  const absl::StatusOr<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) return text.status();
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError(absl::StrCat(A(what), ": not JSON"));
  if (object && !json.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(A(what), ": expected a JSON object"));
  }
  return json;
}

absl::Status CheckConfig(std::span<const ConfigKeySpec> keys, const Json& config) {
  for (const ConfigKeySpec& spec : keys) {
    const auto found = config.find(std::string(spec.key));
    if (found == config.end()) continue;
    absl::Status status = CheckKey(spec, *found);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int64_t IntegerOf(std::span<const ConfigKeySpec> keys, const Json& config, std::string_view key) {
  const auto found = config.find(std::string(key));
  return found != config.end() ? found->get<int64_t>() : FindKey(keys, key).default_integer;
}

std::string StringOf(std::span<const ConfigKeySpec> keys, const Json& config,
                     std::string_view key) {
  const auto found = config.find(std::string(key));
  return found != config.end() ? found->get<std::string>()
                               : std::string(FindKey(keys, key).default_string);
}

Json SpecOf(std::span<const ConfigKeySpec> keys, std::string_view title) {
  Json properties = Json::object();
  int order = 0;
  for (const ConfigKeySpec& spec : keys) {
    Json property = {{"type", spec.type == Type::kInteger ? "integer" : "string"},
                     {"title", spec.title},
                     {"order", order++}};
    if (spec.type == Type::kInteger) {
      property["minimum"] = spec.min;
      property["maximum"] = spec.max;
      property["default"] = spec.default_integer;
    }
    if (spec.type == Type::kSecret) property["airbyte_secret"] = true;
    if (!spec.choices.empty()) property["enum"] = ChoicesOf(spec);
    if (!spec.default_string.empty()) property["default"] = spec.default_string;
    properties[std::string(spec.key)] = std::move(property);
  }
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", title},
          {"type", "object"},
          {"required", Json::array()},
          {"additionalProperties", true},
          {"properties", std::move(properties)}};
}

}  // namespace shunt
