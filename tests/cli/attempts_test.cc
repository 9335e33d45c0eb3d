// When a failed sync is worth another run, and how long it waits for it.
#include "cli/attempts.h"

#include <gtest/gtest.h>

#include <string>

#include "platform/clock.h"

namespace shunt {
namespace {

// A run that failed with `code` after it had moved the checkpoint.
Report Failed(ExitCode code, const std::string& type) {
  Report report;
  report.exit_code = static_cast<int>(code);
  report.checkpoint_moved = true;
  Failure& failure = report.failures.emplace_back();
  failure.type = type;
  failure.origin = code == ExitCode::kDestinationFailed ? Origin::kDestination : Origin::kSource;
  return report;
}

TEST(Attempts, OnlyWhatMayPassIsTriedAgain) {
  EXPECT_EQ(WhyNoOtherAttempt(Failed(ExitCode::kSourceFailed, "transient_error")), "");
  EXPECT_EQ(WhyNoOtherAttempt(Failed(ExitCode::kDestinationFailed, "transient_error")), "");
  EXPECT_EQ(WhyNoOtherAttempt(Failed(ExitCode::kTimeout, "system_error")), "");
  EXPECT_NE(WhyNoOtherAttempt(Failed(ExitCode::kSourceFailed, "system_error")), "");
  EXPECT_NE(WhyNoOtherAttempt(Failed(ExitCode::kSourceFailed, "config_error")), "");
}

TEST(Attempts, NoOtherEndIsTriedAgainEvenWhenSomethingTransientWasListed) {
  for (const ExitCode code : {ExitCode::kOk, ExitCode::kInternalError, ExitCode::kUsage,
                              ExitCode::kStoreFailed, ExitCode::kConfigRejected,
                              ExitCode::kDataLoss, ExitCode::kIncompleteAcks, ExitCode::kFenced}) {
    EXPECT_NE(WhyNoOtherAttempt(Failed(code, "transient_error")), "") << static_cast<int>(code);
  }
  Report stopped = Failed(ExitCode::kOk, "transient_error");
  stopped.exit_code = 143;
  EXPECT_NE(WhyNoOtherAttempt(stopped), "");
}

TEST(Attempts, AConsequenceOnTheOtherSideIsNoReason) {
  Report report = Failed(ExitCode::kSourceFailed, "system_error");
  Failure& consequence = report.failures.emplace_back();
  consequence.type = "transient_error";
  consequence.origin = Origin::kDestination;
  EXPECT_NE(WhyNoOtherAttempt(report), "");
}

TEST(Attempts, AConfigErrorOrARefusedUpdateBesideItForbidsIt) {
  Report report = Failed(ExitCode::kSourceFailed, "transient_error");
  report.failures.emplace_back().type = "config_error";
  EXPECT_NE(WhyNoOtherAttempt(report), "");
  report = Failed(ExitCode::kTimeout, "system_error");
  report.control.quarantined = 1;
  EXPECT_NE(WhyNoOtherAttempt(report), "");
}

TEST(Attempts, WithoutProgressTheNextOneWouldDoTheSameAgain) {
  Report report = Failed(ExitCode::kSourceFailed, "transient_error");
  report.checkpoint_moved = false;
  report.states.committed = 5;  // the same states once more
  EXPECT_NE(WhyNoOtherAttempt(report), "");
}

TEST(Attempts, TheReasonIsInWords) {
  Report report = Failed(ExitCode::kSourceFailed, "system_error");
  EXPECT_EQ(WhyNoOtherAttempt(report), "the source did not call its failure a transient_error");
  report.exit_code = static_cast<int>(ExitCode::kDestinationFailed);
  EXPECT_EQ(WhyNoOtherAttempt(report),
            "the destination did not call its failure a transient_error");
  report = Failed(ExitCode::kTimeout, "system_error");
  report.checkpoint_moved = false;
  EXPECT_EQ(WhyNoOtherAttempt(report),
            "its checkpoint did not move, so another attempt would do the same again");
}

TEST(Attempts, ThePauseDoublesUpToABound) {
  EXPECT_EQ(AttemptPause(absl::Seconds(10), 1), absl::Seconds(10));
  EXPECT_EQ(AttemptPause(absl::Seconds(10), 2), absl::Seconds(20));
  EXPECT_EQ(AttemptPause(absl::Seconds(10), 4), absl::Seconds(80));
  EXPECT_EQ(AttemptPause(absl::Seconds(10), 1000), kAttemptPauseMax);
  EXPECT_EQ(AttemptPause(absl::Hours(2), 1), kAttemptPauseMax);
  EXPECT_EQ(AttemptPause(absl::ZeroDuration(), 1000), absl::ZeroDuration());
}

TEST(Attempts, TheWaitEndsWhenItIsStopped) {
  int asked = 0;
  WaitUnless(absl::InfiniteDuration(), [&] { return ++asked == 2; });
  EXPECT_EQ(asked, 2);
  WaitUnless(absl::ZeroDuration(), [] { return false; });
}

}  // namespace
}  // namespace shunt
