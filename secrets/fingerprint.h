// A salted fingerprint of a text: tells whether a secret is the same as before without keeping it
// (contract decision 11). SHA-256 (FIPS 180-4), because what stands beside the salt in a store must
// not lead back to the text. Pure functions; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace shunt {

using Sha256Digest = std::array<uint8_t, 32>;
Sha256Digest Sha256(std::string_view bytes);

// 32 hex digits. Parts are told apart by their lengths: ("ab","c") and ("a","bc") differ.
std::string Fingerprint(std::string_view salt, std::string_view name, std::string_view text);

}  // namespace shunt
