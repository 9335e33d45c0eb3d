// Reads a {"name":..,"namespace":..} object, as it stands in STATE, TRACE and the catalog.
#pragma once

#include "absl/status/status.h"
#include "protocol/json_cursor.h"
#include "protocol/message.h"

namespace shunt {

// Reads the value that the cursor reads next and fills `stream`. InvalidArgument unless it is an
// object with a string `name` and a string, null or absent `namespace`, each at most once and
// without lone surrogates. Other members are ignored.
absl::Status ReadStreamDescriptor(JsonCursor& cursor, StreamDescriptor* stream);

}  // namespace shunt
