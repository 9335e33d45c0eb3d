// TokenWalk: the grammar between tokens of a StructuralIndex, resumable at any of them. It carries
// IndexWalker and the reading of long lines through the parts where nothing but the grammar
// matters.
//
// Threads: plain values. Bounds: one byte per level of depth.
#pragma once

#include <array>
#include <cstdint>

#include "protocol/limits.h"

namespace shunt {

enum class ExpectToken : uint8_t { kStart, kKeyOrEnd, kKey, kColon, kValue, kValueOrEnd, kNext };

struct TokenWalk {
  ExpectToken expect = ExpectToken::kStart;
  int depth = 0;
  std::array<bool, kDepthMax + 1> objects{};  // by depth: true for an object
};

// Takes tokens of [token, last) as long as they leave the container at depth `floor` open. Returns
// the first one not taken; null when one breaks the grammar, and then `walk` is spoiled. `end`: how
// far bare words may reach; 16 bytes more are readable.
// REQUIRES: floor >= 1, walk->depth >= floor.
const uint32_t* WalkTokens(const char* base, const char* end, const uint32_t* token,
                           const uint32_t* last, int floor, TokenWalk* walk);

// The same where only brackets and bare words matter (Validation::kEnvelope).
const uint32_t* WalkTokensRelaxed(const char* base, const char* end, const uint32_t* token,
                                  const uint32_t* last, int floor, TokenWalk* walk);

}  // namespace shunt
