// Reading a built-in connector's config: one JSON object whose keys are typed by a table, which is
// also what the connector's spec is made of.
//
// Threads: pure functions. Errors: InvalidArgument naming the key, never a value.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace shunt {

struct ConfigKeySpec {
  enum class Type : uint8_t { kInteger, kString, kSecret };
  std::string_view key;
  Type type = Type::kInteger;
  std::string_view title;
  int64_t default_integer = 0;
  int64_t min = 0, max = 0;         // kInteger
  std::string_view default_string;  // kString; "" without a default
  std::string_view choices;         // kString: "A|B|C", or "" for any text
};

// Reads a JSON object from a file. `what` names it in messages.
absl::StatusOr<nlohmann::ordered_json> ReadJsonFile(const std::string& path, std::string_view what,
                                                    bool object = true);

// InvalidArgument for the first key that has another type or is out of range. Unknown keys pass.
absl::Status CheckConfig(std::span<const ConfigKeySpec> keys, const nlohmann::ordered_json& config);

// The value of a key of a checked config, or its default. REQUIRES: the key is in the table.
int64_t IntegerOf(std::span<const ConfigKeySpec> keys, const nlohmann::ordered_json& config,
                  std::string_view key);
std::string StringOf(std::span<const ConfigKeySpec> keys, const nlohmann::ordered_json& config,
                     std::string_view key);

// The connectionSpecification that says the same.
nlohmann::ordered_json SpecOf(std::span<const ConfigKeySpec> keys, std::string_view title);

}  // namespace shunt
