// The limits that every reader of protocol lines agrees on. Plain constants.
#pragma once

#include <cstddef>

namespace shunt {

// How many readable bytes must follow every block handed to the classifier (their value is free).
inline constexpr std::size_t kLinePadding = 128;

// Deeper nesting than this is malformed (contract, edge rule 2).
inline constexpr int kDepthMax = 1024;

// Names that a reader must remember (envelope keys, the values of `type`, `stream`, `namespace`)
// are at most this long, as written on the line; a message with a longer one is malformed.
inline constexpr std::size_t kNameBytesMax = std::size_t{64} * 1024;

// More distinct unknown keys than this on one envelope level are malformed: telling duplicates
// costs memory, and a line longer than a block is read in constant memory.
inline constexpr std::size_t kEnvelopeKeysMax = std::size_t{128} * 1024;

}  // namespace shunt
