// What becomes of a run whose lease nobody can renew.
#include "stores/lease_keeper.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace shunt {
namespace {

// No stack for another thread can be mapped as long as this lives; what was mapped stays.
class NoMoreMemory {
 public:
  NoMoreMemory() {
    EXPECT_EQ(::getrlimit(RLIMIT_AS, &before_), 0);
    const rlimit none{1, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &none), 0);
  }
  ~NoMoreMemory() { EXPECT_EQ(::setrlimit(RLIMIT_AS, &before_), 0); }

 private:
  rlimit before_{};
};

TEST(LeaseKeeper, WithoutAThreadThereIsNoRun) {
  const auto libpq = LoadLibpq();
  ASSERT_TRUE(libpq.ok()) << libpq.status();
  PostgresTarget target;
  target.url = "postgresql://server/probe";
  const auto keeper = LeaseKeeper::Create(**libpq, target, absl::Hours(1));
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  absl::Status status;
  {
    const NoMoreMemory no_more;
    status = (*keeper)->Start();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_NE(status.message().find(target.url), absl::string_view::npos) << status;
  EXPECT_TRUE((*keeper)->Start().ok()) << "as soon as there is room again";
  EXPECT_TRUE((*keeper)->Start().ok()) << "once is enough";
}

}  // namespace
}  // namespace shunt
