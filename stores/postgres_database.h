// Transactions on a PostgreSQL server that may restart, fail over or stand behind a pooler: opened
// anew until the deadline, settings made inside of each, and a commit whose outcome is unknown told
// from one that surely did not happen. Knows nothing of what is stored.
//
// Threads: one at a time. Errors: as in store.h; messages name the server and a code, never a
// value. Every call ends after its `wait_max`, whatever the server does.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "stores/postgres_session.h"

namespace shunt {

class PostgresDatabase;

// One attempt at a transaction.
class PostgresTransaction {
 public:
  // In one round trip. Rows come to the statements' own on_row.
  absl::Status Read(std::vector<PostgresStatement> statements);
  // Writes and commits in one round trip.
  absl::Status Commit(std::vector<PostgresStatement> statements);

 private:
  friend class PostgresDatabase;
  enum class Kind { kSnapshot, kWrite };
  PostgresTransaction(PostgresSession& session, Kind kind, int64_t lock, absl::Duration wait_max,
                      absl::Duration deadline)
      : session_(session), kind_(kind), lock_(lock), wait_max_(wait_max), deadline_(deadline) {}

  std::vector<PostgresStatement> Opening();
  absl::Status Run(std::vector<PostgresStatement> statements);

  PostgresSession& session_;
  const Kind kind_;
  const int64_t lock_;
  const absl::Duration wait_max_;
  const absl::Duration deadline_;
  std::string lock_wait_, statement_, idle_;  // alive as long as the statements
  bool begun_ = false;
  bool committing_ = false;
  PostgresAnswer answer_;  // of the last round trip
};

class PostgresDatabase {
 public:
  // `interrupt_fd`: see PostgresSession.
  PostgresDatabase(const Libpq& libpq, PostgresTarget target, absl::Duration wait_max,
                   int interrupt_fd = -1)
      : wait_max_(wait_max),
        interrupt_fd_(interrupt_fd),
        session_(libpq, std::move(target), interrupt_fd) {}

  const std::string& url() const { return session_.url(); }

  // What is done in a transaction. It is called anew when an attempt failed for a reason that may
  // pass, so it starts from nothing each time.
  using Work = std::function<absl::Status(PostgresTransaction&)>;

  // A consistent view that nobody waits for. REQUIRES: one Read, no Commit.
  absl::Status Snapshot(const Work& work);

  // Alone among those with the same lock. `work` calls Commit, or changes nothing.
  enum class UnknownCommit {
    kTell,    // Unavailable: the caller decides what repeating means
    kRepeat,  // doing the same once more is the same
  };
  absl::Status Write(int64_t lock, UnknownCommit unknown, const Work& work) {
    return Write(lock, unknown, work, wait_max_);
  }
  absl::Status Write(int64_t lock, UnknownCommit unknown, const Work& work,
                     absl::Duration wait_max);

  // Waits at most this long for a server that cannot be reached; 0: one attempt.
  void GiveUpOnUnreachable(absl::Duration after) { unreachable_max_ = after; }

  // Once it is true, no call goes on for more than a few seconds. Any thread may be asked.
  void HurryWhen(std::function<bool()> hurry) { session_.HurryWhen(std::move(hurry)); }

  // The lock of a name: kind and name, byte by byte. Two names may share one, and then wait for
  // each other.
  static constexpr int64_t kNoLock = 0;
  static int64_t LockOf(std::string_view kind, std::string_view name);

  // For damage that the server cannot see.
  absl::Status Damaged(std::string_view what) const;

 private:
  absl::Status Repeat(PostgresTransaction::Kind kind, int64_t lock, UnknownCommit unknown,
                      const Work& work, absl::Duration wait_max);
  void EndWhoStandsStill(int64_t lock, absl::Duration wait_max, absl::Duration deadline);

  const absl::Duration wait_max_;
  const int interrupt_fd_;
  absl::Duration unreachable_max_ = absl::InfiniteDuration();
  PostgresSession session_;
};

}  // namespace shunt
