#include "stores/sqlite_configs.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "stores/journal_names.h"
#include "stores/journal_retention.h"
#include "stores/time_text.h"

namespace shunt::sqlite_configs {
namespace {

OrderKey OrderAt(const SqliteStatement& row, int column) {
  return OrderKey{row.Real(column), row.Int(column + 1), row.Int(column + 2)};
}

absl::Status ReadKeys(SqliteDatabase& database, std::string_view config_id,
                      ConfigDocument& document) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT key, value, effective_at, epoch, seq FROM config_keys WHERE config_id = ?"
      " ORDER BY position");
  if (!select.ok()) return select.status();
  select->Bind(config_id);
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    document.keys.push_back(
        ConfigKey{select->Text(0), select->OptionalText(1), OrderAt(*select, 2)});
  }
}

absl::Status ReadFileKeys(SqliteDatabase& database, std::string_view config_id,
                          ConfigDocument& document) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT key, digest FROM config_file_keys WHERE config_id = ? ORDER BY position");
  if (!select.ok()) return select.status();
  select->Bind(config_id);
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    document.file_fingerprints.emplace_back(select->Text(0), select->Text(1));
  }
}

absl::Status WriteKeys(SqliteDatabase& database, std::string_view config_id,
                       const ConfigDocument& document) {
  absl::StatusOr<SqliteStatement> remove =
      database.Prepare("DELETE FROM config_keys WHERE config_id = ?");
  if (!remove.ok()) return remove.status();
  if (absl::Status status = remove->Bind(config_id).Run(); !status.ok()) return status;
  absl::StatusOr<SqliteStatement> insert = database.Prepare(
      "INSERT INTO config_keys (config_id, position, key, value, effective_at, epoch, seq)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!insert.ok()) return insert.status();
  int64_t position = 0;
  for (const ConfigKey& key : document.keys) {
    insert->Bind(config_id, position++, key.key, key.value, key.order.effective_at_ms,
                 key.order.epoch, key.order.seq);
    if (absl::Status status = insert->Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WriteFileKeys(SqliteDatabase& database, std::string_view config_id,
                           const ConfigDocument& document) {
  absl::StatusOr<SqliteStatement> remove =
      database.Prepare("DELETE FROM config_file_keys WHERE config_id = ?");
  if (!remove.ok()) return remove.status();
  if (absl::Status status = remove->Bind(config_id).Run(); !status.ok()) return status;
  absl::StatusOr<SqliteStatement> insert = database.Prepare(
      "INSERT INTO config_file_keys (config_id, position, key, digest) VALUES (?, ?, ?, ?)");
  if (!insert.ok()) return insert.status();
  int64_t position = 0;
  for (const auto& [key, digest] : document.file_fingerprints) {
    insert->Bind(config_id, position++, key, SqliteStatement::Blob{digest});
    if (absl::Status status = insert->Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConfigDocument> ReadDocument(SqliteDatabase& database, std::string_view config_id) {
  absl::StatusOr<StoreIdentity> identity = ReadIdentity(database);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT generation, floor_at, floor_epoch, floor_seq, newest_at, newest_epoch, newest_seq,"
      " file_salt, updated_at FROM configs WHERE config_id = ?");
  if (!select.ok()) return select.status();
  absl::StatusOr<bool> row = select->Bind(config_id).Step();
  if (!row.ok()) return row.status();
  ConfigDocument document;
  document.store_seal = std::move(identity->seal);
  if (!*row) return document;
  document.generation = select->Int(0);
  document.floor = OrderAt(*select, 1);
  document.newest = OrderAt(*select, 4);
  document.file_salt = select->Text(7);
  const std::optional<absl::Time> updated_at = ParseTimeText(select->Text(8));
  if (!updated_at) return database.Damaged("the time of a config cannot be read");
  document.updated_at = *updated_at;
  if (absl::Status status = ReadKeys(database, config_id, document); !status.ok()) return status;
  if (absl::Status status = ReadFileKeys(database, config_id, document); !status.ok()) {
    return status;
  }
  return document;
}

absl::Status WriteDocument(SqliteDatabase& database, std::string_view config_id,
                           const ConfigDocument& document) {
  absl::StatusOr<SqliteStatement> upsert = database.Prepare(
      "INSERT INTO configs (config_id, generation, floor_at, floor_epoch, floor_seq, newest_at,"
      "  newest_epoch, newest_seq, file_salt, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (config_id) DO UPDATE SET generation = excluded.generation,"
      "  floor_at = excluded.floor_at, floor_epoch = excluded.floor_epoch,"
      "  floor_seq = excluded.floor_seq, newest_at = excluded.newest_at,"
      "  newest_epoch = excluded.newest_epoch, newest_seq = excluded.newest_seq,"
      "  file_salt = excluded.file_salt, updated_at = excluded.updated_at");
  if (!upsert.ok()) return upsert.status();
  const std::string updated_at = TimeText(document.updated_at);
  const OrderKey& floor = document.floor;
  const OrderKey& newest = document.newest;
  upsert->Bind(config_id, document.generation, floor.effective_at_ms, floor.epoch, floor.seq,
               newest.effective_at_ms, newest.epoch, newest.seq,
               SqliteStatement::Blob{document.file_salt}, updated_at);
  if (absl::Status status = upsert->Run(); !status.ok()) return status;
  if (absl::Status status = WriteKeys(database, config_id, document); !status.ok()) return status;
  return WriteFileKeys(database, config_id, document);
}

absl::Status WriteRows(SqliteDatabase& database, const std::vector<JournalRow>& rows) {
  absl::StatusOr<SqliteStatement> upsert = database.Prepare(
      "INSERT INTO config_journal (config_id, run_id, writer, effective_at, epoch, seq, emitted_at,"
      "  time_source, received_at, verdict, reason, keys, generation, unvalidated, alert, payload)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (config_id, run_id, writer, seq) DO UPDATE SET"
      "  effective_at = excluded.effective_at, epoch = excluded.epoch,"
      "  emitted_at = excluded.emitted_at, time_source = excluded.time_source,"
      "  received_at = excluded.received_at, verdict = excluded.verdict,"
      "  reason = excluded.reason, keys = excluded.keys, generation = excluded.generation,"
      "  unvalidated = excluded.unvalidated, alert = excluded.alert, payload = excluded.payload");
  if (!upsert.ok()) return upsert.status();
  for (const JournalRow& row : rows) {
    const std::string received_at = TimeText(row.received_at);
    const std::string keys = NamesToJson(row.keys);
    upsert->Bind(row.config_id, row.run_id, row.writer, row.order.effective_at_ms, row.order.epoch,
                 row.order.seq, row.emitted_at_text, row.time_source, received_at,
                 VerdictName(row.verdict), row.reason, keys, row.generation, row.unvalidated,
                 row.alert, row.payload);
    if (absl::Status status = upsert->Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<JournalRow>> ReadJournal(SqliteDatabase& database,
                                                    std::string_view config_id) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT run_id, writer, effective_at, epoch, seq, emitted_at, time_source, received_at,"
      " verdict, reason, keys, generation, unvalidated, alert, payload"
      " FROM config_journal WHERE config_id = ? ORDER BY id");
  if (!select.ok()) return select.status();
  select->Bind(config_id);
  std::vector<JournalRow> rows;
  while (true) {
    absl::StatusOr<bool> found = select->Step();
    if (!found.ok()) return found.status();
    if (!*found) return rows;
    const std::optional<absl::Time> received_at = ParseTimeText(select->Text(7));
    const std::optional<Verdict> verdict = ParseVerdictName(select->Text(8));
    std::optional<std::vector<std::string>> keys = NamesFromJson(select->Text(10));
    if (!received_at || !verdict || !keys) {
      return database.Damaged("a row of the journal cannot be read");
    }
    JournalRow& row = rows.emplace_back();
    row.config_id = config_id;
    row.run_id = select->Text(0);
    row.writer = select->Text(1);
    row.order = OrderAt(*select, 2);
    row.emitted_at_text = select->Text(5);
    row.time_source = select->Text(6);
    row.received_at = *received_at;
    row.verdict = *verdict;
    row.reason = select->Text(9);
    row.keys = *std::move(keys);
    row.generation = select->Int(11);
    row.unvalidated = select->Bool(12);
    row.alert = select->Bool(13);
    row.payload = select->Text(14);
  }
}

namespace {

// A time that a query answered with; nothing: there is none.
absl::Status ReadTime(const SqliteDatabase& database, const SqliteStatement& row, int column,
                      absl::Time& time) {
  const std::optional<std::string> text = row.OptionalText(column);
  if (!text) return absl::OkStatus();
  const std::optional<absl::Time> parsed = ParseTimeText(*text);
  if (!parsed) return database.Damaged("the time of a journal row cannot be read");
  time = *parsed;
  return absl::OkStatus();
}

// Walks the rows: a journal is small, unless it is about to be cut.
absl::StatusOr<JournalExtent> ReadExtent(SqliteDatabase& database, std::string_view config_id) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT count(*), count(*) FILTER (WHERE verdict = 'applied'),"
      " min(received_at) FILTER (WHERE verdict = 'applied'),"
      " (SELECT received_at FROM config_journal INDEXED BY config_journal_ages"
      "  WHERE config_id = ?1 AND verdict IN ('duplicate', 'superseded') AND NOT alert"
      "  ORDER BY received_at LIMIT 1),"
      " sum(length(CAST(payload AS BLOB)) + length(CAST(keys AS BLOB))"
      "  + length(CAST(reason AS BLOB)))"
      " FROM config_journal WHERE config_id = ?1");
  if (!select.ok()) return select.status();
  absl::StatusOr<bool> row = select->Bind(config_id).Step();
  if (!row.ok()) return row.status();
  JournalExtent extent;
  extent.rows = static_cast<std::size_t>(select->Int(0));
  extent.applied = static_cast<std::size_t>(select->Int(1));
  extent.bytes = static_cast<std::size_t>(select->Int(4));
  if (absl::Status status = ReadTime(database, *select, 2, extent.oldest_applied); !status.ok()) {
    return status;
  }
  if (absl::Status status = ReadTime(database, *select, 3, extent.oldest_worthless); !status.ok()) {
    return status;
  }
  return extent;
}

absl::StatusOr<std::vector<JournalSummary>> Summaries(SqliteDatabase& database,
                                                      std::string_view config_id) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT id, verdict, alert, received_at,"
      " length(CAST(payload AS BLOB)) + length(CAST(keys AS BLOB))"
      " + length(CAST(reason AS BLOB))"
      " FROM config_journal WHERE config_id = ? ORDER BY id");
  if (!select.ok()) return select.status();
  select->Bind(config_id);
  std::vector<JournalSummary> rows;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return rows;
    const std::optional<Verdict> verdict = ParseVerdictName(select->Text(1));
    const std::optional<absl::Time> received_at = ParseTimeText(select->Text(3));
    if (!verdict || !received_at) return database.Damaged("a row of the journal cannot be read");
    rows.push_back({select->Int(0), *verdict, select->Bool(2), *received_at,
                    static_cast<std::size_t>(select->Int(4))});
  }
}

}  // namespace

absl::Status ForgetRows(SqliteDatabase& database, std::string_view config_id, absl::Time now) {
  const absl::StatusOr<JournalExtent> extent = ReadExtent(database, config_id);
  if (!extent.ok()) return extent.status();
  if (!JournalIsFull(*extent, now)) return absl::OkStatus();
  const absl::StatusOr<std::vector<JournalSummary>> rows = Summaries(database, config_id);
  if (!rows.ok()) return rows.status();
  absl::StatusOr<SqliteStatement> remove =
      database.Prepare("DELETE FROM config_journal WHERE id = ?");
  if (!remove.ok()) return remove.status();
  for (const int64_t id : RowsToForget(*rows, now)) {
    if (absl::Status status = remove->Bind(id).Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<StoreIdentity> ReadIdentity(SqliteDatabase& database) {
  absl::StatusOr<SqliteStatement> select =
      database.Prepare("SELECT store, seal FROM store_identity");
  if (!select.ok()) return select.status();
  absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) return database.Damaged("it has lost its identity");
  return StoreIdentity{select->Text(0), select->Text(1)};
}

absl::Status WriteSeal(SqliteDatabase& database, std::string_view seal) {
  absl::StatusOr<SqliteStatement> update = database.Prepare("UPDATE store_identity SET seal = ?");
  if (!update.ok()) return update.status();
  return update->Bind(seal).Run();
}

absl::StatusOr<std::vector<std::string>> List(SqliteDatabase& database) {
  absl::StatusOr<SqliteStatement> select = database.Prepare(
      "SELECT config_id FROM configs UNION SELECT config_id FROM config_journal"
      " ORDER BY config_id");
  if (!select.ok()) return select.status();
  std::vector<std::string> ids;
  while (true) {
    absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return ids;
    ids.push_back(select->Text(0));
  }
}

}  // namespace shunt::sqlite_configs
