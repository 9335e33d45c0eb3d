// When an update counts as made: contract decision 7; G23, G24; F54, F56, F57, F60.
#include "stages/config_order.h"

#include <cmath>
#include <limits>
#include <optional>

#include "gtest/gtest.h"

namespace shunt {
namespace {

const absl::Time kNoon = absl::FromUnixMillis(1'700'000'000'000);
constexpr double kNoonMs = 1'700'000'000'000.0;

class OrderStamperTest : public ::testing::Test {
 protected:
  StampedTime Stamp(std::optional<double> emitted_at) {
    return stamper_.Stamp(emitted_at, now_, watch_);
  }
  void Pass(absl::Duration time) {
    now_ += time;
    mono_ += time;
    watch_.Observe(now_, mono_);
  }
  void StepClock(absl::Duration by) {
    watch_.Observe(now_, mono_);
    now_ += by;
    watch_.Observe(now_, mono_);
  }

  absl::Time now_ = kNoon;
  absl::Duration mono_ = absl::Hours(1);
  WallWatch watch_;
  OrderStamper stamper_;
};

TEST_F(OrderStamperTest, Decision7_UsableTimesAreTakenAsGiven) {
  for (const double at : {0.0, 1000.0, 1'700'000'000.0 /* seconds */, kNoonMs, kNoonMs - 1e12,
                          kNoonMs + 24 * 3600 * 1000.0 /* exactly 24 h ahead */}) {
    OrderStamper fresh;
    const StampedTime time = fresh.Stamp(at, now_, watch_);
    EXPECT_EQ(time.effective_at_ms, at);
    EXPECT_EQ(time.source, TimeSource::kConnector) << at;
  }
}

TEST_F(OrderStamperTest, Decision7_UnusableTimesBecomeTheTimeOfReceipt) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::optional<double> at : std::initializer_list<std::optional<double>>{
           std::nullopt, -1.0, -0.5, infinity, -infinity, nan, 1e18,
           253'402'300'799'000.0 /* year 9999 */, kNoonMs + 24 * 3600 * 1000.0 + 1}) {
    OrderStamper fresh;
    const StampedTime time = fresh.Stamp(at, now_, watch_);
    EXPECT_EQ(time.effective_at_ms, kNoonMs);
    EXPECT_EQ(time.source, TimeSource::kRouter);
  }
}

TEST_F(OrderStamperTest, Decision7_MinusZeroIsZero) {
  EXPECT_FALSE(std::signbit(Stamp(-0.0).effective_at_ms));
}

TEST_F(OrderStamperTest, Decision7_FractionsOfAMillisecondAreKept) {
  EXPECT_LT(Stamp(1'699'300'000'123.4565).effective_at_ms,
            Stamp(1'699'300'000'123.4567).effective_at_ms);
  EXPECT_NEAR(ToUnixMillisDouble(kNoon + absl::Microseconds(250)), kNoonMs + 0.25, 1e-3);
}

TEST_F(OrderStamperTest, G24b_WhatFollowsFromAConfigCountsAsLaterThanIt) {
  OrderStamper stamper(kNoonMs);
  const StampedTime behind = stamper.Stamp(kNoonMs - 3'600'000, now_, watch_);
  EXPECT_GT(behind.effective_at_ms, kNoonMs);
  EXPECT_LT(behind.effective_at_ms, kNoonMs + 0.001);
  EXPECT_EQ(behind.source, TimeSource::kFloored);
  EXPECT_EQ(stamper.Stamp(kNoonMs - 1, now_, watch_).effective_at_ms, behind.effective_at_ms)
      << "then the later line wins";
  const StampedTime ahead = stamper.Stamp(kNoonMs + 1, now_, watch_);
  EXPECT_EQ(ahead.effective_at_ms, kNoonMs + 1);
  EXPECT_EQ(ahead.source, TimeSource::kConnector);
}

TEST_F(OrderStamperTest, WithoutAStepOfOurClockAnOlderTimeStaysOlder) {
  Stamp(kNoonMs);
  Pass(absl::Seconds(1));
  const StampedTime time = Stamp(kNoonMs - 3'600'000);
  EXPECT_EQ(time.effective_at_ms, kNoonMs - 3'600'000);
  EXPECT_EQ(time.source, TimeSource::kConnector);
}

TEST_F(OrderStamperTest, Decision7_ClockSteppedBackLiftsLaterUpdates) {
  const double before = Stamp(kNoonMs).effective_at_ms;
  Pass(absl::Seconds(10));
  StepClock(-absl::Hours(1));
  const StampedTime after = Stamp(kNoonMs + 10'000 - 3'600'000);
  EXPECT_GT(after.effective_at_ms, before);
  EXPECT_EQ(after.source, TimeSource::kLifted);
  EXPECT_EQ(after.effective_at_ms, kNoonMs + 10'000) << "what the clock lost is added";
}

TEST_F(OrderStamperTest, Decision7_LiftedUpdatesKeepTheirOwnOrder) {
  Stamp(kNoonMs);
  Pass(absl::Seconds(10));
  StepClock(-absl::Hours(1));
  const double base = kNoonMs + 10'000 - 3'600'000;
  const double third = Stamp(base + 3).effective_at_ms;
  const double first = Stamp(base + 1).effective_at_ms;
  const double second = Stamp(base + 2).effective_at_ms;
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_GT(first, kNoonMs);
}

// No Observe between: only the times of receipt tell.
TEST_F(OrderStamperTest, AStepIsAlsoSeenInTheTimesOfReceipt) {
  Stamp(kNoonMs);
  now_ -= absl::Minutes(5);
  const StampedTime after = Stamp(kNoonMs - 300'000 + 1);
  EXPECT_GT(after.effective_at_ms, kNoonMs);
  EXPECT_EQ(after.source, TimeSource::kLifted);
}

// The step is hidden from the times of receipt: more time passed than the clock lost.
TEST_F(OrderStamperTest, AStepThatTimeHasMadeUpForIsSeenInTheTwoClocks) {
  Pass(absl::Hours(2));
  const double before = Stamp(ToUnixMillisDouble(now_)).effective_at_ms;
  StepClock(-absl::Hours(1));
  Pass(absl::Minutes(90));
  EXPECT_EQ(watch_.steps_back(), 1u);
  const StampedTime late = Stamp(before - 60'000);  // emitted right after the step
  EXPECT_GT(late.effective_at_ms, before);
}

TEST_F(OrderStamperTest, AConnectorWhoseClockDidNotStepIsTakenAtItsWord) {
  Stamp(kNoonMs);
  StepClock(-absl::Hours(1));
  const StampedTime after = Stamp(kNoonMs + 5);
  EXPECT_EQ(after.effective_at_ms, kNoonMs + 5);
  EXPECT_EQ(after.source, TimeSource::kConnector);
}

TEST_F(OrderStamperTest, AClockThatWasWrongAndIsPutRightDoesNotBlockUpdates) {
  StepClock(absl::Hours(3));
  const double wrong = Stamp(ToUnixMillisDouble(now_)).effective_at_ms;
  StepClock(-absl::Hours(3));
  EXPECT_GT(Stamp(ToUnixMillisDouble(now_)).effective_at_ms, wrong);
}

TEST_F(OrderStamperTest, AnUnusableTimeAfterAStepIsLiftedToo) {
  Stamp(kNoonMs);
  StepClock(-absl::Hours(1));
  EXPECT_GT(Stamp(std::nullopt).effective_at_ms, kNoonMs);
}

TEST_F(OrderStamperTest, SlewingIsNoStep) {
  for (int i = 0; i < 100; ++i) {
    Pass(absl::Hours(1));
    now_ -= absl::Milliseconds(1800);  // 500 ppm
  }
  EXPECT_EQ(watch_.steps_back(), 0u);
}

}  // namespace
}  // namespace shunt
