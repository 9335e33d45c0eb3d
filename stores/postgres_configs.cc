#include "stores/postgres_configs.h"

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <utility>

#include "stores/journal_names.h"
#include "stores/journal_retention.h"
#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt::postgres_configs {
namespace {

using Text = PostgresParameter::Text;
using Statements = std::vector<PostgresStatement>;

OrderKey OrderAt(const PostgresRow& row, int column) {
  return OrderKey{row.Real(column), row.Int(column + 1), row.Int(column + 2)};
}

// Statements hold no copies: texts that are made for them live here.
using Texts = std::list<std::string>;

Text Keep(Texts& texts, std::string text) { return Text{texts.emplace_back(std::move(text))}; }

// The lock keeps a seal from being set by others until the transaction ends.
enum class SealLock : uint8_t { kNone, kShare };

Statements SelectDocument(const PostgresDatabase& database, std::string_view config_id,
                          SealLock lock, ConfigDocument& document) {
  document = ConfigDocument();
  PostgresStatement seal{lock == SealLock::kShare
                             ? "SELECT seal FROM shunt.store_identity FOR SHARE"
                             : "SELECT seal FROM shunt.store_identity"};
  seal.on_row = [&](const PostgresRow& row) {
    document.store_seal = row.Text(0);
    return absl::OkStatus();
  };
  PostgresStatement head{
      "SELECT generation, floor_at, floor_epoch, floor_seq, newest_at, newest_epoch, newest_seq,"
      " file_salt, updated_at FROM shunt.configs WHERE config_id = $1",
      {config_id}};
  head.on_row = [&](const PostgresRow& row) {
    document.generation = row.Int(0);
    document.floor = OrderAt(row, 1);
    document.newest = OrderAt(row, 4);
    document.file_salt = row.Text(7);
    const std::optional<absl::Time> updated_at = ParseTimeText(row.Text(8));
    if (!updated_at) return database.Damaged("the time of a config cannot be read");
    document.updated_at = *updated_at;
    return absl::OkStatus();
  };
  PostgresStatement keys{
      "SELECT key, value, effective_at, epoch, seq FROM shunt.config_keys WHERE config_id = $1"
      " ORDER BY position",
      {config_id}};
  keys.on_row = [&](const PostgresRow& row) {
    document.keys.push_back(ConfigKey{row.Text(0), row.OptionalText(1), OrderAt(row, 2)});
    return absl::OkStatus();
  };
  PostgresStatement file_keys{
      "SELECT key, digest FROM shunt.config_file_keys WHERE config_id = $1 ORDER BY position",
      {config_id}};
  file_keys.on_row = [&](const PostgresRow& row) {
    document.file_fingerprints.emplace_back(row.Text(0), row.Text(1));
    return absl::OkStatus();
  };
  return {std::move(seal), std::move(head), std::move(keys), std::move(file_keys)};
}

PostgresStatement SelectJournal(const PostgresDatabase& database, std::string_view config_id,
                                std::vector<JournalRow>& rows) {
  rows.clear();
  PostgresStatement select{
      "SELECT run_id, writer, effective_at, epoch, seq, emitted_at, time_source, received_at,"
      " verdict, reason, keys, generation, unvalidated, alert, payload"
      " FROM shunt.config_journal WHERE config_id = $1 ORDER BY id",
      {config_id}};
  select.on_row = [&database, &rows, config_id](const PostgresRow& found) {
    const std::optional<absl::Time> received_at = ParseTimeText(found.Text(7));
    const std::optional<Verdict> verdict = ParseVerdictName(found.Text(8));
    std::optional<std::vector<std::string>> keys = NamesFromJson(found.Text(10));
    if (!received_at || !verdict || !keys) {
      return database.Damaged("a row of the journal cannot be read");
    }
    JournalRow& row = rows.emplace_back();
    row.config_id = config_id;
    row.run_id = found.Text(0);
    row.writer = found.Text(1);
    row.order = OrderAt(found, 2);
    row.emitted_at_text = found.Text(5);
    row.time_source = found.Text(6);
    row.received_at = *received_at;
    row.verdict = *verdict;
    row.reason = found.Text(9);
    row.keys = *std::move(keys);
    row.generation = found.Int(11);
    row.unvalidated = found.Bool(12);
    row.alert = found.Bool(13);
    row.payload = found.Text(14);
    return absl::OkStatus();
  };
  return select;
}

void WriteDocument(std::string_view config_id, const ConfigDocument& document, Texts& texts,
                   Statements& statements) {
  const OrderKey& floor = document.floor;
  const OrderKey& newest = document.newest;
  statements.push_back(
      {"INSERT INTO shunt.configs (config_id, generation, floor_at, floor_epoch, floor_seq,"
       "  newest_at, newest_epoch, newest_seq, file_salt, updated_at)"
       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
       " ON CONFLICT (config_id) DO UPDATE SET generation = excluded.generation,"
       "  floor_at = excluded.floor_at, floor_epoch = excluded.floor_epoch,"
       "  floor_seq = excluded.floor_seq, newest_at = excluded.newest_at,"
       "  newest_epoch = excluded.newest_epoch, newest_seq = excluded.newest_seq,"
       "  file_salt = excluded.file_salt, updated_at = excluded.updated_at",
       {config_id, document.generation, floor.effective_at_ms, floor.epoch, floor.seq,
        newest.effective_at_ms, newest.epoch, newest.seq, document.file_salt,
        Keep(texts, TimeText(document.updated_at))}});
  statements.push_back({"DELETE FROM shunt.config_keys WHERE config_id = $1", {config_id}});
  int64_t position = 0;
  for (const ConfigKey& key : document.keys) {
    statements.push_back(
        {"INSERT INTO shunt.config_keys (config_id, position, key, value, effective_at, epoch, seq)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7)",
         {config_id, position++, key.key, key.value, key.order.effective_at_ms, key.order.epoch,
          key.order.seq}});
  }
  statements.push_back({"DELETE FROM shunt.config_file_keys WHERE config_id = $1", {config_id}});
  position = 0;
  for (const auto& [key, digest] : document.file_fingerprints) {
    statements.push_back(
        {"INSERT INTO shunt.config_file_keys (config_id, position, key, digest)"
         " VALUES ($1, $2, $3, $4)",
         {config_id, position++, key, digest}});
  }
}

// A row whose unique key exists takes the place of the old one.
void WriteRows(const std::vector<JournalRow>& rows, Texts& texts, Statements& statements) {
  for (const JournalRow& row : rows) {
    const Text received_at = Keep(texts, TimeText(row.received_at));
    const std::string_view keys = Keep(texts, NamesToJson(row.keys)).text;
    statements.push_back(
        {"INSERT INTO shunt.config_journal (config_id, run_id, writer, effective_at, epoch, seq,"
         "  emitted_at, time_source, received_at, verdict, reason, keys, generation, unvalidated,"
         "  alert, payload)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
         " ON CONFLICT (config_id, run_id, writer, seq) DO UPDATE SET"
         "  effective_at = excluded.effective_at, epoch = excluded.epoch,"
         "  emitted_at = excluded.emitted_at, time_source = excluded.time_source,"
         "  received_at = excluded.received_at, verdict = excluded.verdict,"
         "  reason = excluded.reason, keys = excluded.keys, generation = excluded.generation,"
         "  unvalidated = excluded.unvalidated, alert = excluded.alert,"
         "  payload = excluded.payload",
         {row.config_id, row.run_id, row.writer, row.order.effective_at_ms, row.order.epoch,
          row.order.seq, row.emitted_at_text, row.time_source, received_at,
          Text{VerdictName(row.verdict)}, row.reason, keys, row.generation, row.unvalidated,
          row.alert, row.payload}});
  }
}

// A time that a query answered with; nothing: there is none.
absl::Status ReadTime(const PostgresDatabase& database, const PostgresRow& row, int column,
                      absl::Time& time) {
  if (row.IsNull(column)) return absl::OkStatus();
  const std::optional<absl::Time> parsed = ParseTimeText(row.Text(column));
  if (!parsed) return database.Damaged("the time of a journal row cannot be read");
  time = *parsed;
  return absl::OkStatus();
}

// Walks the rows, of which it reads the lengths but not the payloads.
PostgresStatement SelectExtent(const PostgresDatabase& database, std::string_view config_id,
                               JournalExtent& extent) {
  extent = JournalExtent();
  PostgresStatement select{
      "SELECT count(*), count(*) FILTER (WHERE verdict = 'applied'),"
      " min(received_at) FILTER (WHERE verdict = 'applied'),"
      " (SELECT received_at FROM shunt.config_journal WHERE config_id = $1"
      "  AND verdict IN ('duplicate', 'superseded') AND NOT alert ORDER BY received_at LIMIT 1),"
      " coalesce(sum(octet_length(payload) + octet_length(keys) + octet_length(reason)), 0)::bigint"
      " FROM shunt.config_journal WHERE config_id = $1",
      {config_id}};
  select.on_row = [&](const PostgresRow& row) {
    extent.rows = static_cast<std::size_t>(row.Int(0));
    extent.applied = static_cast<std::size_t>(row.Int(1));
    extent.bytes = static_cast<std::size_t>(row.Int(4));
    absl::Status status = ReadTime(database, row, 2, extent.oldest_applied);
    status.Update(ReadTime(database, row, 3, extent.oldest_worthless));
    return status;
  };
  return select;
}

PostgresStatement SelectSummaries(const PostgresDatabase& database, std::string_view config_id,
                                  std::vector<JournalSummary>& rows) {
  PostgresStatement select{
      "SELECT id, verdict, alert, received_at,"
      " (octet_length(payload) + octet_length(keys) + octet_length(reason))::bigint"
      " FROM shunt.config_journal WHERE config_id = $1 ORDER BY id",
      {config_id}};
  select.on_row = [&](const PostgresRow& row) {
    const std::optional<Verdict> verdict = ParseVerdictName(row.Text(1));
    const std::optional<absl::Time> received_at = ParseTimeText(row.Text(3));
    if (!verdict || !received_at) return database.Damaged("a row of the journal cannot be read");
    rows.push_back(
        {row.Int(0), *verdict, row.Bool(2), *received_at, static_cast<std::size_t>(row.Int(4))});
    return absl::OkStatus();
  };
  return select;
}

// Whether the journal may be full once `rows` are written: some may take the place of others.
bool MayBeFull(JournalExtent journal, const std::vector<JournalRow>& rows) {
  for (const JournalRow& row : rows) journal.Add(row);
  return JournalIsFull(journal, NewestReceipt(rows));
}

PostgresStatement UpdateOfSeal(std::string_view seal) {
  return {"UPDATE shunt.store_identity SET seal = $1", {seal}};
}

void WriteChange(std::string_view config_id, const ConfigChange& change, Texts& texts,
                 Statements& statements) {
  if (change.seal) statements.push_back(UpdateOfSeal(*change.seal));
  if (change.document) WriteDocument(config_id, *change.document, texts, statements);
  WriteRows(change.rows, texts, statements);
}

absl::Status WriteAndForget(const PostgresDatabase& database, PostgresTransaction& transaction,
                            std::string_view config_id, absl::Time now, Statements statements) {
  std::vector<JournalSummary> rows;
  statements.push_back(SelectSummaries(database, config_id, rows));
  if (absl::Status status = transaction.Read(std::move(statements)); !status.ok()) return status;
  Statements removals;
  for (const int64_t id : RowsToForget(rows, now)) {
    removals.push_back({"DELETE FROM shunt.config_journal WHERE id = $1", {id}});
  }
  return transaction.Commit(std::move(removals));
}

}  // namespace

absl::StatusOr<StoreIdentity> ReadIdentity(const PostgresDatabase& database,
                                           PostgresTransaction& view) {
  std::optional<StoreIdentity> identity;
  PostgresStatement select{"SELECT store, seal FROM shunt.store_identity"};
  select.on_row = [&](const PostgresRow& row) {
    identity = StoreIdentity{row.Text(0), row.Text(1)};
    return absl::OkStatus();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  if (!identity) return database.Damaged("it has lost its identity");
  return *identity;
}

absl::Status UpdateSeal(const PostgresDatabase& database, PostgresTransaction& transaction,
                        const Store::EditSeal& edit) {
  const absl::StatusOr<StoreIdentity> identity = ReadIdentity(database, transaction);
  if (!identity.ok()) return identity.status();
  const absl::StatusOr<std::string> seal = edit(identity->seal);
  if (!seal.ok()) return seal.status();
  if (absl::Status status = CheckName("seal", *seal); !status.ok()) return status;
  return transaction.Commit({UpdateOfSeal(*seal)});
}

absl::StatusOr<ConfigDocument> ReadDocument(const PostgresDatabase& database,
                                            PostgresTransaction& view, std::string_view config_id) {
  ConfigDocument document;
  absl::Status status = view.Read(SelectDocument(database, config_id, SealLock::kNone, document));
  if (!status.ok()) return status;
  return document;
}

absl::StatusOr<std::vector<JournalRow>> ReadJournal(const PostgresDatabase& database,
                                                    PostgresTransaction& view,
                                                    std::string_view config_id) {
  std::vector<JournalRow> rows;
  absl::Status status = view.Read({SelectJournal(database, config_id, rows)});
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<std::vector<std::string>> List(PostgresTransaction& view) {
  std::vector<std::string> ids;
  PostgresStatement select{
      "SELECT config_id FROM shunt.configs UNION SELECT config_id FROM shunt.config_journal"
      " ORDER BY config_id"};
  select.on_row = [&](const PostgresRow& row) {
    ids.push_back(row.Text(0));
    return absl::OkStatus();
  };
  if (absl::Status status = view.Read({select}); !status.ok()) return status;
  return ids;
}

absl::Status Update(const PostgresDatabase& database, PostgresTransaction& transaction,
                    std::string_view config_id, const Store::Decide& decide) {
  ConfigDocument stored;
  JournalExtent extent;
  Statements reads = SelectDocument(database, config_id, SealLock::kShare, stored);
  reads.push_back(SelectExtent(database, config_id, extent));
  if (absl::Status status = transaction.Read(std::move(reads)); !status.ok()) return status;
  const absl::StatusOr<ConfigChange> change = decide(stored);
  if (!change.ok()) return change.status();
  if (absl::Status status = CheckChange(config_id, stored, *change); !status.ok()) return status;
  if (!HasEffect(*change)) return absl::OkStatus();
  Texts texts;
  Statements writes;
  WriteChange(config_id, *change, texts, writes);
  if (change->rows.empty() || !MayBeFull(extent, change->rows)) {
    return transaction.Commit(std::move(writes));
  }
  return WriteAndForget(database, transaction, config_id, NewestReceipt(change->rows),
                        std::move(writes));
}

absl::Status Rewrite(const PostgresDatabase& database, PostgresTransaction& transaction,
                     std::string_view config_id, const Store::Rewrite& rewrite) {
  ConfigDocument stored;
  std::vector<JournalRow> journal;
  Statements reads = SelectDocument(database, config_id, SealLock::kShare, stored);
  reads.push_back(SelectJournal(database, config_id, journal));
  if (absl::Status status = transaction.Read(std::move(reads)); !status.ok()) return status;
  const absl::StatusOr<ConfigChange> change = rewrite(stored, journal);
  if (!change.ok()) return change.status();
  if (absl::Status status = CheckChange(config_id, stored, *change); !status.ok()) return status;
  if (!HasEffect(*change)) return absl::OkStatus();
  Texts texts;
  Statements writes;
  WriteChange(config_id, *change, texts, writes);
  return transaction.Commit(std::move(writes));
}

}  // namespace shunt::postgres_configs
