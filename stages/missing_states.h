// MissingStates: a state for every stream that ends without one although its records are complete:
// a full refresh that cannot be resumed (F21). With it the destination can say that it has them.
//
// Only after a clean end of a source that sent no GLOBAL or LEGACY state. Threads: one. Pure but
// for its place in the catalog. Source: airbyte-semantics 2.6, "Missing states".
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "protocol/catalog.h"
#include "stages/accounting.h"

namespace shunt {

class MissingStates {
 public:
  explicit MissingStates(const ConfiguredCatalog& catalog) : catalog_(catalog) {}

  // The next STATE lines, of at most `bytes_max` bytes unless one alone is longer; "" when there
  // are no more. `forwarded`: what was forwarded of each stream.
  std::string Next(std::span<const StreamAccount> forwarded, std::size_t bytes_max);
  std::size_t injected() const { return injected_; }

 private:
  const ConfiguredCatalog& catalog_;
  std::size_t next_stream_ = 0;
  std::size_t injected_ = 0;
};

}  // namespace shunt
