// One connection to a PostgreSQL server, asynchronous throughout: whatever the server does (stops
// in the middle of an answer, vanishes without a word), every call ends at its deadline. Statements
// travel in pipelines, many in one round trip. Knows nothing of what is stored.
//
// There is no session state: no prepared statements with names, no session locks, no settings that
// outlive a transaction, so that a pooler (PgBouncer in transaction mode) may stand in between.
//
// Threads: one at a time. Errors: as in postgres_errors.h. Values travel in binary, so that every
// bit and byte of them arrives.
// The one thing without a deadline is the lookup of a host name, which the resolver bounds
// (resolv.conf).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "stores/libpq.h"
#include "stores/postgres_errors.h"
#include "stores/postgres_target.h"

namespace shunt {

// A value of a statement's $1, $2, ... Texts and bytes are not copied: they must live until the
// statement was run.
class PostgresParameter {
 public:
  struct Text {  // of type text; anything else in bytes is of type bytea
    std::string_view text;
  };
  PostgresParameter(std::string_view bytes);                   // NOLINT(google-explicit-*)
  PostgresParameter(const char* bytes);                        // NOLINT(google-explicit-*)
  PostgresParameter(const std::string& bytes);                 // NOLINT(google-explicit-*)
  PostgresParameter(const std::optional<std::string>& bytes);  // NOLINT(google-explicit-*)
  PostgresParameter(Text text);                                // NOLINT(google-explicit-*)
  PostgresParameter(int64_t number);                           // NOLINT(google-explicit-*)
  PostgresParameter(int number);                               // NOLINT(google-explicit-*)
  PostgresParameter(double number);                            // NOLINT(google-explicit-*)
  PostgresParameter(bool value);                               // NOLINT(google-explicit-*)
  static PostgresParameter Null();                             // of type int8

  unsigned type() const { return type_; }
  const char* data() const;  // nullptr: NULL
  int size() const;

 private:
  void SetNumber(unsigned type, uint64_t bits);

  unsigned type_;
  bool null_ = false;
  bool is_number_ = false;
  std::string_view bytes_;
  std::array<char, 8> number_{};  // big-endian
  uint8_t number_bytes_ = 0;
};

// A row that has just arrived; gone after the call that it was passed to. Where a column is not of
// the type that it is read as, the tables are not ours: it reads as 0, and the run answers
// DataLoss.
class PostgresRow {
 public:
  PostgresRow(const Libpq& libpq, const PGresult* result, int row)
      : libpq_(libpq), result_(result), row_(row) {}
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  double Real(int column) const;
  bool Bool(int column) const;
  std::string Text(int column) const;  // also bytes
  std::optional<std::string> OptionalText(int column) const;
  bool misread() const { return misread_; }

 private:
  std::string_view Bytes(int column) const;
  uint64_t Bits(int column, std::size_t bytes) const;

  const Libpq& libpq_;
  const PGresult* const result_;
  const int row_;
  mutable bool misread_ = false;  // reading is const to those who read
};

struct PostgresStatement {
  const char* sql;
  std::vector<PostgresParameter> parameters = {};
  // Called for each row. An error of its is what the run answers with.
  std::function<absl::Status(const PostgresRow&)> on_row = nullptr;
  int64_t* affected = nullptr;  // set to the number of rows that were written
};

struct PostgresAnswer {
  absl::Status status;
  bool transient = false;  // not ok: it may pass by itself within seconds
  // Not ok: the server said no, or was never asked. Without it a COMMIT may have happened.
  bool certain = true;
  bool locked = false;  // somebody else had a lock for as long as we waited for it
  bool silent = false;  // the time ran out before the server said anything
};

class PostgresSession {
 public:
  // `interrupt_fd`: every wait ends at once when it is readable; -1: none.
  PostgresSession(const Libpq& libpq, PostgresTarget target, int interrupt_fd)
      : libpq_(libpq), target_(std::move(target)), interrupt_fd_(interrupt_fd) {}
  ~PostgresSession() { Drop(); }
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  const std::string& url() const { return target_.url; }

  // From when on `hurry` says so, no call goes on for more than kHurriedMax; asked during waits.
  static constexpr absl::Duration kHurriedMax = absl::Seconds(3);
  void HurryWhen(std::function<bool()> hurry) { hurry_ = std::move(hurry); }
  void BeginCall() { hurried_since_.reset(); }
  // How long may still be waited for this call.
  absl::Duration Left(absl::Duration deadline);

  // Deadlines are instants of SystemClock().MonoNow(). One attempt; nothing to do when connected.
  PostgresAnswer Connect(absl::Duration deadline);
  // All of them in one round trip, up to the first that fails. A transaction that is left open by a
  // failure is rolled back.
  PostgresAnswer Run(std::span<const PostgresStatement> statements, absl::Duration deadline);
  // Ends a transaction that is open; or else the connection.
  void Rollback(absl::Duration deadline);

 private:
  enum class Waited { kReady, kLost, kTooLate };
  void Drop();
  Waited WaitFor(bool read, bool write, absl::Duration deadline);
  Waited Flush(absl::Duration deadline);
  Waited AwaitAnswer(absl::Duration deadline);
  Waited Send(std::span<const PostgresStatement> statements, absl::Duration deadline);
  Waited Receive(const PostgresStatement& statement, absl::Duration deadline,
                 PostgresAnswer& answer);
  Waited ReceiveSync(absl::Duration deadline);
  PostgresAnswer SendAndReceive(std::span<const PostgresStatement> statements,
                                absl::Duration deadline);
  void Take(const PostgresStatement& statement, const PGresult* result,
            PostgresAnswer& answer) const;
  void NoteError(const PGresult* result, PostgresAnswer& answer) const;
  PostgresAnswer Broken(Waited how, PostgresAnswer so_far);
  PostgresAnswer CannotConnect();
  absl::Status TooLate() const;

  const Libpq& libpq_;
  const PostgresTarget target_;
  const int interrupt_fd_;
  std::function<bool()> hurry_;
  std::optional<absl::Duration> hurried_since_;  // in this call
  PGconn* connection_ = nullptr;
};

}  // namespace shunt
