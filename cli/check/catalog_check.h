// CatalogCheck: what is wrong with a ConfiguredAirbyteCatalog, field by field. The router needs
// little of it (protocol/catalog.h); connectors need the rest, and say so late and badly.
//
// Pure functions, thread-safe. Linear in the text. At most kCatalogFindingsMax findings and an
// error; they quote names of streams, fields and modes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/check/finding.h"

namespace shunt {

inline constexpr std::size_t kCatalogFindingsMax = 100;

// In the order of the file. An error: what ParseConfiguredCatalog refuses, and nothing else, so
// that whoever checks a catalog says what a sync says of it. A warning: what real catalogs lack,
// and what most connectors get along with.
std::vector<Finding> CheckCatalog(std::string_view text, const std::string& file);

}  // namespace shunt
