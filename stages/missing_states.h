// MissingStates: a state for every stream that ends without one although its records are complete:
// a full refresh that cannot be resumed (F21). With it the destination can say that it has them.
//
// Only after a clean end of a source that sent no GLOBAL or LEGACY state. Threads: one. Pure but
// for its place in the catalog. Source: airbyte-semantics 2.6, "Missing states".
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "protocol/catalog.h"

namespace shunt {

class MissingStates {
 public:
  explicit MissingStates(const ConfiguredCatalog& catalog) : catalog_(catalog) {}

  // The next STATE lines, of at most `bytes_max` bytes unless one alone is longer; "" when there
  // are no more. `lacks_state`: whether a stream of the catalog is complete and had no state.
  std::string Next(const std::function<bool(std::size_t)>& lacks_state, std::size_t bytes_max);
  std::size_t injected() const { return injected_; }

 private:
  const ConfiguredCatalog& catalog_;
  std::size_t next_stream_ = 0;
  std::size_t injected_ = 0;
};

}  // namespace shunt
