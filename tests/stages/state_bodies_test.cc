// States that wait for their acknowledgement: what was kept comes back, and neither the memory nor
// the file grows with how many there were, only with how many wait at once.

#include "stages/state_bodies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>

#include "stages/spill_space.h"

namespace shunt {
namespace {

std::string Directory() { return testing::TempDir(); }

struct Waiting {
  std::string text;
  StateBodies::Body body;
};

TEST(StateBodies, FileStaysAsLargeAsWhatWaitsAtOnce) {
  // The queue is never empty, so the file never starts over.
  const uint64_t seed = std::random_device()();
  printf("seed %lu\n", seed);
  std::mt19937_64 random(seed);
  StateBodies bodies(Directory(), 1000);
  std::deque<Waiting> waiting;
  int64_t live = 0, live_max = 0, written = 0;
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::string text(1 + random() % 5000, static_cast<char>('a' + i % 26));
    auto body = bodies.Keep(text);
    ASSERT_TRUE(body.ok()) << body.status();
    live += static_cast<int64_t>(text.size());
    written += static_cast<int64_t>(text.size());
    waiting.push_back({text, *std::move(body)});
    while (waiting.size() > 200 + i % 100) {
      // Mostly the oldest, sometimes one from the middle, as lanes overtake each other.
      const std::size_t at = random() % 4 == 0 ? random() % waiting.size() : 0;
      Waiting next = std::move(waiting[at]);
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
      live -= static_cast<int64_t>(next.text.size());
      if (random() % 2 == 0) {
        bodies.Drop(std::move(next.body));
        continue;
      }
      ASSERT_EQ(bodies.Take(std::move(next.body)).value(), next.text);
    }
    live_max = std::max(live_max, live);
    ASSERT_LE(bodies.file_bytes(), 2 * live_max + (1 << 20));
  }
  EXPECT_GT(written, 20 * live_max) << "nothing was proven";
  for (Waiting& last : waiting) bodies.Drop(std::move(last.body));
  EXPECT_LT(bodies.file_bytes(), 1 << 20);
}

TEST(StateBodies, SayWhenTheFileCannotBeMade) {
  StateBodies bodies("/no/such/directory", 80);
  EXPECT_TRUE(bodies.Keep("abc").ok());
  const absl::Status status = bodies.Keep("defghijklmnopq").status();
  EXPECT_NE(status.ToString().find("/no/such/directory"), std::string::npos) << status;
}

TEST(SpillSpace, JoinsWhatIsGivenBack) {
  SpillSpace space;
  const int64_t a = space.Take(10), b = space.Take(20), c = space.Take(30), d = space.Take(1);
  EXPECT_EQ(space.end(), 61);
  space.Give(a, 10);
  space.Give(c, 30);
  space.Give(b, 20);
  EXPECT_EQ(space.Take(60), a) << "one range again";
  space.Give(d, 1);
  space.Give(a, 60);
  EXPECT_EQ(space.end(), 0);
}

TEST(SpillSpace, TakesTheSmallestThatFits) {
  SpillSpace space;
  const int64_t a = space.Take(30);
  space.Take(1);
  const int64_t b = space.Take(10);
  space.Take(1);
  space.Give(a, 30);
  space.Give(b, 10);
  EXPECT_EQ(space.Take(9), b);
  EXPECT_EQ(space.Take(1), b + 9);
  EXPECT_EQ(space.Take(5), a);
}

}  // namespace
}  // namespace shunt
