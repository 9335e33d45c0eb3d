// Bytes as hexadecimal digits. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

// Lower case.
void AppendHex(std::span<const uint8_t> bytes, std::string* out);

// Digits of either case; empty unless there are pairs of them and nothing else.
std::optional<std::vector<uint8_t>> ParseHex(std::string_view digits);

}  // namespace shunt
