// The names of the keys that a journal row is about, as a JSON array: readable for people with a
// database shell, and exact for any name. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

std::string NamesToJson(const std::vector<std::string>& names);
std::optional<std::vector<std::string>> NamesFromJson(std::string_view json);

}  // namespace shunt
