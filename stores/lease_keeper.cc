#include "stores/lease_keeper.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stores/postgres_runs.h"

namespace shunt {
namespace {

// A renewal may fail twice before the lease is over.
constexpr int kRenewalsPerLease = 3;
constexpr absl::Duration kFarewellMax = absl::Seconds(2);

}  // namespace

absl::StatusOr<std::unique_ptr<LeaseKeeper>> LeaseKeeper::Create(const Libpq& libpq,
                                                                 PostgresTarget target,
                                                                 absl::Duration lease) {
  absl::StatusOr<EventFd> stop = EventFd::Create();
  if (!stop.ok()) return stop.status();
  return std::unique_ptr<LeaseKeeper>(
      new LeaseKeeper(libpq, std::move(target), lease, *std::move(stop)));
}

LeaseKeeper::LeaseKeeper(const Libpq& libpq, PostgresTarget target, absl::Duration lease,
                         EventFd stop)
    : libpq_(libpq),
      target_(std::move(target)),
      lease_(lease),
      stop_(std::move(stop)),
      database_(libpq, target_, lease / kRenewalsPerLease, stop_.get()) {}

LeaseKeeper::~LeaseKeeper() {
  stop_.Signal();
  if (thread_.joinable()) thread_.join();
  // Over a new connection: the thread's may be in the middle of something.
  if (Epochs().empty()) return;
  PostgresDatabase database(libpq_, target_, std::min(kFarewellMax, lease_));
  static_cast<void>(Renew(database, absl::ZeroDuration()));
}

absl::Status LeaseKeeper::Start() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (thread_.joinable()) return absl::OkStatus();
  try {
    thread_ = std::thread([this] { Loop(); });
  } catch (const std::system_error&) {
    return absl::UnavailableError(
        absl::StrCat(target_.url,
                     ": no thread can be started to renew the lease of a run: the limits of the"
                     " machine, the container or the user are reached"));
  }
  return absl::OkStatus();
}

void LeaseKeeper::Keep(int64_t epoch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  epochs_.insert(epoch);
}

void LeaseKeeper::Release(int64_t epoch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  epochs_.erase(epoch);
}

std::vector<int64_t> LeaseKeeper::Epochs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {epochs_.begin(), epochs_.end()};
}

bool LeaseKeeper::Renew(PostgresDatabase& database, absl::Duration length) {
  const std::vector<int64_t> epochs = Epochs();
  if (epochs.empty()) return true;
  return database
      .Write(PostgresDatabase::kNoLock, PostgresDatabase::UnknownCommit::kRepeat,
             [&](PostgresTransaction& transaction) {
               return postgres_runs::Renew(transaction, epochs, length);
             })
      .ok();
}

void LeaseKeeper::Loop() {
  const absl::Duration period = lease_ / kRenewalsPerLease;
  while (true) {
    // The store has begun the run with a whole lease, so waiting comes first.
    PollRequest stopped{stop_.get(), true, false, false};
    Poll({&stopped, 1}, period);
    if (stopped.ready) return;
    static_cast<void>(Renew(database_, lease_));
  }
}

}  // namespace shunt
