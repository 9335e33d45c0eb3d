// Validates one config against compiled schemas (draft-07). The rules stand in spec.h.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/spec.h"
#include "protocol/spec_schema.h"

namespace shunt {

// As ConnectorSpec::Validate. Thread-safe: nothing of `schemas` changes.
absl::StatusOr<std::vector<SpecViolation>> ValidateConfig(const SchemaSet& schemas,
                                                          std::string_view config);

}  // namespace shunt
