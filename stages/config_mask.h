// Filling masked values: a connector or a user that was shown "**********" in place of a secret may
// send it back (contract decision 8, F77). The mask itself is never stored.
//
// Pure functions. Paths are JSON Pointers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace shunt {

// Whether the JSON text `value` is exactly the mask.
bool IsMask(std::string_view value);

// `value` with every masked string in it, at any depth, replaced by what stands at the same place
// in `stored` (JSON texts; empty: nothing is stored). Elements of arrays have the same place only
// in arrays of one length. All other bytes stay. `path` is where the value stands. NotFound with
// the path of the first mask that has nothing to fill it.
absl::StatusOr<std::string> FillMasks(std::string_view value,
                                      std::optional<std::string_view> stored,
                                      std::string_view path);

// "/" and the key, escaped for a JSON Pointer.
std::string PointerTo(std::string_view key);

}  // namespace shunt
