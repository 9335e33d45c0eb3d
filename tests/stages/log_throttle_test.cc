// How much of what a connector logs is let through, and what goes first when it is too much.
#include "stages/log_throttle.h"

#include <gtest/gtest.h>

#include <random>

namespace shunt {
namespace {

uint64_t AdmittedOf(LogThrottle& throttle, absl::Duration now, LogLevel level, uint64_t lines,
                    std::size_t bytes = 1) {
  uint64_t admitted = 0;
  for (uint64_t i = 0; i < lines; ++i) admitted += throttle.Admit(now, level, bytes) ? 1 : 0;
  return admitted;
}

TEST(LogThrottle, LetsASecondsWorthThroughAtOnceAndThenTheRate) {
  LogThrottle throttle;
  EXPECT_EQ(AdmittedOf(throttle, absl::ZeroDuration(), LogLevel::kInfo, 5000), kLogLinesPerSecond);
  EXPECT_EQ(AdmittedOf(throttle, absl::Milliseconds(100), LogLevel::kInfo, 5000),
            kLogLinesPerSecond / 10);
  EXPECT_EQ(AdmittedOf(throttle, absl::Hours(100), LogLevel::kInfo, 5000), kLogLinesPerSecond);
}

TEST(LogThrottle, CountsBytesToo) {
  LogThrottle throttle;
  EXPECT_EQ(AdmittedOf(throttle, absl::ZeroDuration(), LogLevel::kInfo, 900, 10'000),
            kLogBytesPerSecond / 10'000);
}

TEST(LogThrottle, AMessageOfManyLinesWeighsThoseThatCanBeShown) {
  LogThrottle throttle;
  uint64_t admitted = 0;
  for (int i = 0; i < 100; ++i) {
    admitted += throttle.Admit(absl::ZeroDuration(), LogLevel::kInfo, 100, 1'000'000) ? 1 : 0;
  }
  EXPECT_EQ(admitted, kLogLinesPerSecond / kLinesOfMessageMax);
}

TEST(LogThrottle, ErrorsHaveAReserveOfTheirOwn) {
  LogThrottle throttle;
  AdmittedOf(throttle, absl::ZeroDuration(), LogLevel::kInfo, 5000);
  EXPECT_EQ(AdmittedOf(throttle, absl::ZeroDuration(), LogLevel::kError, 5000),
            kLogLinesPerSecond / 5);
  EXPECT_TRUE(throttle.exhausted(absl::ZeroDuration()));
  EXPECT_FALSE(throttle.exhausted(absl::Milliseconds(1)));
}

// Whatever came before: where a milder line is let through, so is an error.
TEST(LogThrottle, AnErrorIsNeverDroppedWhereAMilderLineIsNot) {
  const uint64_t seed = 20240506;
  std::mt19937_64 random(seed);
  LogThrottle throttle;
  absl::Duration now;
  uint64_t dropped = 0;
  for (int i = 0; i < 200'000; ++i) {
    now += absl::Microseconds(static_cast<int64_t>(random() % 500));
    const std::size_t bytes = random() % 3000;
    LogThrottle mild = throttle;
    const bool error_goes = throttle.Admit(now, LogLevel::kError, bytes);
    const bool mild_goes = mild.Admit(now, LogLevel::kWarn, bytes);
    ASSERT_TRUE(error_goes || !mild_goes) << "seed " << seed << ", step " << i;
    if (random() % 8 != 0) throttle = mild;
    dropped += mild_goes ? 0 : 1;
  }
  EXPECT_GT(dropped, 1000u) << "nothing was too much, so nothing was proved";
}

}  // namespace
}  // namespace shunt
