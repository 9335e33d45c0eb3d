// The tables of an SQLite store and their versions. Made to be read by a person with the sqlite3
// shell: times are RFC 3339 texts, verdicts and types are words, JSON is text.
//
// Threads: one at a time per database.
// Errors: DataLoss for a damaged file, a newer schema, or somebody else's database: it is never
// changed, repaired or deleted (G47, G48). Unavailable as in sqlite_database.h.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "stores/sqlite_database.h"

namespace shunt {

inline constexpr int64_t kSqliteSchemaVersion = 4;           // PRAGMA user_version
inline constexpr int64_t kSqliteApplicationId = 0x53484e54;  // PRAGMA application_id: "SHNT"

// Up to this size every page is looked at when the store is opened; of a bigger file only the runs
// and the configs, so that opening stays quick.
inline constexpr int64_t kQuickCheckBytesMax = 256 << 20;

// Checks the file, and brings its tables to our version in one transaction. `may_be_empty`: an
// empty file is a new store; else it was one and has lost everything.
absl::Status PrepareSqliteSchema(SqliteDatabase& database, bool may_be_empty);

}  // namespace shunt
