#include "stores/postgres_database.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/io.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// The server's own limits, for what we can no longer tell it: a worker that is stopped or cut off
// must not hold a lock for ever. synchronous_commit may be off by the role's or the database's
// default (F127); remote_apply is more than on.
constexpr char kSettings[] =
    "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),"
    " set_config('idle_in_transaction_session_timeout', $3, true),"
    " set_config('synchronous_commit',"
    "  CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply'"
    "  ELSE 'on' END, true)";

// A statement timeout that fires while a commit waits for a standby would answer with success.
constexpr char kCommitWaits[] = "SELECT set_config('statement_timeout', '0', true)";

// While it waits for the rest of a pipeline the server counts none of its timeouts, so a worker
// that was stopped or cut off half way through sending one is ended by whoever waits for its lock.
// It has not committed: it finds its connection gone and begins anew. Of other users' sessions the
// server does not say what they wait for, so only our own are found.
constexpr char kEndWhoStandsStill[] =
    "SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND (l.classid::bigint << 32 | l.objid::bigint) = $1"
    " AND a.datname = current_database() AND a.wait_event = 'ClientRead'"
    " AND a.state_change < clock_timestamp() - $2 * interval '1 second'";

constexpr absl::Duration kFirstPause = absl::Milliseconds(10);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

std::string Milliseconds(absl::Duration duration) {
  return absl::StrCat(std::max<int64_t>(1, absl::ToInt64Milliseconds(duration)));
}

// How long a worker may stand still inside a transaction, and how long others wait for it at a
// time.
absl::Duration StandingStillMax(absl::Duration wait_max) {
  return std::max(wait_max / 3, absl::Seconds(1));
}

// Many workers lose the same server at the same moment.
absl::Duration Jitter(absl::Duration pause) {
  uint8_t random = 0;
  SystemEntropy().Fill({&random, 1});
  return pause * (0.5 + random / 256.0);
}

}  // namespace

std::vector<PostgresStatement> PostgresTransaction::Opening() {
  if (kind_ == Kind::kSnapshot) return {{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}};
  const absl::Duration left = deadline_ - SystemClock().MonoNow();
  const absl::Duration idle = StandingStillMax(wait_max_);
  // The answer must come before we stop listening.
  lock_wait_ = Milliseconds(std::min(left * 0.9, idle));
  statement_ = Milliseconds(left);
  idle_ = Milliseconds(idle);
  using Text = PostgresParameter::Text;
  std::vector<PostgresStatement> opening = {
      {"BEGIN ISOLATION LEVEL READ COMMITTED"},
      {kSettings, {Text{lock_wait_}, Text{statement_}, Text{idle_}}}};
  if (lock_ != PostgresDatabase::kNoLock) {
    opening.push_back({"SELECT pg_advisory_xact_lock($1)", {lock_}});
  }
  return opening;
}

absl::Status PostgresTransaction::Run(std::vector<PostgresStatement> statements) {
  if (!begun_) {
    std::vector<PostgresStatement> opening = Opening();
    statements.insert(statements.begin(), std::make_move_iterator(opening.begin()),
                      std::make_move_iterator(opening.end()));
    begun_ = true;
  }
  answer_ = session_.Run(statements, deadline_);
  return answer_.status;
}

absl::Status PostgresTransaction::Read(std::vector<PostgresStatement> statements) {
  if (kind_ == Kind::kSnapshot) statements.push_back({"COMMIT"});
  return Run(std::move(statements));
}

absl::Status PostgresTransaction::Commit(std::vector<PostgresStatement> statements) {
  SHUNT_CHECK(kind_ == Kind::kWrite);
  statements.push_back({kCommitWaits});
  statements.push_back({"COMMIT"});
  committing_ = true;
  return Run(std::move(statements));
}

int64_t PostgresDatabase::LockOf(std::string_view kind, std::string_view name) {
  const uint64_t seed = XXH3_64bits(kind.data(), kind.size());
  return static_cast<int64_t>(XXH3_64bits_withSeed(name.data(), name.size(), seed));
}

absl::Status PostgresDatabase::Damaged(std::string_view what) const {
  return absl::DataLossError(absl::StrCat(url(), ": ", A(what),
                                          "; nothing was changed: restore a backup of the schema"
                                          " shunt, or drop it to start with an empty store"));
}

absl::Status PostgresDatabase::Snapshot(const Work& work) {
  return Repeat(PostgresTransaction::Kind::kSnapshot, kNoLock, UnknownCommit::kRepeat, work,
                wait_max_);
}

absl::Status PostgresDatabase::Write(int64_t lock, UnknownCommit unknown, const Work& work,
                                     absl::Duration wait_max) {
  return Repeat(PostgresTransaction::Kind::kWrite, lock, unknown, work, wait_max);
}

absl::Status PostgresDatabase::Repeat(PostgresTransaction::Kind kind, int64_t lock,
                                      UnknownCommit unknown, const Work& work,
                                      absl::Duration wait_max) {
  const absl::Duration start = SystemClock().MonoNow();
  const absl::Duration deadline = start + wait_max;
  absl::Duration pause = kFirstPause;
  absl::Status said;  // by the server, last
  session_.BeginCall();
  while (true) {
    PostgresAnswer answer = session_.Connect(deadline);
    const bool connected = answer.status.ok();
    if (connected) {
      PostgresTransaction attempt(session_, kind, lock, wait_max, deadline);
      const absl::Status done = work(attempt);
      session_.Rollback(deadline);  // what was neither committed nor has failed
      if (done.ok() || attempt.answer_.status.ok()) return done;
      answer = attempt.answer_;
      if (attempt.committing_ && !answer.certain && unknown == UnknownCommit::kTell) {
        return absl::UnavailableError(absl::StrCat(
            answer.status.message(), " during a commit, which may have happened or not"));
      }
    }
    if (!answer.transient) return answer.status;
    // That the last attempt ran out of time says less than why the ones before it failed.
    if (said.ok() || !answer.silent) said = answer.status;
    if (answer.locked && lock != kNoLock) EndWhoStandsStill(lock, wait_max, deadline);
    const absl::Duration end = connected ? deadline : std::min(deadline, start + unreachable_max_);
    const absl::Duration left = session_.Left(end);
    const absl::Duration wait = Jitter(pause);
    if (left <= wait) {
      return absl::Status(said.code(),
                          absl::StrCat(said.message(), "; tried again for ",
                                       absl::FormatDuration(SystemClock().MonoNow() - start)));
    }
    PollRequest interrupt{interrupt_fd_, true, false, false};
    Poll({&interrupt, 1}, wait);
    if (interrupt.ready) return said;
    pause = std::min(pause * 2, kLongestPause);
  }
}

void PostgresDatabase::EndWhoStandsStill(int64_t lock, absl::Duration wait_max,
                                         absl::Duration deadline) {
  const PostgresStatement end = {kEndWhoStandsStill,
                                 {lock, absl::ToDoubleSeconds(StandingStillMax(wait_max))}};
  session_.Run({&end, 1}, deadline).status.IgnoreError();  // the next attempt says what is wrong
}

}  // namespace shunt
