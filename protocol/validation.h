// How much of a message is validated (--validate).
#pragma once

#include <cstdint>

namespace shunt {

enum class Validation : uint8_t {
  kFull,      // RFC 8259 and UTF-8 for every byte of every message
  kEnvelope,  // framing, UTF-8, strings, bracket structure and the two envelope levels. The gap:
              // inside record.data, commas, colons and bare words (ASCII, without quotes and
              // backslashes) may stand anywhere
};

}  // namespace shunt
