// ResetCatalog: the catalog that a destination is given for a reset: the chosen streams alone, to
// be overwritten by nothing. Whatever else the catalog says of a stream stays as it is. Pure.
// Errors: InvalidArgument, naming what there is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/message.h"

namespace shunt {

struct ResetCatalog {
  std::string json;
  bool all = true;                        // every stream of the catalog is in it
  bool has_generations = false;           // a generation id was raised
  std::vector<StreamDescriptor> streams;  // that are in it, in the catalog's order
};

// `names`: "users", or "shop.orders" for a stream with a namespace, which may be left out where the
// name alone is unique; empty for all streams. A stream with a generation id gets the next one, and
// with it the word that everything older is to go (minimum_generation_id).
absl::StatusOr<ResetCatalog> MakeResetCatalog(std::string_view catalog_json,
                                              const std::vector<std::string>& names);

}  // namespace shunt
