#include "stores/postgres_store.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/entropy.h"
#include "stores/postgres_checkpoints.h"
#include "stores/postgres_configs.h"
#include "stores/postgres_past.h"
#include "stores/postgres_runs.h"
#include "stores/postgres_schema.h"
#include "stores/store_rules.h"

namespace shunt {
namespace {

using UnknownCommit = PostgresDatabase::UnknownCommit;

// A server that was never reached is more likely misspelt than restarting.
constexpr absl::Duration kFirstContactMax = absl::Seconds(5);

int64_t LockOfConnection(std::string_view connection) {
  return PostgresDatabase::LockOf("connection", connection);
}
int64_t LockOfSeal() { return PostgresDatabase::LockOf("seal", ""); }

// G44: what we cannot set ourselves is told.
absl::Status CheckDurability(PostgresDatabase& database,
                             const std::function<void(std::string_view)>& warn) {
  if (!warn) return absl::OkStatus();
  return database.Snapshot([&](PostgresTransaction& view) {
    PostgresStatement select{
        "SELECT name FROM pg_settings"
        " WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name"};
    select.on_row = [&](const PostgresRow& row) {
      warn(absl::StrCat(database.url(), ": the server runs with ", row.Text(0),
                        "=off: a power cut can lose what was announced as durable"));
      return absl::OkStatus();
    };
    return view.Read({select});
  });
}

}  // namespace

PostgresStore::PostgresStore(std::unique_ptr<PostgresDatabase> database,
                             std::unique_ptr<LeaseKeeper> leases, const StoreOptions& options)
    : owner_(SystemEntropy().HexId()),
      run_lease_(options.run_lease),
      config_wait_max_(std::min(options.config_wait_max, options.busy_wait_max)),
      database_(std::move(database)),
      leases_(std::move(leases)) {}

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Open(std::string_view url,
                                                                   const StoreOptions& options) {
  absl::StatusOr<const Libpq*> libpq = LoadLibpq();
  if (!libpq.ok()) return libpq.status();
  absl::StatusOr<PostgresTarget> target = ParsePostgresUrl(**libpq, url);
  if (!target.ok()) return target.status();
  auto database = std::make_unique<PostgresDatabase>(**libpq, *target, options.busy_wait_max);
  database->HurryWhen(options.hurry);
  database->GiveUpOnUnreachable(kFirstContactMax);
  if (absl::Status status = PreparePostgresSchema(*database); !status.ok()) return status;
  if (absl::Status status = CheckDurability(*database, options.warn); !status.ok()) return status;
  database->GiveUpOnUnreachable(absl::InfiniteDuration());
  absl::StatusOr<std::unique_ptr<LeaseKeeper>> leases =
      LeaseKeeper::Create(**libpq, *std::move(target), options.run_lease);
  if (!leases.ok()) return leases.status();
  return std::unique_ptr<PostgresStore>(
      new PostgresStore(std::move(database), *std::move(leases), options));
}

template <typename Answer>
absl::StatusOr<Answer> PostgresStore::Reading(
    const std::function<absl::StatusOr<Answer>(PostgresTransaction&)>& work) {
  const std::lock_guard<TimedMutex> lock(mutex_);
  absl::StatusOr<Answer> answer = absl::InternalError("nothing was read");
  absl::Status status = database_->Snapshot([&](PostgresTransaction& view) {
    answer = work(view);
    return answer.status();
  });
  if (!status.ok()) return status;
  return answer;
}

absl::Status PostgresStore::Writing(int64_t lock, UnknownCommit unknown,
                                    const PostgresDatabase::Work& work) {
  const std::lock_guard<TimedMutex> guard(mutex_);
  return database_->Write(lock, unknown, work);
}

std::string PostgresStore::url() const { return database_->url(); }

int64_t PostgresStore::LockOfConfig(std::string_view config_id) const {
  return sealed_ ? LockOfSeal() : PostgresDatabase::LockOf("config", config_id);
}

absl::StatusOr<StoreIdentity> PostgresStore::ReadIdentity() {
  return Reading<StoreIdentity>([&](PostgresTransaction& view) {
    absl::StatusOr<StoreIdentity> identity = postgres_configs::ReadIdentity(*database_, view);
    if (identity.ok() && !identity->seal.empty()) sealed_ = true;
    return identity;
  });
}

absl::Status PostgresStore::UpdateSeal(const EditSeal& edit) {
  // Doing it once more is editing what the first time may have left.
  return Writing(LockOfSeal(), UnknownCommit::kRepeat, [&](PostgresTransaction& transaction) {
    sealed_ = true;  // or it is not, and a wider lock than needed is taken
    return postgres_configs::UpdateSeal(*database_, transaction, edit);
  });
}

absl::StatusOr<RunHandle> PostgresStore::BeginRun(const RunRequest& request) {
  if (absl::Status status = CheckRequest(request); !status.ok()) return status;
  if (absl::Status status = leases_->Start(); !status.ok()) return status;
  RunHandle run{request.connection, request.run_id, 0};
  // An id that this object has used itself belongs to an attempt of this call only.
  const postgres_runs::Lease lease{absl::StrCat(owner_, "-", SystemEntropy().HexId()), run_lease_};
  absl::Status status = Writing(LockOfConnection(request.connection), UnknownCommit::kRepeat,
                                [&](PostgresTransaction& transaction) {
                                  return postgres_runs::Begin(transaction, lease, request, run);
                                });
  if (!status.ok()) return status;
  leases_->Keep(run.epoch);
  return run;
}

absl::Status PostgresStore::EndRun(const RunHandle& run, absl::Time now, std::string_view status,
                                   std::string_view report_json) {
  absl::Status ended =
      Writing(LockOfConnection(run.connection), UnknownCommit::kRepeat,
              [&](PostgresTransaction& transaction) {
                return postgres_runs::Finish(transaction, run, now, status, report_json);
              });
  if (!ended.ok()) return ended;
  leases_->Release(run.epoch);
  const std::lock_guard<TimedMutex> guard(mutex_);
  past_kept_.erase(run.epoch);
  return ended;
}

absl::StatusOr<std::vector<RunRecord>> PostgresStore::ListRuns(std::string_view connection,
                                                               int limit) {
  return Reading<std::vector<RunRecord>>([&](PostgresTransaction& view) {
    return postgres_runs::List(*database_, view, connection, limit);
  });
}

absl::StatusOr<RunRecord> PostgresStore::FindRun(std::string_view run_id_prefix) {
  if (absl::Status status = CheckName("run id", run_id_prefix); !status.ok()) return status;
  return Reading<RunRecord>([&](PostgresTransaction& view) {
    return postgres_runs::Find(*database_, view, run_id_prefix);
  });
}

absl::Status PostgresStore::CommitCheckpoints(const RunHandle& run, absl::Time now,
                                              const std::vector<CheckpointWrite>& writes) {
  absl::StatusOr<std::optional<StateType>> type = CommonType(writes);
  if (!type.ok()) return type.status();
  const std::lock_guard<TimedMutex> guard(mutex_);
  // What the run found is kept once; later commits need not look.
  const bool looked = past_kept_.contains(run.epoch);
  const postgres_past::Replaced found{run.connection, now, "run", run};
  const absl::Status written =
      database_->Write(LockOfConnection(run.connection), UnknownCommit::kRepeat,
                       [&](PostgresTransaction& transaction) -> absl::Status {
                         absl::Status status = postgres_runs::CheckFence(transaction, run);
                         if (!status.ok() || !*type) return status;
                         return postgres_checkpoints::Write(transaction, looked ? nullptr : &found,
                                                            run, now, **type, writes);
                       });
  if (written.ok() && *type) past_kept_.insert(run.epoch);
  return written;
}

absl::StatusOr<std::vector<StoredState>> PostgresStore::ReadCheckpoint(
    std::string_view connection) {
  return Reading<std::vector<StoredState>>([&](PostgresTransaction& view) {
    return postgres_checkpoints::Read(*database_, view, connection);
  });
}

absl::Status PostgresStore::ReplaceCheckpoint(const CheckpointReplacement& replacement,
                                              const std::vector<StoredState>& states) {
  if (absl::Status status = CheckReplacement(replacement, states); !status.ok()) return status;
  const postgres_past::Replaced found{replacement.connection, replacement.now, replacement.cause,
                                      replacement.run};
  return Writing(LockOfConnection(replacement.connection), UnknownCommit::kRepeat,
                 [&](PostgresTransaction& transaction) -> absl::Status {
                   if (replacement.run) {
                     absl::Status status = postgres_runs::CheckFence(transaction, *replacement.run);
                     if (!status.ok()) return status;
                   }
                   return postgres_checkpoints::Replace(transaction, found, states);
                 });
}

absl::StatusOr<std::vector<PastCheckpoint>> PostgresStore::ListPastCheckpoints(
    std::string_view connection) {
  return Reading<std::vector<PastCheckpoint>>(
      [&](PostgresTransaction& view) { return postgres_past::List(*database_, view, connection); });
}

absl::StatusOr<std::vector<StoredState>> PostgresStore::ReadPastCheckpoint(
    std::string_view connection, int64_t id) {
  return Reading<std::vector<StoredState>>([&](PostgresTransaction& view) {
    return postgres_past::Read(*database_, view, connection, id);
  });
}

absl::StatusOr<std::vector<std::string>> PostgresStore::ListConnections() {
  return Reading<std::vector<std::string>>(postgres_checkpoints::ListConnections);
}

absl::Status PostgresStore::UpdateConfig(std::string_view config_id, const Decide& decide) {
  if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  // Another thread may be waiting for a much longer time, and the update is only in memory.
  const std::unique_lock<TimedMutex> lock(mutex_, absl::ToChronoNanoseconds(config_wait_max_));
  if (!lock.owns_lock()) {
    return absl::UnavailableError(absl::StrCat(url(),
                                               ": another call of this process did not end in ",
                                               absl::FormatDuration(config_wait_max_)));
  }
  return database_->Write(
      LockOfConfig(config_id), UnknownCommit::kTell,
      [&](PostgresTransaction& transaction) {
        return postgres_configs::Update(*database_, transaction, config_id, decide);
      },
      config_wait_max_);
}

absl::Status PostgresStore::RewriteConfig(std::string_view config_id, const Rewrite& rewrite) {
  if (absl::Status status = CheckName("config id", config_id); !status.ok()) return status;
  const std::lock_guard<TimedMutex> guard(mutex_);
  return database_->Write(
      LockOfConfig(config_id), UnknownCommit::kTell, [&](PostgresTransaction& transaction) {
        return postgres_configs::Rewrite(*database_, transaction, config_id, rewrite);
      });
}

absl::StatusOr<ConfigDocument> PostgresStore::ReadConfig(std::string_view config_id) {
  return Reading<ConfigDocument>([&](PostgresTransaction& view) {
    return postgres_configs::ReadDocument(*database_, view, config_id);
  });
}

absl::StatusOr<std::vector<std::string>> PostgresStore::ListConfigs() {
  return Reading<std::vector<std::string>>(postgres_configs::List);
}

absl::StatusOr<std::vector<JournalRow>> PostgresStore::ReadJournal(std::string_view config_id) {
  return Reading<std::vector<JournalRow>>([&](PostgresTransaction& view) {
    return postgres_configs::ReadJournal(*database_, view, config_id);
  });
}

}  // namespace shunt
