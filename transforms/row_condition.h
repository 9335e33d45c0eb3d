// RowCondition: the condition of a row filter (airbyte-mappers, RowFilteringMapper).
//
//   {"type":"EQUAL","fieldName":"status","comparisonValue":"active"}
//   {"type":"AND"|"OR"|"NOT","conditions":[...]}
//
// EQUAL holds when the field is there and its text (transforms/field_text.h) is the value, or both
// are numbers and equal as numbers: 4.20 is 4.2. An absent field is equal to nothing. NOT holds
// when none of its conditions does.
//
// Immutable after Parse. Bounds: kConditionsMax conditions, nested kConditionDepthMax deep.
// Errors: InvalidArgument with the place, for what is no condition, an empty list (it would let
// everything or nothing pass), and a field that `has_field` does not know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/json_cursor.h"
#include "transforms/row_fields.h"

namespace shunt {

inline constexpr std::size_t kConditionsMax = 1000;
inline constexpr int kConditionDepthMax = 32;

class RowCondition {
 public:
  static absl::StatusOr<RowCondition> Parse(JsonSlice condition, const std::string& place,
                                            const std::function<bool(std::string_view)>& has_field);

  bool Holds(const RowFields& row) const;

  // The names of the fields that it looks at, some more than once.
  std::vector<std::string> fields() const;

 private:
  enum class Kind : uint8_t { kEqual, kNot, kAnd, kOr };
  struct Node {
    Kind kind = Kind::kEqual;
    std::string field;
    std::string value;
    std::optional<std::string> number;  // the value in canonical spelling, when it is a number
    std::size_t next = 0;               // the node behind this one and all below it
  };

  absl::Status Read(JsonSlice condition, const std::string& place, int depth,
                    const std::function<bool(std::string_view)>& has_field);
  bool Holds(std::size_t node, const RowFields& row) const;
  static bool Equal(const Node& node, const RowFields& row);

  std::vector<Node> nodes_;  // in document order
};

}  // namespace shunt
