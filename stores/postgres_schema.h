// The tables of a PostgreSQL store and their versions, in a schema named "shunt". Texts that come
// from connectors and from people are bytea, because PostgreSQL's text holds neither a zero byte
// nor anything but the database's encoding; the views *_readable show them as text. Times are RFC
// 3339 texts with all their digits.
//
// Any number of workers may start at once: the first one migrates, in one transaction.
// Threads: one at a time per database.
// Errors: DataLoss for a newer schema or somebody else's: it is never changed. Unavailable as in
// postgres_database.h.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "stores/postgres_database.h"

namespace shunt {

inline constexpr int64_t kPostgresSchemaVersion = 3;

absl::Status PreparePostgresSchema(PostgresDatabase& database);

}  // namespace shunt
