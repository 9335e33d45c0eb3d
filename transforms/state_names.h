// The names in a STATE line, as the destination is to see them (F48): the stream_descriptor of a
// STREAM state, and that of every element of a GLOBAL one. All other bytes stay.
// Pure. Source: airbyte_protocol.yaml, AirbyteStateMessage; airbyte-semantics 2.10, G13.
#pragma once

#include <string>
#include <string_view>

#include "transforms/name_mapping.h"

namespace shunt {

// `line`: one message that ParseState accepts. Appends the line with mapped names to `out`; a
// descriptor that cannot be read stays as it is, which ParseState refuses anyway.
void AppendWithMappedNames(std::string_view line, const NameMapping& names, std::string* out);

// The same of a state as it is stored: a GLOBAL's blob names streams; other blobs do not.
std::string MapBlobNames(std::string_view global_blob, const NameMapping& names);

}  // namespace shunt
