// Validates one config against compiled schemas . The rules stand in spec.h.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/spec.h"
#include "protocol/spec_schema.h"

namespace shunt {

// As ConnectorSpec::Examine. Thread-safe: nothing of `schemas` changes.
absl::StatusOr<SpecVerdict> ExamineConfig(const SchemaSet& schemas, bool strict_formats,
                                          std::string_view config);

}  // namespace shunt
