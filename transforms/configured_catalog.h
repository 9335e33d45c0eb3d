// The configured catalog as each connector gets it. The source's has no mappers: their keys are
// none of its business. The destination's has streams under the names and with the fields that
// records arrive with. What does not have to change stays byte for byte.
//
// Pure functions. Errors: InvalidArgument for what ParseConfiguredCatalog refuses.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/message.h"

namespace shunt {

absl::StatusOr<std::string> SourceCatalogJson(std::string_view catalog_json);

// `streams`: for each stream of the catalog in its order what StreamMappers::ConfiguredStreamJson
// gave. `map`: the name that a stream of the source has at the destination.
absl::StatusOr<std::string> DestinationCatalogJson(
    std::string_view catalog_json, std::span<const std::string> streams,
    const std::function<StreamDescriptor(const StreamDescriptor&)>& map);

}  // namespace shunt
