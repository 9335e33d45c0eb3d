// MD2 (RFC 1319), for data that was hashed with it before; OpenSSL no longer has it. Broken since
// 2004: not for anything new. Pure, thread-safe, linear.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace shunt {

std::array<uint8_t, 16> Md2(std::string_view text);

}  // namespace shunt
