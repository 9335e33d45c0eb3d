// Entropy: where random bytes come from (run ids, salts). Injected so that a simulation is a
// function of its seed. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace shunt {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(std::span<uint8_t> bytes) = 0;
  std::string HexId();  // 128 random bits as 32 lower-case hex digits
};

// The kernel's generator. Lives for ever.
Entropy& SystemEntropy();

}  // namespace shunt
