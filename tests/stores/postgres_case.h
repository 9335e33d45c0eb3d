// PostgresFaults: a test with a server of its own, which it may mistreat, and a database "probe".
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "platform/clock.h"
#include "platform/io.h"
#include "stores/store.h"
#include "tests/stores/postgres_server.h"
#include "tests/stores/store_probe.h"

namespace shunt {

inline constexpr absl::Duration kPatience = absl::Seconds(30);

// Until `condition` holds, or the test fails.
inline void Await(const std::function<bool()>& condition) {
  const absl::Duration deadline = SystemClock().MonoNow() + kPatience;
  while (!condition()) {
    ASSERT_LT(SystemClock().MonoNow(), deadline);
    Poll({}, absl::Milliseconds(10));
  }
}

inline StoreOptions WaitingFor(absl::Duration wait) {
  StoreOptions options;
  options.busy_wait_max = wait;
  return options;
}

class PostgresFaults : public ::testing::Test {
 protected:
  explicit PostgresFaults(PostgresServer::Options options = {}) : server_(std::move(options)) {
    server_.Execute("CREATE DATABASE probe");
  }

  std::unique_ptr<Store> Open(const StoreOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenStore(Url(), options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::string Url() const { return server_.Url("probe"); }

  void ExpectRefused(const std::string& url, absl::StatusCode code, const std::string& words) {
    const absl::Status status = OpenStore(url, WaitingFor(absl::Milliseconds(300))).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(status.message().find(words), std::string::npos) << status;
  }

  PostgresServer server_;
};

inline RunHandle Begin(Store& store, const std::string& run_id) {
  absl::StatusOr<RunHandle> run = store.BeginRun(kProbeConnection, run_id, absl::UnixEpoch(), true);
  EXPECT_TRUE(run.ok()) << run.status();
  return run.ok() ? *run : RunHandle();
}

}  // namespace shunt
