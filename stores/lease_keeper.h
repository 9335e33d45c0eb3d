// LeaseKeeper: renews the leases of a store's runs, from a thread and over a connection of its own,
// so that neither a slow commit nor a long transaction makes a live run look dead. A keeper that
// comes too late (the process was stopped) renews all the same: when nobody took over meanwhile,
// the run goes on; when somebody did, its epoch fences this one.
//
// Threads: thread-safe. The thread starts before the first run and ends with the keeper.
// Errors: Unavailable when there is no thread to be had; else none: a renewal that fails is tried
// again, and a lease that runs out costs nothing but that a newcomer may take over. Bounds:
// destroying it takes at most about two seconds, also when the server does not answer.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/io.h"
#include "stores/postgres_database.h"

namespace shunt {

class LeaseKeeper {
 public:
  static absl::StatusOr<std::unique_ptr<LeaseKeeper>> Create(const Libpq& libpq,
                                                             PostgresTarget target,
                                                             absl::Duration lease);
  ~LeaseKeeper();  // ends the leases
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Nothing to do when it was called before. A run that is kept without it is renewed by nobody.
  absl::Status Start();
  void Keep(int64_t epoch);
  void Release(int64_t epoch);

 private:
  LeaseKeeper(const Libpq& libpq, PostgresTarget target, absl::Duration lease, EventFd stop);
  void Loop();
  bool Renew(PostgresDatabase& database, absl::Duration length);
  std::vector<int64_t> Epochs();

  const Libpq& libpq_;
  const PostgresTarget target_;
  const absl::Duration lease_;
  const EventFd stop_;
  PostgresDatabase database_;  // of the thread
  std::mutex mutex_;
  std::set<int64_t> epochs_;  // guarded by mutex_
  std::thread thread_;        // guarded by mutex_
};

}  // namespace shunt
