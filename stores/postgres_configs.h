// The config tables: documents with their keys, and the journal. Every function works inside the
// caller's transaction. Threads: pure functions over a transaction. Errors: as in store.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stores/config_document.h"
#include "stores/postgres_database.h"
#include "stores/store.h"

namespace shunt::postgres_configs {

absl::StatusOr<StoreIdentity> ReadIdentity(const PostgresDatabase& database,
                                           PostgresTransaction& view);
absl::Status UpdateSeal(const PostgresDatabase& database, PostgresTransaction& transaction,
                        const Store::EditSeal& edit);

absl::StatusOr<ConfigDocument> ReadDocument(const PostgresDatabase& database,
                                            PostgresTransaction& view, std::string_view config_id);
absl::StatusOr<std::vector<JournalRow>> ReadJournal(const PostgresDatabase& database,
                                                    PostgresTransaction& view,
                                                    std::string_view config_id);
absl::StatusOr<std::vector<std::string>> List(PostgresTransaction& view);

// Reads, decides, writes and commits, as in store.h.
absl::Status Update(const PostgresDatabase& database, PostgresTransaction& transaction,
                    std::string_view config_id, const Store::Decide& decide);
absl::Status Rewrite(const PostgresDatabase& database, PostgresTransaction& transaction,
                     std::string_view config_id, const Store::Rewrite& rewrite);

}  // namespace shunt::postgres_configs
