#include "stores/sqlite_database.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/errno_status.h"
#include "platform/io.h"
#include "platform/strings.h"
#include "stores/store.h"

namespace shunt {
namespace {

// Failures after which nothing this connection says can be believed.
bool IsFinal(int code) {
  if (code == SQLITE_READONLY_DBMOVED) return true;
  return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM;
}

}  // namespace

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);  // repeats the error of the last Step, which that one has told
  bind_error_ = SQLITE_OK;
}

void SqliteStatement::Keep(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void SqliteStatement::BindOne(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty view may have one.
  const char* const data = text.data() == nullptr ? "" : text.data();
  Keep(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void SqliteStatement::BindOne(int index, Blob blob) {
  const char* const data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  Keep(sqlite3_bind_blob64(statement_, index, data, blob.bytes.size(), SQLITE_STATIC));
}

void SqliteStatement::BindOne(int index, int64_t number) {
  Keep(sqlite3_bind_int64(statement_, index, number));
}

void SqliteStatement::BindOne(int index, double number) {
  Keep(sqlite3_bind_double(statement_, index, number));
}

void SqliteStatement::BindOne(int index, const std::optional<std::string>& text) {
  if (text) {
    BindOne(index, std::string_view(*text));
  } else {
    Keep(sqlite3_bind_null(statement_, index));
  }
}

absl::StatusOr<bool> SqliteStatement::Step() {
  if (!database_->failure_.ok()) return database_->failure_;
  database_->ForgetLocks();
  if (bind_error_ != SQLITE_OK) return database_->FromCode(bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->FromCode(code);
}

absl::Status SqliteStatement::Run() {
  absl::StatusOr<bool> row = Step();
  sqlite3_reset(statement_);
  return row.status();
}

bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t SqliteStatement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

double SqliteStatement::Real(int column) const { return sqlite3_column_double(statement_, column); }

std::string SqliteStatement::Text(int column) const {
  // As bytes, which is also right for texts: the database is UTF-8, and no terminator is looked
  // for.
  const void* const data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return "";
  return std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

std::optional<std::string> SqliteStatement::OptionalText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(std::string path,
                                                                     absl::Duration busy_wait_max,
                                                                     std::function<bool()> hurry) {
  SHUNT_CHECK(!path.empty() && path.front() == '/');  // never an URI, never ":memory:"
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  std::unique_ptr<SqliteDatabase> database(
      new SqliteDatabase(connection, std::move(path), busy_wait_max, std::move(hurry)));
  if (connection == nullptr) return absl::UnavailableError("no memory for SQLite");
  if (code != SQLITE_OK) return database->FromCode(code);
  if (absl::Status status = database->Configure(); !status.ok()) return status;
  const absl::StatusOr<FileIdentity> identity = IdentifyFile(database->path_);
  if (!identity.ok()) return identity.status();
  database->identity_ = *identity;
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  // Statements and transactions are gone by contract, so this closes now.
  sqlite3_close_v2(connection_);
}

// SQLite's own waiting backs off to 100 ms, and somebody who commits without a pause then starves
// the others for many seconds. Looking every millisecond costs half a percent of a core and is fair
// enough.
int SqliteDatabase::OnBusy(void* self, int attempt) {
  SqliteDatabase& database = *static_cast<SqliteDatabase*>(self);
  // SQLite takes it for the lock of another process, and waiting does not help.
  if (errno == ENOLCK) {
    database.no_locks_ = true;
    return 0;
  }
  const absl::Duration now = SystemClock().MonoNow();
  if (attempt == 0) database.busy_since_ = now;
  if (now - database.busy_since_ >= database.WaitMax()) return 0;
  Poll({}, attempt < 10 ? absl::Microseconds(200) : absl::Milliseconds(1));
  return 1;
}

absl::Duration SqliteDatabase::WaitMax() const {
  return hurry_ && hurry_() ? std::min(busy_wait_max_, kHurriedWaitMax) : busy_wait_max_;
}

absl::Status SqliteDatabase::Configure() {
  sqlite3_busy_handler(connection_, &SqliteDatabase::OnBusy, this);
  if (sqlite3_db_readonly(connection_, "main") != 0) return ReadOnly();
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);

  struct Setting {
    std::string_view pragma, value, expected;
  };
  static constexpr Setting kSettings[] = {
      // WAL with several connections can corrupt the file in SQLite 3.7.0 to 3.51.2 (contract 16).
      {"journal_mode", "DELETE", "delete"},
      // EXTRA: the directory is synced too after the journal was deleted, which is the commit.
      {"synchronous", "EXTRA", "3"},
      {"secure_delete", "ON", "1"},  // replaced tokens leave no trace in free pages
      {"foreign_keys", "ON", "1"},
      {"temp_store", "MEMORY", "2"},  // nothing of ours in temporary files
      {"mmap_size", "0", "0"},        // an I/O error must be an error code, not a SIGBUS
      {"cell_size_check", "ON", "1"},
  };
  for (const Setting& setting : kSettings) {
    if (absl::Status status = SetAndCheck(setting.pragma, setting.value, setting.expected);
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status SqliteDatabase::SetAndCheck(std::string_view pragma, std::string_view value,
                                         std::string_view expected) {
  const std::string set = absl::StrCat("PRAGMA ", A(pragma), "=", A(value));
  if (absl::Status status = Execute(set.c_str()); !status.ok()) return status;
  absl::StatusOr<std::string> now = QueryText(absl::StrCat("PRAGMA ", A(pragma)));
  if (!now.ok()) return now.status();
  if (*now == expected) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("sqlite:", path_, ": SQLite does not accept ", A(pragma), "=", A(value)));
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(std::string_view sql) {
  if (!failure_.ok()) return failure_;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return FromCode(code);
  return SqliteStatement(this, statement);
}

void SqliteDatabase::ForgetLocks() {
  no_locks_ = false;
  errno = 0;
}

absl::Status SqliteDatabase::Execute(const char* sql) {
  if (!failure_.ok()) return failure_;
  ForgetLocks();
  return FromCode(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr));
}

absl::StatusOr<std::string> SqliteDatabase::QueryText(std::string_view sql) {
  absl::StatusOr<SqliteStatement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Text(0) : std::string();
}

absl::StatusOr<int64_t> SqliteDatabase::QueryInt(std::string_view sql) {
  absl::StatusOr<SqliteStatement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Int(0) : 0;
}

int64_t SqliteDatabase::LastInsertedRow() const { return sqlite3_last_insert_rowid(connection_); }

int64_t SqliteDatabase::ChangedRows() const { return sqlite3_changes64(connection_); }

absl::Status SqliteDatabase::Damaged(std::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("sqlite:", path_, ": ", A(what),
                   "; the file was left as it is: restore a backup, or move it "
                   "away to start with an empty store"));
}

absl::Status SqliteDatabase::ReadOnly() const {
  return absl::UnavailableError(
      absl::StrCat("sqlite:", path_, ": the file or its directory cannot be written"));
}

absl::Status SqliteDatabase::FromCode(int code) {
  if (code == SQLITE_OK) return absl::OkStatus();
  const int error = sqlite3_system_errno(connection_);
  const bool of_system =
      error != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
  const std::string text = absl::StrCat("sqlite:", path_, ": ", sqlite3_errstr(code),
                                        of_system ? ": " : "", of_system ? ErrnoText(error) : "");
  if (IsFinal(code)) {
    failure_ = absl::UnavailableError(absl::StrCat(
        text, " (SQLite code ", code, "); the store is not used any more by this run"));
    return failure_;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      if (no_locks_) {
        return absl::UnavailableError(absl::StrCat("sqlite:", path_, ": ", ErrnoText(ENOLCK)));
      }
      return absl::UnavailableError(absl::StrCat("sqlite:", path_,
                                                 ": locked by another process for more than ",
                                                 absl::FormatDuration(WaitMax())));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Damaged(sqlite3_errstr(code & 0xff));
    case SQLITE_ERROR:
      // Our statements are fixed and tested, so it is the schema that is not what its number says.
      return Damaged("its tables are not those of a shunt store");
    case SQLITE_READONLY:
      return ReadOnly();
    case SQLITE_TOOBIG:
      return absl::InvalidArgumentError(absl::StrCat("sqlite:", path_, ": a value is too big"));
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return absl::InternalError(absl::StrCat(text, " (SQLite code ", code, ")"));
    case SQLITE_FULL:
      return absl::UnavailableError(absl::StrCat("sqlite:", path_, ": ", ErrnoText(ENOSPC)));
    default:  // CANTOPEN, PERM, AUTH, NOMEM, PROTOCOL, ...
      return absl::UnavailableError(text);
  }
}

absl::Status SqliteDatabase::CheckSameFile() {
  if (!failure_.ok()) return failure_;
  const absl::StatusOr<FileIdentity> now = IdentifyFile(path_);
  if (now.ok() && *now == identity_) return absl::OkStatus();
  failure_ = absl::UnavailableError(
      absl::StrCat("sqlite:", path_, ": the file was removed or replaced while it was in use",
                   now.ok() ? "" : ": ", now.ok() ? "" : now.status().message(),
                   "; the store is not used any more by this run"));
  return failure_;
}

void SqliteDatabase::Rollback() {
  if (sqlite3_get_autocommit(connection_) != 0) return;  // SQLite has rolled back by itself
  // Also after a failure: this gives the locks back and lets SQLite restore the old pages.
  const int code = sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK && failure_.ok()) static_cast<void>(FromCode(code));
}

absl::StatusOr<SqliteTransaction> SqliteTransaction::Begin(SqliteDatabase& database, Kind kind) {
  const char* const sql = kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED";
  if (absl::Status same = database.CheckSameFile(); !same.ok()) return same;
  sqlite3_db_release_memory(database.connection_);
  if (absl::Status status = database.Execute(sql); !status.ok()) {
    database.Rollback();
    return status;
  }
  return SqliteTransaction(&database);
}

SqliteTransaction::~SqliteTransaction() {
  if (database_ != nullptr) database_->Rollback();
}

absl::Status SqliteTransaction::Commit() {
  SHUNT_CHECK(database_ != nullptr);
  absl::Status status = database_->CheckSameFile();
  if (status.ok()) status = database_->Execute("COMMIT");
  if (status.ok()) database_ = nullptr;  // else the destructor rolls back
  return status;
}

}  // namespace shunt
