// Reads lines {"schema": S, "instance": I} and prints for each whether I conforms to S: "valid",
// "invalid", or why there is no verdict. For tests/interop/schema_pairs.js, which asks another
// validator the same.
#include <iostream>
#include <string>

#include "protocol/json_cursor.h"
#include "protocol/spec.h"

namespace {

std::string Verdict(const std::string& line) {
  const std::optional<shunt::JsonSlice> pair = shunt::ParseJson(line);
  if (!pair || !pair->is_object()) return "no JSON object";
  const auto schema = shunt::JsonFind(*pair, "schema");
  const auto instance = shunt::JsonFind(*pair, "instance");
  if (!schema || !instance) return "no pair";
  const auto spec = shunt::ConnectorSpec::Compile(schema->text);
  if (!spec.ok()) return std::string(spec.status().message());
  if (!(*spec)->notes().empty()) return (*spec)->notes().front();
  const auto violations = (*spec)->Validate(instance->text);
  if (!violations.ok()) return std::string(violations.status().message());
  return violations->empty() ? "valid" : "invalid";
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << Verdict(line) << '\n';
  return 0;
}
