// One SQLite connection with our rules: settings that are checked, errors as Status, and a failure
// of storage that is final. Knows nothing of what is stored.
//
// Threads: one at a time. Statements and transactions must not outlive their database.
// Errors: Unavailable (locked, full, read-only, I/O failed), DataLoss (not a database, damaged).
// After a failed read, write or sync of storage, or when the file was replaced under us, the
// database stays failed: what a retry would read back comes from a page cache that lies (G45). For
// the same reason no page is kept from one transaction to the next: what somebody else wrote into
// the file is met when it is read, and not after a hundred commits into it.
// Messages are built from SQLite's fixed texts and the path, never from statements or values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/private_path.h"

struct sqlite3;
struct sqlite3_stmt;

namespace shunt {

class SqliteDatabase;

// A prepared statement. Parameters are bound in order from 1; texts are not copied and must live
// until the statement was reset or bound anew.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  // A value in bytes that are no text.
  struct Blob {
    std::string_view bytes;
  };

  // Binds all parameters and starts from the first row. A problem is told by the next Step.
  template <typename... Values>
  SqliteStatement& Bind(const Values&... values) {
    Reset();
    int index = 0;
    (BindOne(++index, values), ...);
    return *this;
  }

  absl::StatusOr<bool> Step();  // true: there is a row
  absl::Status Run();           // for statements without rows

  bool IsNull(int column) const;
  int64_t Int(int column) const;
  bool Bool(int column) const { return Int(column) != 0; }
  double Real(int column) const;
  std::string Text(int column) const;  // also blobs
  std::optional<std::string> OptionalText(int column) const;

 private:
  friend class SqliteDatabase;
  SqliteStatement(SqliteDatabase* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  void Reset();
  void BindOne(int index, std::string_view text);
  void BindOne(int index, const std::string& text) { BindOne(index, std::string_view(text)); }
  void BindOne(int index, const char* text) { BindOne(index, std::string_view(text)); }
  void BindOne(int index, Blob blob);
  void BindOne(int index, int64_t number);
  void BindOne(int index, int number) { BindOne(index, int64_t{number}); }
  void BindOne(int index, bool value) { BindOne(index, int64_t{value}); }
  void BindOne(int index, double number);
  void BindOne(int index, const std::optional<std::string>& text);
  void Keep(int code);

  SqliteDatabase* database_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

class SqliteDatabase {
 public:
  // `path` is absolute, without links, and exists (it may be empty): SQLite creates no file of
  // ours. A statement waits for other processes for at most `busy_wait_max`; for at most
  // kHurriedWaitMax once `hurry` (may be null) says so.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      std::string path, absl::Duration busy_wait_max, std::function<bool()> hurry = nullptr);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  const std::string& path() const { return path_; }
  // For the statements from now on.
  void set_busy_wait_max(absl::Duration busy_wait_max) { busy_wait_max_ = busy_wait_max; }

  absl::StatusOr<SqliteStatement> Prepare(std::string_view sql);
  absl::Status Execute(const char* sql);  // any number of statements, rows ignored
  // The single integer that `sql` answers with.
  absl::StatusOr<int64_t> QueryInt(std::string_view sql);
  absl::StatusOr<std::string> QueryText(std::string_view sql);
  int64_t LastInsertedRow() const;
  int64_t ChangedRows() const;

  // For damage that SQLite cannot see.
  absl::Status Damaged(std::string_view what) const;

 private:
  friend class SqliteStatement;
  friend class SqliteTransaction;
  SqliteDatabase(sqlite3* connection, std::string path, absl::Duration busy_wait_max,
                 std::function<bool()> hurry)
      : connection_(connection),
        path_(std::move(path)),
        hurry_(std::move(hurry)),
        busy_wait_max_(busy_wait_max) {}

  static int OnBusy(void* self, int attempt);
  absl::Duration WaitMax() const;
  absl::Status Configure();
  absl::Status SetAndCheck(std::string_view pragma, std::string_view value,
                           std::string_view expected);
  // What a result code of SQLite means for the caller; an I/O error is final.
  absl::Status FromCode(int code);
  absl::Status ReadOnly() const;
  // Whether the path still leads to the file that is open; if not, the database has failed.
  absl::Status CheckSameFile();
  // Before each statement: what is told about its locks is about none before it.
  void ForgetLocks();
  void Rollback();

  sqlite3* const connection_;
  const std::string path_;
  const std::function<bool()> hurry_;
  absl::Duration busy_wait_max_;
  absl::Duration busy_since_;  // monotonic
  bool no_locks_ = false;      // the filesystem had none to give
  FileIdentity identity_;
  absl::Status failure_;  // not ok: storage failed, for good
};

// Rolls back unless committed.
class SqliteTransaction {
 public:
  enum class Kind {
    kRead,   // one consistent view for several statements
    kWrite,  // BEGIN IMMEDIATE: waits for other writers here and nowhere later
  };
  static absl::StatusOr<SqliteTransaction> Begin(SqliteDatabase& database, Kind kind);
  SqliteTransaction(SqliteTransaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();

  // OK: durable. Anything else: nothing happened; or, when storage failed while the journal was
  // being removed, perhaps everything.
  absl::Status Commit();

 private:
  explicit SqliteTransaction(SqliteDatabase* database) : database_(database) {}
  SqliteDatabase* database_;
};

}  // namespace shunt
