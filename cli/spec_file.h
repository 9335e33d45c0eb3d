// A connector's spec from a file: the SPEC message as `CMD spec` prints it, a
// ConnectorSpecification, or the bare connectionSpecification (a JSON Schema). Errors:
// InvalidArgument naming the file. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/spec.h"

namespace shunt {

absl::StatusOr<std::shared_ptr<const ConnectorSpec>> ReadSpecFile(const std::string& path,
                                                                  const SpecOptions& options = {});

// The last SPEC message among the lines that a connector printed; other lines are skipped.
absl::StatusOr<std::shared_ptr<const ConnectorSpec>> SpecFromOutput(
    std::string_view output, const SpecOptions& options = {});

// The last SPEC message itself; empty when there is none.
std::string_view SpecMessageIn(std::string_view output);

}  // namespace shunt
