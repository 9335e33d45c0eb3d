// The meta-schemas of JSON Schema, drafts 04, 06 and 07, so that a $ref to one of them needs no
// network. Pure; the texts are static.
#pragma once

#include <string_view>

namespace shunt {

// The document at `uri` (http or https, with or without an empty fragment); empty when it is none
// of the three.
std::string_view MetaSchema(std::string_view uri);

}  // namespace shunt
