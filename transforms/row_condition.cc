#include "transforms/row_condition.h"

#include "absl/strings/str_cat.h"
#include "protocol/json_number.h"
#include "transforms/config_reader.h"
#include "transforms/field_text.h"

namespace shunt {
namespace {

std::optional<std::string> CanonicalNumber(std::string_view text) {
  const std::optional<Decimal> decimal = ParseDecimal(text);
  if (!decimal) return std::nullopt;
  std::string canonical;
  AppendCanonicalNumber(*decimal, &canonical);
  return canonical;
}

}  // namespace

absl::StatusOr<RowCondition> RowCondition::Parse(
    JsonSlice condition, const std::string& place,
    const std::function<bool(std::string_view)>& has_field) {
  RowCondition result;
  absl::Status status = result.Read(condition, place, 0, has_field);
  if (!status.ok()) return status;
  return result;
}

absl::Status RowCondition::Read(JsonSlice condition, const std::string& place, int depth,
                                const std::function<bool(std::string_view)>& has_field) {
  if (nodes_.size() >= kConditionsMax || depth >= kConditionDepthMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        place, ": at most ", kConditionsMax, " conditions, nested ", kConditionDepthMax, " deep"));
  }
  ConfigReader reader(condition, place);
  const std::string type = reader.RequiredText("type");
  const std::size_t index = nodes_.size();
  Node& node = nodes_.emplace_back();
  std::vector<JsonSlice> children;
  if (type == "EQUAL" || type == "equal") {
    node.field = reader.RequiredText("fieldName");
    node.value = reader.RequiredText("comparisonValue");
    node.number = CanonicalNumber(node.value);
    if (reader.status().ok() && !has_field(node.field)) {
      reader.Fail("fieldName", "the schema has no field " + JsonQuote(node.field));
    }
  } else if (type == "NOT" || type == "not" || type == "AND" || type == "and" || type == "OR" ||
             type == "or") {
    node.kind = type[0] == 'N' || type[0] == 'n'   ? Kind::kNot
                : type[0] == 'A' || type[0] == 'a' ? Kind::kAnd
                                                   : Kind::kOr;
    const std::optional<JsonSlice> list = reader.Required("conditions");
    const auto elements = list && list->is_array() ? JsonElements(*list) : std::nullopt;
    if (!elements || elements->empty()) {
      reader.Fail("conditions", "expected an array of at least one condition");
    } else {
      children = *elements;
    }
  } else {
    reader.Fail("type", "one of EQUAL, NOT, AND, OR");
  }
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  for (std::size_t i = 0; i < children.size(); ++i) {
    absl::Status status =
        Read(children[i], absl::StrCat(place, ".conditions[", i, "]"), depth + 1, has_field);
    if (!status.ok()) return status;
  }
  nodes_[index].next = nodes_.size();
  return absl::OkStatus();
}

bool RowCondition::Holds(const RowFields& row) const { return Holds(0, row); }

bool RowCondition::Holds(std::size_t node, const RowFields& row) const {
  const Node& here = nodes_[node];
  if (here.kind == Kind::kEqual) return Equal(here, row);
  // AND looks for one that does not hold, the others for one that does.
  const bool wanted = here.kind != Kind::kAnd;
  bool found = false;
  for (std::size_t child = node + 1; child < here.next && !found; child = nodes_[child].next) {
    found = Holds(child, row) == wanted;
  }
  return here.kind == Kind::kOr ? found : !found;
}

bool RowCondition::Equal(const Node& node, const RowFields& row) {
  const Row::Member* const member = row.Find(node.field);
  if (member == nullptr) return false;
  const JsonSlice& value = member->value;
  if (value.is_number() && node.number && value.text != node.value) {
    return CanonicalNumber(value.text) == node.number;
  }
  std::string scratch;
  return FieldText(value, HalfCharacter::kItself, &scratch) == node.value;
}

std::vector<std::string> RowCondition::fields() const {
  std::vector<std::string> names;
  for (const Node& node : nodes_) {
    if (node.kind == Kind::kEqual) names.push_back(node.field);
  }
  return names;
}

}  // namespace shunt
