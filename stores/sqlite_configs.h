// The config tables: documents with their keys, and the journal. Every function works inside the
// caller's transaction. Threads: one at a time per database. Errors: as in store.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stores/config_document.h"
#include "stores/sqlite_database.h"
#include "stores/store.h"

namespace shunt::sqlite_configs {

absl::StatusOr<ConfigDocument> ReadDocument(SqliteDatabase& database, std::string_view config_id);
absl::Status WriteDocument(SqliteDatabase& database, std::string_view config_id,
                           const ConfigDocument& document);

// A row whose unique key exists takes the place of the old one.
absl::Status WriteRows(SqliteDatabase& database, const std::vector<JournalRow>& rows);
absl::StatusOr<std::vector<JournalRow>> ReadJournal(SqliteDatabase& database,
                                                    std::string_view config_id);

// By stores/journal_retention.h; `now` is the newest received_at of the rows just written.
absl::Status ForgetRows(SqliteDatabase& database, std::string_view config_id, absl::Time now);

absl::StatusOr<std::vector<std::string>> List(SqliteDatabase& database);

absl::StatusOr<StoreIdentity> ReadIdentity(SqliteDatabase& database);
absl::Status WriteSeal(SqliteDatabase& database, std::string_view seal);

}  // namespace shunt::sqlite_configs
